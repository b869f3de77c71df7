// A protobuf message's fields one by one, with their wire types checked (protozero itself only
// asserts).
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#define PROTOZERO_USE_VIEW std::string_view
#include <protozero/pbf_reader.hpp>

#include "base/support/error.h"

namespace vireo::onnx {

class Fields {
 public:
  Fields(std::string_view bytes, const char* message) : reader_(bytes), message_(message) {}

  // Goes to the next field; false at the end.
  bool next() {
    if (pending_) reader_.skip();
    pending_ = reader_.next();
    return pending_;
  }
  uint32_t number() const { return reader_.tag(); }

  std::string_view bytes() {
    expect(protozero::pbf_wire_type::length_delimited);
    return reader_.get_view();
  }
  int64_t integer() {
    expect(protozero::pbf_wire_type::varint);
    return reader_.get_int64();
  }
  float real() {
    expect(protozero::pbf_wire_type::fixed32);
    return reader_.get_float();
  }
  // Repeated numbers, packed or one at a time.
  template <typename T>
  void integers(std::vector<T>& out) {
    if (packed()) {
      const char* at = packed_.data();
      const char* const end = at + packed_.size();
      while (at != end) out.push_back(static_cast<T>(protozero::decode_varint(&at, end)));
    } else {
      out.push_back(static_cast<T>(integer()));
    }
  }
  template <typename T>
  void reals(std::vector<T>& out) {
    static_assert(std::is_floating_point_v<T>);
    if (packed()) {
      if (packed_.size() % sizeof(T)) malformed("a packed field of floats has a broken length");
      const size_t old = out.size();
      out.resize(old + packed_.size() / sizeof(T));
      if (!packed_.empty()) std::memcpy(out.data() + old, packed_.data(), packed_.size());
    } else if constexpr (sizeof(T) == 4) {
      out.push_back(real());
    } else {
      expect(protozero::pbf_wire_type::fixed64);
      out.push_back(reader_.get_double());
    }
  }
  [[noreturn]] void malformed(const char* why) const {
    fail(ErrorCode::InvalidModel, "protobuf field {} of {} is malformed: {}", number(), message_,
         why);
  }

 private:
  void expect(protozero::pbf_wire_type type) {
    if (reader_.wire_type() != type)
      fail(ErrorCode::InvalidModel, "protobuf field {} of {} has wire type {}, expected {}",
           number(), message_, int(reader_.wire_type()), int(type));
    pending_ = false;
  }
  bool packed() {
    if (reader_.wire_type() != protozero::pbf_wire_type::length_delimited) return false;
    packed_ = bytes();
    return true;
  }
  protozero::pbf_reader reader_;
  std::string_view packed_;
  const char* message_;
  bool pending_ = false;
};

}  // namespace vireo::onnx
