#include "runtime/composition.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/io/mapped_file.h"
#include "base/io/path.h"
#include "base/support/error.h"
#include "base/support/parse.h"
#include "devices/cpu/device.h"
#include "devices/reference/device.h"
#include "frontends/gguf/gguf.h"
#include "frontends/ir/ir.h"
#include "frontends/onnx/onnx.h"
#include "frontends/safetensors/safetensors.h"

namespace vireo {
namespace {

bool ends_with(const std::string& s, std::string_view end) {
  return s.size() >= end.size() &&
         to_lower(std::string_view(s).substr(s.size() - end.size())) == end;
}

// The one model in a folder. Beside a language model lie its tokenizers, which are models too.
std::string model_in(const std::string& folder) {
  const std::string language_model = folder + "/openvino_model.xml";
  if (path_exists(language_model)) return language_model;
  std::vector<std::string> found;
  DIR* dir = opendir(folder.c_str());
  if (!dir) fail(ErrorCode::Io, "folder '{}' cannot be read", folder);
  while (const dirent* entry = readdir(dir)) {
    const std::string name = entry->d_name;
    if (ends_with(name, ".xml") || ends_with(name, ".onnx") || ends_with(name, ".gguf"))
      found.push_back(name);
  }
  closedir(dir);
  if (found.size() == 1) return folder + "/" + found[0];
  if (found.empty())
    fail(ErrorCode::NotFound, "folder '{}' holds no model (.xml, .onnx or .gguf)", folder);
  std::string names;
  for (const std::string& name : found) names += (names.empty() ? "" : ", ") + name;
  fail(ErrorCode::InvalidArgument, "folder '{}' holds {} models, name one of them: {}", folder,
       found.size(), names);
}

span<const uint8_t> head_of(span<const uint8_t> bytes) {
  return bytes.subspan(0, std::min<size_t>(bytes.size(), 4096));
}
span<const std::byte> as_std_bytes(span<const uint8_t> b) {
  return {reinterpret_cast<const std::byte*>(b.data()), b.size()};
}

}  // namespace

std::vector<std::unique_ptr<Device>> make_devices() {
  std::vector<std::unique_ptr<Device>> devices;
  devices.push_back(cpu::make_device());
  devices.push_back(reference::make_device());
  return devices;
}

std::shared_ptr<Graph> read_model_file(const std::string& given, const ReadOptions& options,
                                       const OpRegistry& ops) {
  struct stat info;
  if (stat(given.c_str(), &info) != 0)
    fail(ErrorCode::NotFound, "model file '{}' does not exist", given);
  const bool is_folder = S_ISDIR(info.st_mode);
  if (const std::string folder = parent_folder(given);
      !is_folder && file_name(given) == "config.json" && is_hugging_face_folder(folder)) {
    return read_hugging_face(folder, options.task, options.weight_format);
  }
  if (is_folder && is_hugging_face_folder(given) && !path_exists(given + "/openvino_model.xml")) {
    return read_hugging_face(given, options.task, options.weight_format);
  }
  if (!options.weight_format.empty()) {
    fail(ErrorCode::NotSupported,
         "WEIGHT_FORMAT={}: '{}' is no Hugging Face folder, only its weights are rounded as they "
         "are read",
         options.weight_format, given);
  }
  const std::string path = is_folder ? model_in(given) : given;
  const auto mode = options.mmap ? MappedFile::Mode::Map : MappedFile::Mode::Read;
  if (ends_with(path, ".xml")) return read_ir(path, options.weights, options.mmap, ops);
  if (ends_with(path, ".onnx")) return read_onnx(path, ops, options.mmap);
  if (ends_with(path, ".gguf")) return read_gguf(GgufFile::open_parts(path, mode));
  const auto file = MappedFile::open(path);
  if (looks_like_ir(head_of(file->bytes())))
    return read_ir(path, options.weights, options.mmap, ops);
  if (looks_like_onnx(as_std_bytes(file->bytes()))) return read_onnx(path, ops, options.mmap);
  if (looks_like_gguf(file->bytes())) return read_gguf(GgufFile::open_parts(path, mode));
  fail(ErrorCode::InvalidModel,
       "model file '{}' has no known format: IR (.xml), ONNX (.onnx) and GGUF (.gguf) are read",
       path);
}

std::shared_ptr<Graph> read_model_bytes(const void* bytes, size_t size, const Tensor& weights,
                                        std::shared_ptr<const void> keep, const OpRegistry& ops) {
  const span<const uint8_t> all(static_cast<const uint8_t*>(bytes), size);
  if (looks_like_ir(head_of(all))) return read_ir(all, weights, ops);
  if (looks_like_onnx(as_std_bytes(all)))
    return read_onnx(as_std_bytes(all), std::move(keep), {}, ops);
  fail(ErrorCode::InvalidModel,
       "the {} bytes given are no model of a known format: IR and ONNX are read", size);
}

}  // namespace vireo
