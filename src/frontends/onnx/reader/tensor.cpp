// Tensor data: raw bytes, typed fields, external files. Every size is checked before memory is
// taken.
#include "frontends/onnx/reader/tensor.h"

#include <cstring>

#include "base/io/mapped_file.h"
#include "base/io/path.h"
#include "base/support/checked.h"
#include "base/support/parse.h"
#include "frontends/onnx/reader/fields.h"

namespace vireo::onnx {
namespace {

// A misaligned view costs nothing where kernels load unaligned; small tensors are copied so that
// all others may be lax.
constexpr size_t kCopyBelow = size_t(64) << 10;
// A dense form of a sparse tensor over this is no longer an initializer but an attack.
constexpr size_t kSparseLimit = size_t(256) << 20;

Shape shape_of(const std::vector<int64_t>& dims, const std::string& what) {
  Shape shape;
  for (int64_t d : dims) {
    if (d < 0) fail(ErrorCode::InvalidModel, "{}: shape has the negative extent {}", what, d);
    shape.push_back(size_t(d));
  }
  if (!checked_product(span<const int64_t>(dims)))
    fail(ErrorCode::InvalidModel, "{}: shape is too large", what);
  return shape;
}

// The number of a typed field that holds values of this type, by onnx.proto.
uint32_t field_of(int64_t type) {
  switch (type) {
    case kFloat: return 4;
    case kString: return 6;
    case kInt64: return 7;
    case kDouble: return 10;
    case kUint32:
    case kUint64: return 11;
    default: return 5;
  }
}

// Narrow types are stored one (or, packed, one byte of them) per int32.
template <typename T>
void narrow(const std::vector<int64_t>& from, void* to) {
  for (size_t i = 0; i < from.size(); ++i) {
    const T v = static_cast<T>(from[i]);
    std::memcpy(static_cast<char*>(to) + i * sizeof(T), &v, sizeof(T));
  }
}

void store_integers(Tensor& t, const std::vector<int64_t>& values) {
  switch (t.get_element_type().is_packed() ? 1 : t.get_element_type().size()) {
    case 1:
      if (t.get_element_type() == element::boolean)
        for (size_t i = 0; i < values.size(); ++i)
          static_cast<uint8_t*>(t.data())[i] = values[i] != 0;
      else
        narrow<uint8_t>(values, t.data());
      break;
    case 2: narrow<uint16_t>(values, t.data()); break;
    case 4: narrow<uint32_t>(values, t.data()); break;
    default: narrow<uint64_t>(values, t.data()); break;
  }
}

Tensor strings(const TensorProto& proto, const Shape& shape, const std::string& what) {
  std::vector<std::string_view> texts;
  for (Fields f(proto.message, "TensorProto"); f.next();)
    if (f.number() == 6) texts.push_back(f.bytes());
  if (texts.size() != shape_size(shape))
    fail(ErrorCode::InvalidModel, "{}: has {} strings, its shape {} needs {}", what, texts.size(),
         shape.to_string(), shape_size(shape));
  Tensor t(element::string, shape);
  for (size_t i = 0; i < texts.size(); ++i) t.data<std::string>()[i] = std::string(texts[i]);
  return t;
}

// Elements (bytes of packed elements) that the typed fields must hold.
size_t typed_count(element::Type type, const Shape& shape) {
  return type.is_packed() ? dense_byte_size(type, shape) : shape_size(shape);
}

[[noreturn]] void wrong_count(const std::string& what, element::Type type, const Shape& shape,
                              size_t got, size_t needed) {
  fail(ErrorCode::InvalidModel, "{}: has data for {} elements, its shape {} of type {} needs {}",
       what, got, shape.to_string(), type.name(), needed);
}

Tensor typed(const TensorProto& proto, element::Type type, const Shape& shape,
             const std::string& what) {
  const size_t needed = typed_count(type, shape);
  if (needed > proto.message.size()) wrong_count(what, type, shape, 0, needed);
  const uint32_t field = field_of(proto.data_type);
  std::vector<float> floats;
  std::vector<double> doubles;
  std::vector<int64_t> integers;
  for (Fields f(proto.message, "TensorProto"); f.next();) {
    if (f.number() != field) continue;
    if (field == 4)
      f.reals(floats);
    else if (field == 10)
      f.reals(doubles);
    else
      f.integers(integers);
  }
  const size_t got = floats.size() + doubles.size() + integers.size();
  if (got != needed) wrong_count(what, type, shape, got, needed);
  Tensor t(type, shape);
  if (field == 4)
    std::memcpy(t.data(), floats.data(), got * sizeof(float));
  else if (field == 10)
    std::memcpy(t.data(), doubles.data(), got * sizeof(double));
  else
    store_integers(t, integers);
  return t;
}

Tensor from_bytes(std::string_view bytes, element::Type type, const Shape& shape,
                  const std::shared_ptr<const void>& owner, const std::string& what) {
  const size_t needed = dense_byte_size(type, shape);
  if (bytes.size() != needed)
    fail(ErrorCode::InvalidModel, "{}: has {} bytes of data, its shape {} of type {} needs {}",
         what, bytes.size(), shape.to_string(), type.name(), needed);
  const bool aligned =
      reinterpret_cast<uintptr_t>(bytes.data()) % std::max<size_t>(1, type.size()) == 0;
  if (needed > 0 && type != element::boolean && owner && (aligned || needed >= kCopyBelow))
    return Tensor(type, shape, bytes.data(), owner);
  Tensor t(type, shape);
  if (type == element::boolean)
    for (size_t i = 0; i < needed; ++i) static_cast<uint8_t*>(t.data())[i] = bytes[i] != 0;
  else if (needed > 0)
    std::memcpy(t.data(), bytes.data(), needed);
  return t;
}

}  // namespace

element::Type element_type(int64_t data_type, std::string_view what) {
  switch (data_type) {
    case kUndefined: return element::dynamic;
    case kFloat: return element::f32;
    case kUint8: return element::u8;
    case kInt8: return element::i8;
    case kUint16: return element::u16;
    case kInt16: return element::i16;
    case kInt32: return element::i32;
    case kInt64: return element::i64;
    case kString: return element::string;
    case kBool: return element::boolean;
    case kFloat16: return element::f16;
    case kDouble: return element::f64;
    case kUint32: return element::u32;
    case kUint64: return element::u64;
    case kBfloat16: return element::bf16;
    case kFloat8E4M3FN: return element::f8e4m3;
    case kFloat8E5M2: return element::f8e5m2;
    case kUint4: return element::u4;
    case kInt4: return element::i4;
    case kFloat4E2M1: return element::f4e2m1;
    case kFloat8E8M0: return element::f8e8m0;
    case kUint2: return element::u2;
    case kComplex64:
    case kComplex128:
    case kFloat8E4M3FNUZ:
    case kFloat8E5M2FNUZ:
    case kInt2:
      fail(ErrorCode::NotSupported, "{}: onnx data type {} is not supported", what, data_type);
    default: fail(ErrorCode::InvalidModel, "{}: data type {} does not exist", what, data_type);
  }
}

Tensor TensorSource::tensor(const TensorProto& proto, const std::string& what) {
  const element::Type type = element_type(proto.data_type, what);
  if (type.is_dynamic()) fail(ErrorCode::InvalidModel, "{}: has no data type", what);
  const Shape shape = shape_of(proto.dims, what);
  if (proto.external) {
    if (type == element::string)
      fail(ErrorCode::InvalidModel, "{}: strings cannot be external data", what);
    std::shared_ptr<const void> owner;
    const std::string_view bytes = external_bytes(proto, what, dense_byte_size(type, shape), owner);
    return from_bytes(bytes, type, shape, owner, what);
  }
  if (type == element::string) return strings(proto, shape, what);
  if (proto.has_raw) return from_bytes(proto.raw, type, shape, keep_alive_, what);
  return typed(proto, type, shape, what);
}

namespace {

// Row-major positions of a sparse tensor's values: given as such, or one coordinate row per value.
std::vector<size_t> positions(const Tensor& indices, const Shape& shape, const std::string& what) {
  const size_t rank = shape.size();
  const size_t columns = indices.get_shape().size() == 2 ? rank : 1;
  const size_t total = shape_size(shape);
  std::vector<size_t> at;
  for (size_t row = 0; columns > 0 && row < indices.get_size() / columns; ++row) {
    uint64_t position = 0;
    for (size_t c = 0; c < columns; ++c) {
      const int64_t index = indices.data<int64_t>()[row * columns + c];
      const size_t extent = columns == 1 ? total : shape[c];
      if (index < 0 || size_t(index) >= extent)
        fail(ErrorCode::InvalidModel, "{}: sparse index {} is out of range for {}", what, index,
             extent);
      position = columns == 1 ? uint64_t(index) : position * extent + uint64_t(index);
    }
    at.push_back(size_t(position));
  }
  return at;
}

}  // namespace

Tensor TensorSource::tensor(const SparseTensorProto& proto, const std::string& what) {
  const Tensor values = tensor(proto.values, what), indices = tensor(proto.indices, what);
  const Shape shape = shape_of(proto.dims, what);
  const element::Type type = values.get_element_type();
  const size_t bytes = dense_byte_size(type, shape);
  if (bytes > kSparseLimit)
    fail(ErrorCode::OutOfMemory,
         "{}: the sparse tensor's dense shape {} needs {} bytes of memory, over the limit of {}",
         what, shape.to_string(), bytes, kSparseLimit);
  if (indices.get_element_type() != element::i64)
    fail(ErrorCode::InvalidModel, "{}: sparse indices must be int64", what);
  if (type.is_packed() || type == element::string)
    fail(ErrorCode::NotSupported, "{}: sparse tensors of type {} are not supported", what,
         type.name());
  const std::vector<size_t> at = positions(indices, shape, what);
  if (at.size() != values.get_size())
    fail(ErrorCode::InvalidModel, "{}: sparse tensor has {} values and {} indices", what,
         values.get_size(), at.size());
  Tensor dense(type, shape);
  std::memset(dense.data(), 0, bytes);
  for (size_t i = 0; i < at.size(); ++i)
    std::memcpy(static_cast<char*>(dense.data()) + at[i] * type.size(),
                static_cast<const char*>(values.data()) + i * type.size(), type.size());
  return dense;
}

const TensorSource::File& TensorSource::open(const std::string& location, const std::string& what) {
  if (auto it = files_.find(location); it != files_.end()) return it->second;
  if (path_.empty() && folder_.empty())
    fail(ErrorCode::InvalidModel,
         "{}: external data '{}' cannot be found for a model read from memory", what, location);
  std::optional<std::string> path;
  if (location.find('\0') == std::string::npos) {
    try {
      path = resolve_beside(path_.empty() ? join_path(folder_, "model.onnx") : path_, location);
    } catch (const Error& e) {
      fail(e.code(), "{}: external data location '{}': {}", what, location, e.what());
    }
  }
  if (!path)
    fail(ErrorCode::InvalidModel, "{}: external data location '{}' is outside the model's folder",
         what, location);
  if (!is_file(*path))
    fail(ErrorCode::InvalidModel, "{}: external data location '{}' is no regular file", what,
         location);
  std::shared_ptr<const MappedFile> file = MappedFile::open(*path);
  const std::string_view bytes(reinterpret_cast<const char*>(file->data()), file->size());
  return files_.emplace(location, File{std::move(file), bytes}).first->second;
}

std::string_view TensorSource::external_bytes(const TensorProto& proto, const std::string& what,
                                              size_t needed, std::shared_ptr<const void>& owner) {
  std::string_view location;
  std::optional<uint64_t> offset = 0, length;
  for (const auto& [key, value] : proto.external_data) {
    if (key == "location") {
      location = value;
    } else if (key == "offset") {
      offset = parse_u64(value);
      if (!offset)
        fail(ErrorCode::InvalidModel, "{}: external data offset '{}' is no number", what, value);
    } else if (key == "length") {
      length = parse_u64(value);
      if (!length)
        fail(ErrorCode::InvalidModel, "{}: external data length '{}' is no number", what, value);
    }
  }
  if (location.empty()) fail(ErrorCode::InvalidModel, "{}: external data has no location", what);
  const File& file = open(std::string(location), what);
  if (!length) length = needed;
  if (!range_fits(*offset, *length, file.bytes.size()))
    fail(ErrorCode::InvalidModel,
         "{}: external data of length {} at offset {} does not fit '{}' of {} bytes", what, *length,
         *offset, location, file.bytes.size());
  owner = file.owner;
  return file.bytes.substr(*offset, *length);
}

}  // namespace vireo::onnx
