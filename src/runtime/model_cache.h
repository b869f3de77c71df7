// Compiled models as files: what CACHE_DIR, export_model and import_model read and write.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/io/blob.h"
#include "base/io/mapped_file.h"
#include "runtime/compiled_model.h"

namespace vireo {

// Names of files in a cache folder. By the model's path: what the file was compiled from stands in
// it and is compared when it is read. By the graph: constants that lie in a file count as that
// file's name, size and time and their place in it, others by what they hold.
std::string cache_file_of_path(const std::string& folder, const std::string& model_path,
                               const std::string& compile_key);
std::string cache_file_of_graph(const std::string& folder, const Graph& graph,
                                const std::string& compile_key);

void export_compiled(const CompiledModel::Impl& m, const BlobSink& sink);
// Failures are logged: a cache that cannot be written is no reason not to infer.
void save_compiled(const CompiledModel::Impl& m, const std::string& path,
                   const std::vector<OpenedFiles::File>& files);

// The executable of a blob; `m` gives the config, and gets ports if it has no model. Throws
// InvalidModel for what another build wrote, for another device, and for files of a model that has
// changed since.
std::shared_ptr<Executable> load_executable(const Blob& blob, Device& device,
                                            CompiledModel::Impl& m);
// The same of a cache file; null if there is none, or, with a line in the log, if it is not for us.
std::shared_ptr<Executable> load_cached(const std::string& path, Device& device,
                                        CompiledModel::Impl& m);

}  // namespace vireo
