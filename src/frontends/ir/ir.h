// OpenVINO IR: reads v10 and v11, writes v11.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/support/span.h"
#include "core/graph.h"

namespace vireo {

// Constants are views of the mapped weights file. An empty `bin_path` means the file beside the XML
// with the ending .bin, which may be missing if no constant needs it. Throws InvalidModel,
// NotFound, Io, NotSupported.
std::shared_ptr<Graph> read_ir(const std::string& xml_path, const std::string& bin_path, bool mmap,
                               const OpRegistry& ops);
// The XML in memory; `weights` is a u8 tensor of the whole .bin, or empty.
std::shared_ptr<Graph> read_ir(span<const uint8_t> xml, const Tensor& weights,
                               const OpRegistry& ops);
bool looks_like_ir(span<const uint8_t> head);

struct IrWriteOptions {
  // f32 and f64 constants that fit are stored as f16 behind a decompressing Convert
  bool compress_to_f16 = false;
};
// Each file is written beside its target and renamed, so that saving onto the files that were read
// works. An empty `bin_path` means the XML's path with the ending .bin.
void write_ir(const Graph& graph, const std::string& xml_path, const std::string& bin_path,
              const IrWriteOptions& options);

}  // namespace vireo
