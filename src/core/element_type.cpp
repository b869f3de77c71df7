// The table of element types.
#include "vireo/element_type.h"

#include <cctype>

#include "base/support/error.h"

namespace vireo::element {
namespace {

enum Kind : uint8_t { kNothing, kReal, kSigned, kUnsigned, kText };
struct Row {
  std::string_view name;
  uint16_t bits;
  Kind kind;
};

// In the order of Type_t.
constexpr Row kRows[kTypeCount] = {
    {"dynamic", 0, kNothing}, {"boolean", 8, kUnsigned}, {"bf16", 16, kReal},
    {"f16", 16, kReal},       {"f32", 32, kReal},        {"f64", 64, kReal},
    {"i4", 4, kSigned},       {"i8", 8, kSigned},        {"i16", 16, kSigned},
    {"i32", 32, kSigned},     {"i64", 64, kSigned},      {"u1", 1, kUnsigned},
    {"u2", 2, kUnsigned},     {"u3", 3, kUnsigned},      {"u4", 4, kUnsigned},
    {"u6", 6, kUnsigned},     {"u8", 8, kUnsigned},      {"u16", 16, kUnsigned},
    {"u32", 32, kUnsigned},   {"u64", 64, kUnsigned},    {"nf4", 4, kReal},
    {"f8e4m3", 8, kReal},     {"f8e5m2", 8, kReal},      {"string", 8 * sizeof(std::string), kText},
    {"f4e2m1", 4, kReal},     {"f8e8m0", 8, kReal},
};

// Other spellings, lower case: IR's precision names and NumPy-like names.
constexpr std::pair<std::string_view, Type_t> kAliases[] = {
    {"fp32", Type_t::f32},     {"fp16", Type_t::f16},          {"fp64", Type_t::f64},
    {"bool", Type_t::boolean}, {"undefined", Type_t::dynamic}, {"unspecified", Type_t::dynamic},
    {"bin", Type_t::u1},       {"float", Type_t::f32},         {"float32", Type_t::f32},
    {"float16", Type_t::f16},  {"float64", Type_t::f64},       {"int8", Type_t::i8},
    {"int16", Type_t::i16},    {"int32", Type_t::i32},         {"int64", Type_t::i64},
    {"uint8", Type_t::u8},     {"uint16", Type_t::u16},        {"uint32", Type_t::u32},
    {"uint64", Type_t::u64},   {"hf8", Type_t::f8e4m3},        {"bf8", Type_t::f8e5m2},
};

const Row& row(Type_t type) { return kRows[static_cast<size_t>(type)]; }

}  // namespace

Type::Type(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (size_t i = 0; i < kTypeCount; ++i)
    if (kRows[i].name == lower) {
      value_ = static_cast<Type_t>(i);
      return;
    }
  for (const auto& [alias, type] : kAliases)
    if (alias == lower) {
      value_ = type;
      return;
    }
  fail(ErrorCode::InvalidArgument, "element type '{}' is unknown", name.substr(0, 40));
}

std::string_view Type::name() const { return row(value_).name; }
size_t Type::bitwidth() const { return row(value_).bits; }
bool Type::is_real() const { return row(value_).kind == kReal; }
bool Type::is_signed() const { return row(value_).kind == kReal || row(value_).kind == kSigned; }

}  // namespace vireo::element
