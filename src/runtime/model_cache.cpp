// Keys, heads, and the checks that stand between a file and its use.
#include "runtime/model_cache.h"

#include "base/io/bytes.h"
#include "base/io/path.h"
#include "base/support/build_id.h"
#include "base/support/error.h"
#include "base/support/hash.h"
#include "base/support/log.h"
#include "core/binary.h"

namespace vireo {

namespace {

struct ModelHead {
  std::string build, device, name;
  std::vector<OpenedFiles::File> files;  // that the model was read from; none if it came as a graph
  span<const uint8_t> executable;        // the device's own
};

std::string file_in(const std::string& folder, Hasher& key, const std::string& compile_key) {
  key.text(compile_key).text(VIREO_VERSION).text(build_id());
  return join_path(folder, key.finish().hex() + ".blob");
}

void hash_constant(Hasher& key, const Tensor& t) {
  const auto* data = static_cast<const uint8_t*>(t.data());
  const auto file = MappedFile::find(data);
  if (!file) {
    key.u64(0).bytes(data, t.get_byte_size());
    return;
  }
  key.u64(1)
      .text(canonical_path(file->path()))
      .u64(file->stamp().size)
      .u64(uint64_t(file->stamp().modified_ns));
  key.u64(uint64_t(data - file->data())).u64(t.get_byte_size());
}

std::string write_head(const CompiledModel::Impl& m, const std::vector<OpenedFiles::File>& files,
                       const SavedExecutable& saved) {
  ByteWriter head;
  head.put_text(build_id());
  head.put_text(m.device);
  head.put_text(m.imported.get_friendly_name());
  head.put(uint64_t(files.size()));
  for (const OpenedFiles::File& file : files) {
    head.put_text(file.path);
    head.put(file.stamp.size);
    head.put(file.stamp.modified_ns);
  }
  head.put_text(saved.head);
  return head.take();
}

// Why a file that is whole is not for us; empty: it is.
std::string refusal(const ModelHead& head, const Device& device) {
  if (head.build != build_id()) return "another build wrote it";
  if (head.device != device.name()) return "it is for device " + head.device;
  for (const OpenedFiles::File& file : head.files) {
    if (!is_file(file.path)) return fmt::format("'{}' is not there any more", file.path);
    const FileStamp now = file_stamp(file.path);
    if (now.size != file.stamp.size || now.modified_ns != file.stamp.modified_ns)
      return fmt::format("'{}' has changed", file.path);
  }
  return {};
}

// Of what write_head wrote.
ModelHead read_head(const Blob& blob) {
  ByteReader from(blob.head);
  ModelHead head;
  head.build = from.get_text();
  head.device = from.get_text();
  head.name = from.get_text();
  for (size_t n = from.get_count(1); n-- > 0;) {
    OpenedFiles::File file;
    file.path = from.get_text();
    file.stamp.size = from.get<uint64_t>();
    file.stamp.modified_ns = from.get<int64_t>();
    head.files.push_back(std::move(file));
  }
  const std::string_view executable = from.get_text();
  head.executable = {reinterpret_cast<const uint8_t*>(executable.data()), executable.size()};
  return head;
}

// A graph of ports alone, for compiled models without the model that they were made of.
std::shared_ptr<Graph> graph_of_ports(const Executable& executable, const std::string& name) {
  auto graph = std::make_shared<Graph>();
  graph->name = name;
  for (const Port& port : executable.inputs()) {
    const OutputRef in = graph->add_parameter(port.type, port.shape, port.name);
    graph->arena->edit(in.node).outputs[0].names = port.names;
  }
  for (const Port& port : executable.outputs()) {
    const OutputRef out =
        graph->add(parameter_op, ParameterAttrs{port.type, port.shape}, {}, port.name);
    graph->arena->edit(out.node).outputs[0].names = port.names;
    graph->add_result(out);
  }
  return graph;
}

}  // namespace

std::string cache_file_of_path(const std::string& folder, const std::string& model_path,
                               const std::string& compile_key) {
  Hasher key;
  key.text("path").text(canonical_path(model_path));
  return file_in(folder, key, compile_key);
}

std::string cache_file_of_graph(const std::string& folder, const Graph& graph,
                                const std::string& compile_key) {
  const BinaryGraph binary = to_binary(graph);
  Hasher key;
  key.text("graph").text(binary.bytes);
  for (const Tensor& t : binary.constants) hash_constant(key, t);
  return file_in(folder, key, compile_key);
}

void export_compiled(const CompiledModel::Impl& m, const BlobSink& sink) {
  const SavedExecutable saved = m.executable->save();
  write_blob(sink, write_head(m, {}, saved), saved.sections);
}

void save_compiled(const CompiledModel::Impl& m, const std::string& path,
                   const std::vector<OpenedFiles::File>& files) {
  try {
    make_folders(parent_folder(path));
    const SavedExecutable saved = m.executable->save();
    save_blob(path, write_head(m, files, saved), saved.sections);
    log_info("cache", "wrote '{}'", path);
  } catch (const std::exception& e) {
    log_warning("cache", "'{}' was not written: {}", path, e.what());
  }
}

std::shared_ptr<Executable> load_executable(const Blob& blob, Device& device,
                                            CompiledModel::Impl& m) {
  const ModelHead head = read_head(blob);
  const std::string why = refusal(head, device);
  if (!why.empty()) fail(ErrorCode::InvalidModel, "the compiled model cannot be used: {}", why);
  std::shared_ptr<Executable> executable =
      device.load(head.executable, blob.sections, blob.keep, m.config);
  if (!m.imported) m.imported = Model(graph_of_ports(*executable, head.name));
  m.loaded_from_cache = true;
  return executable;
}

std::shared_ptr<Executable> load_cached(const std::string& path, Device& device,
                                        CompiledModel::Impl& m) {
  if (!is_file(path)) return nullptr;
  try {
    std::shared_ptr<Executable> executable = load_executable(open_blob(path), device, m);
    log_info("cache", "read '{}'", path);
    return executable;
  } catch (const std::exception& e) {
    log_warning("cache", "'{}' is not used: {}", path, e.what());
    return nullptr;
  }
}

}  // namespace vireo
