// Element types of tensors: names, widths and kinds, as OpenVINO has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "vireo/api.h"

namespace vireo::element {

// The order is that of OpenVINO's C enum. Packed types (under 8 bits) are dense and start on a
// byte.
enum class Type_t : uint8_t {
  dynamic,
  boolean,
  bf16,
  f16,
  f32,
  f64,
  i4,
  i8,
  i16,
  i32,
  i64,
  u1,
  u2,
  u3,
  u4,
  u6,
  u8,
  u16,
  u32,
  u64,
  nf4,
  f8e4m3,
  f8e5m2,
  string,
  f4e2m1,
  f8e8m0,
};
inline constexpr size_t kTypeCount = 26;

class VIREO_API Type {
 public:
  constexpr Type() = default;
  constexpr Type(Type_t value) : value_(value) {}
  // From a name ("f32", "boolean", IR's "FP32", "I64", "BOOL" ...); throws InvalidArgument if
  // unknown.
  explicit Type(std::string_view name);

  constexpr operator Type_t() const { return value_; }
  std::string_view name() const;
  std::string get_type_name() const { return std::string(name()); }
  std::string to_string() const { return get_type_name(); }

  size_t bitwidth() const;  // 0 for dynamic; string counts its handle
  size_t size() const {
    return (bitwidth() + 7) / 8;
  }  // bytes of one element, packed types round up
  bool is_static() const { return value_ != Type_t::dynamic; }
  bool is_dynamic() const { return value_ == Type_t::dynamic; }
  bool is_real() const;  // floating point of any width, nf4 included
  bool is_integral() const {
    return is_static() && !is_real() && value_ != Type_t::string;
  }  // boolean included
  bool is_integral_number() const { return is_integral() && value_ != Type_t::boolean; }
  bool is_signed() const;
  bool is_quantized() const { return value_ == Type_t::i8 || value_ == Type_t::u8; }
  bool is_packed() const { return is_static() && bitwidth() < 8; }

 private:
  Type_t value_ = Type_t::dynamic;
};

inline constexpr Type dynamic{Type_t::dynamic}, boolean{Type_t::boolean}, bf16{Type_t::bf16},
    f16{Type_t::f16}, f32{Type_t::f32}, f64{Type_t::f64}, i4{Type_t::i4}, i8{Type_t::i8},
    i16{Type_t::i16}, i32{Type_t::i32}, i64{Type_t::i64}, u1{Type_t::u1}, u2{Type_t::u2},
    u3{Type_t::u3}, u4{Type_t::u4}, u6{Type_t::u6}, u8{Type_t::u8}, u16{Type_t::u16},
    u32{Type_t::u32}, u64{Type_t::u64}, nf4{Type_t::nf4}, f8e4m3{Type_t::f8e4m3},
    f8e5m2{Type_t::f8e5m2}, string{Type_t::string}, f4e2m1{Type_t::f4e2m1}, f8e8m0{Type_t::f8e8m0};

// The type of a C++ type: from<float>() is f32.
template <typename T>
constexpr Type from();
template <>
constexpr Type from<bool>() {
  return boolean;
}
template <>
constexpr Type from<char>() {
  return boolean;
}
template <>
constexpr Type from<float>() {
  return f32;
}
template <>
constexpr Type from<double>() {
  return f64;
}
template <>
constexpr Type from<int8_t>() {
  return i8;
}
template <>
constexpr Type from<int16_t>() {
  return i16;
}
template <>
constexpr Type from<int32_t>() {
  return i32;
}
template <>
constexpr Type from<int64_t>() {
  return i64;
}
template <>
constexpr Type from<uint8_t>() {
  return u8;
}
template <>
constexpr Type from<uint16_t>() {
  return u16;
}
template <>
constexpr Type from<uint32_t>() {
  return u32;
}
template <>
constexpr Type from<uint64_t>() {
  return u64;
}
template <>
constexpr Type from<std::string>() {
  return string;
}

}  // namespace vireo::element
