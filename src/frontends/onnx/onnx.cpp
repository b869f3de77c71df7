// The front door of the ONNX frontend.
#include "frontends/onnx/onnx.h"

#include "base/io/mapped_file.h"
#include "base/io/path.h"
#include "frontends/onnx/convert/session.h"
#include "frontends/onnx/reader/fields.h"

namespace vireo {
namespace {

std::shared_ptr<Graph> read(std::string_view bytes, onnx::TensorSource source,
                            const std::string& where, const OpRegistry& ops) {
  try {
    const onnx::ModelProto model = onnx::parse_model(bytes);
    if (!model.has_graph)
      fail(ErrorCode::InvalidModel,
           "the protobuf holds no graph: it is truncated or of another format");
    return onnx::Session(model, source, ops).convert();
  } catch (const Error& e) {
    fail(e.code(), "onnx model{}: {}", where, e.what());
  } catch (const protozero::exception& e) {
    fail(ErrorCode::InvalidModel,
         "onnx model{}: the protobuf cannot be parsed: it is truncated or not an onnx model ({})",
         where, e.what());
  }
}

}  // namespace

std::shared_ptr<Graph> read_onnx(const std::string& path, const OpRegistry& ops, bool map) {
  std::shared_ptr<const MappedFile> file =
      MappedFile::open(path, map ? MappedFile::Mode::Map : MappedFile::Mode::Read);
  const std::string_view bytes(reinterpret_cast<const char*>(file->data()), file->size());
  return read(bytes, onnx::TensorSource(file, path, {}), " '" + path + "'", ops);
}

std::shared_ptr<Graph> read_onnx(span<const std::byte> bytes,
                                 std::shared_ptr<const void> keep_alive, const std::string& folder,
                                 const OpRegistry& ops) {
  const std::string_view view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return read(view, onnx::TensorSource(std::move(keep_alive), {}, folder), "", ops);
}

bool looks_like_onnx(span<const std::byte> bytes) {
  // ir_version comes first in what every exporter writes; then fields of ModelProto with the wire
  // types that they have.
  const std::string_view view(reinterpret_cast<const char*>(bytes.data()),
                              std::min<size_t>(bytes.size(), 64));
  try {
    protozero::pbf_reader reader(view);
    for (int fields = 0; reader.next(); ++fields) {
      const uint32_t tag = reader.tag();
      const bool number = reader.wire_type() == protozero::pbf_wire_type::varint;
      const bool text = reader.wire_type() == protozero::pbf_wire_type::length_delimited;
      const bool known =
          (number && (tag == 1 || tag == 5)) ||
          (text && ((tag >= 2 && tag <= 8 && tag != 5) || tag == 14 || tag == 20 || tag == 25));
      if (!known) return false;
      if (fields == 0 && (tag != 1 && tag != 7 && tag != 8)) return false;
      reader.skip();
      if (fields == 3) return true;
    }
    return bytes.size() > 0 && bytes.size() <= 64;
  } catch (const protozero::exception&) {
    return !view.empty() && (view[0] == 0x08 || view[0] == 0x3a ||
                             view[0] == 0x42);  // the prefix ends inside a field
  }
}

}  // namespace vireo
