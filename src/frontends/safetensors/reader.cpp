#include "frontends/safetensors/reader.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/io/mapped_file.h"
#include "base/support/error.h"

namespace vireo::safetensors {
namespace {

constexpr uint64_t kMaxHeader = uint64_t{100} << 20;  // the format's own limit

struct TypeName {
  const char* name;
  element::Type type;
};
const TypeName kTypes[] = {
    {"F64", element::f64},      {"F32", element::f32},        {"F16", element::f16},
    {"BF16", element::bf16},    {"I64", element::i64},        {"I32", element::i32},
    {"I16", element::i16},      {"I8", element::i8},          {"U64", element::u64},
    {"U32", element::u32},      {"U16", element::u16},        {"U8", element::u8},
    {"BOOL", element::boolean}, {"F8_E4M3", element::f8e4m3}, {"F8_E5M2", element::f8e5m2}};

// A list of numbers that are not negative.
std::optional<std::vector<uint64_t>> read_counts(const nlohmann::json& json) {
  if (!json.is_array()) return {};
  std::vector<uint64_t> counts;
  for (const auto& one : json) {
    if (!one.is_number_unsigned()) return {};
    counts.push_back(one.get<uint64_t>());
  }
  return counts;
}

class Reader {
 public:
  explicit Reader(const std::string& path) : file_(MappedFile::open(path)) {}

  Tensors run() {
    const nlohmann::json header = read_header();
    Tensors tensors;
    for (const auto& [name, entry] : header.items()) {
      if (name != "__metadata__") tensors.emplace(name, tensor(name, entry));
    }
    return tensors;
  }

 private:
  template <typename... Args>
  [[noreturn]] void stop(const char* format, const Args&... args) const {
    fail(ErrorCode::InvalidModel, "'{}': {}", file_->path(),
         fmt::format(fmt::runtime(format), args...));
  }

  nlohmann::json read_header() {
    if (file_->size() < 8) stop("{} bytes are no safetensors file", file_->size());
    uint64_t length;
    std::memcpy(&length, file_->data(), 8);
    if (length > file_->size() - 8 || length > kMaxHeader) {
      stop("the header says {} bytes, the file has {}", length, file_->size() - 8);
    }
    const char* text = reinterpret_cast<const char*>(file_->data()) + 8;
    data_ = file_->bytes().subspan(8 + length, file_->size() - 8 - length);
    nlohmann::json header = nlohmann::json::parse(text, text + length, nullptr, false);
    if (!header.is_object()) stop("the header is no JSON object");
    return header;
  }

  Tensor tensor(const std::string& name, const nlohmann::json& entry) const {
    const auto member = [&](const char* key) {
      return entry.is_object() && entry.contains(key) ? entry[key] : nlohmann::json();
    };
    const nlohmann::json dtype = member("dtype");
    const auto shape = read_counts(member("shape")), place = read_counts(member("data_offsets"));
    if (!dtype.is_string() || !shape || shape->size() > 32 || !place || place->size() != 2) {
      stop("tensor '{}' lacks a dtype, shape or data_offsets of the right form", name);
    }
    const std::string type_name = dtype.get<std::string>();
    const TypeName* type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                        [&](const TypeName& t) { return t.name == type_name; });
    if (type == std::end(kTypes)) stop("tensor '{}' has the unknown type '{}'", name, type_name);
    const uint64_t begin = (*place)[0], end = (*place)[1];
    if (begin > end || end > data_.size()) {
      stop("tensor '{}' lies at bytes {} to {} of {}", name, begin, end, data_.size());
    }
    uint64_t bytes = type->type.bitwidth() / 8;
    for (const uint64_t extent : *shape) {
      if (__builtin_mul_overflow(bytes, extent, &bytes)) stop("tensor '{}' is too large", name);
    }
    if (bytes != end - begin) {
      stop("tensor '{}' takes {} bytes, its place has {}", name, bytes, end - begin);
    }
    return Tensor(type->type, Shape(shape->begin(), shape->end()), data_.data() + begin, file_);
  }

  std::shared_ptr<const MappedFile> file_;
  span<const uint8_t> data_;
};

}  // namespace

Tensors read_file(const std::string& path) { return Reader(path).run(); }

}  // namespace vireo::safetensors
