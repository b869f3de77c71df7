// NumPy's .npy files: version 1 to 3, C order.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "vireo/command.h"

namespace vireo::command {
namespace {

struct Dtype {
  const char* text;
  element::Type type;
};
const Dtype kDtypes[] = {{"<f4", element::f32},     {"<f8", element::f64}, {"<f2", element::f16},
                         {"|b1", element::boolean}, {"|i1", element::i8},  {"<i2", element::i16},
                         {"<i4", element::i32},     {"<i8", element::i64}, {"|u1", element::u8},
                         {"<u2", element::u16},     {"<u4", element::u32}, {"<u8", element::u64}};

[[noreturn]] void wrong(const std::string& path, const std::string& why) {
  throw Error(ErrorCode::InvalidArgument, "array file '" + path + "': " + why);
}

// What stands after 'key': in the header's dictionary.
std::string value_of(const std::string& header, const std::string& key, const std::string& path) {
  const size_t at = header.find("'" + key + "':");
  if (at == std::string::npos) wrong(path, "the header has no '" + key + "'");
  return header.substr(header.find_first_not_of(' ', at + key.size() + 3));
}

}  // namespace

Tensor read_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::NotFound, "array file '" + path + "' does not exist");
  const std::string all((std::istreambuf_iterator<char>(file)), {});
  if (all.size() < 12 || all.compare(0, 6, "\x93NUMPY") != 0) wrong(path, "this is no .npy file");
  uint32_t length = 0;
  const size_t width = all[6] == 1 ? 2 : 4, start = 8 + width;
  std::memcpy(&length, all.data() + 8, width);
  if (length > all.size() - start) wrong(path, "the header is cut");
  const std::string header = all.substr(start, length);
  const std::string descr = value_of(header, "descr", path);
  if (value_of(header, "fortran_order", path).rfind("True", 0) == 0)
    wrong(path, "Fortran order is not read, save a C-ordered array");
  element::Type type;
  for (const Dtype& d : kDtypes)
    if (descr.compare(1, 3, d.text) == 0) type = d.type;
  if (type.is_dynamic()) wrong(path, "type " + descr.substr(0, 6) + " is not read");
  Shape shape;
  const std::string dims = value_of(header, "shape", path);
  for (size_t i = 1; i < dims.size() && dims[i] != ')';) {
    if (dims[i] < '0' || dims[i] > '9') {
      ++i;
      continue;
    }
    size_t used = 0;
    shape.push_back(std::stoull(dims.substr(i), &used));
    i += used;
  }
  const size_t bytes = dense_byte_size(type, shape);
  if (bytes > all.size() - start - length) wrong(path, "the data are cut");
  Tensor t(type, shape);
  std::memcpy(t.data(), all.data() + start + length, bytes);
  return t;
}

void write_npy(const std::string& path, const Tensor& given) {
  const Tensor t = given.dense();
  const char* descr = nullptr;
  for (const Dtype& d : kDtypes)
    if (d.type == t.get_element_type()) descr = d.text;
  if (!descr) wrong(path, "type " + t.get_element_type().get_type_name() + " has no NumPy type");
  std::string dims;
  for (size_t d : t.get_shape()) dims += std::to_string(d) + ",";
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, dims);
  header += std::string(63 - (10 + header.size()) % 64, ' ') + "\n";
  std::ofstream file(path, std::ios::binary);
  const uint16_t length = uint16_t(header.size());
  file.write("\x93NUMPY\x01\x00", 8);
  file.write(reinterpret_cast<const char*>(&length), 2);
  file << header;
  file.write(static_cast<const char*>(t.data()), std::streamsize(t.get_byte_size()));
  if (!file) throw Error(ErrorCode::Io, "array file '" + path + "' cannot be written");
}

}  // namespace vireo::command
