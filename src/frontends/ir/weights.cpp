#include "frontends/ir/weights.h"

#include <cstring>

#include "base/support/error.h"
#include "base/support/parse.h"

namespace vireo::ir {
namespace {

uint64_t number(const char* text, const char* name, const std::string& where) {
  if (!text) fail(ErrorCode::InvalidModel, "{}: attribute {} is missing", where, name);
  auto v = parse_u64(trim(text));
  if (!v)
    fail(ErrorCode::InvalidModel, "{}: attribute {} is '{}', expected a count of bytes", where,
         name, std::string(text).substr(0, 60));
  return *v;
}

int32_t int_at(const uint8_t* p, size_t index) {
  int32_t v;
  std::memcpy(&v, p + index * 4, 4);
  return v;
}

// int32 count, int32 begin (0), count int32 ends, then the characters.
Tensor read_strings(const uint8_t* p, size_t bytes, const Shape& shape, const std::string& where) {
  const size_t count = shape_size(shape);
  if (bytes < 8 || count > bytes / 4 - 2 || int_at(p, 0) != int32_t(count))
    fail(ErrorCode::InvalidModel, "{}: the string table does not hold {} strings", where, count);
  const size_t header = 8 + 4 * count, room = bytes - header;
  Tensor t(element::string, shape);
  size_t begin = 0;
  for (size_t i = 0; i < count; ++i) {
    const int32_t end = int_at(p, 2 + i);
    if (end < 0 || size_t(end) < begin || size_t(end) > room)
      fail(ErrorCode::InvalidModel, "{}: string {} ends at {}, outside of the table", where, i,
           end);
    t.data<std::string>()[i].assign(reinterpret_cast<const char*>(p) + header + begin,
                                    size_t(end) - begin);
    begin = size_t(end);
  }
  return t;
}

}  // namespace

Tensor read_constant(const Tensor& weights, element::Type type, const PartialShape& partial,
                     const char* offset_text, const char* size_text, const std::string& where) {
  if (type.is_dynamic())
    fail(ErrorCode::InvalidModel, "{}: a constant cannot have the element type dynamic", where);
  if (partial.is_dynamic())
    fail(ErrorCode::InvalidModel, "{}: the shape {} of a constant is not static", where,
         partial.to_string());
  const Shape shape = partial.to_shape();
  const uint64_t offset = number(offset_text, "offset", where),
                 size = number(size_text, "size", where);
  const size_t have = weights ? weights.get_byte_size() : 0;
  if (offset > have || size > have - offset)
    fail(ErrorCode::InvalidModel,
         "{}: {} bytes at offset {} are outside of the weights, which have {} bytes (offset, size)",
         where, size, offset, have);
  const auto* p = static_cast<const uint8_t*>(weights ? weights.data() : nullptr) + offset;
  if (type == element::string) return read_strings(p, size, shape, where);
  size_t need = 0;
  try {
    need = dense_byte_size(type, shape);
  } catch (const Error& e) {
    fail(ErrorCode::InvalidModel, "{}: {}", where, e.what());
  }
  if (size < need)
    fail(ErrorCode::InvalidModel, "{}: size is {} bytes, {}{} needs {}", where, size, type.name(),
         shape.to_string(), need);
  const size_t alignment = std::max<size_t>(1, type.bitwidth() / 8);
  if (reinterpret_cast<uintptr_t>(p) % alignment == 0)
    return Tensor(type, shape, static_cast<const void*>(p),
                  std::shared_ptr<const void>(weights.impl(), p));
  Tensor copy(type, shape);
  std::memcpy(copy.data(), p, need);
  return copy;
}

std::string constant_bytes(const Tensor& given) {
  const Tensor t = given.dense();
  if (t.get_element_type() != element::string)
    return std::string(static_cast<const char*>(t.data()), t.get_byte_size());
  std::string header, text;
  auto put = [&header](size_t v) {
    const int32_t narrow = int32_t(v);
    header.append(reinterpret_cast<const char*>(&narrow), 4);
  };
  put(t.get_size());
  put(0);
  for (size_t i = 0; i < t.get_size(); ++i) {
    text += t.data<std::string>()[i];
    put(text.size());
  }
  return header + text;
}

}  // namespace vireo::ir
