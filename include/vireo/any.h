// Any: the value of a property. Holds what was given and reads as text, number or flag, so that
// "4", 4 and int64_t(4) mean the same.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>

#include "vireo/api.h"
#include "vireo/element_type.h"

namespace vireo {

class VIREO_API Any {
 public:
  Any() = default;
  Any(bool v) : value_(v) {}
  Any(int v) : value_(int64_t(v)) {}
  Any(int64_t v) : value_(v) {}
  Any(uint32_t v) : value_(int64_t(v)) {}
  Any(uint64_t v) : value_(int64_t(v)) {}
  Any(float v) : value_(double(v)) {}
  Any(double v) : value_(v) {}
  Any(const char* v) : value_(std::string(v)) {}
  Any(std::string v) : value_(std::move(v)) {}
  Any(element::Type v) : value_(v.get_type_name()) {}

  bool empty() const { return std::holds_alternative<std::monostate>(value_); }
  // Text: YES and NO for flags, the shortest decimal that reads back for numbers.
  std::string as_text() const;
  // Throw InvalidArgument, naming the text, if it is no such value. Flags: YES, NO, true, false, 1,
  // 0 in any case.
  bool as_bool() const;
  int64_t as_int() const;
  double as_double() const;
  bool is_text() const { return std::holds_alternative<std::string>(value_); }
  bool operator==(const Any& o) const { return as_text() == o.as_text(); }

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string> value_;
};

using AnyMap = std::map<std::string, Any>;

}  // namespace vireo
