// Reads and writes property values.
#include "vireo/any.h"

#include <fmt/format.h>

#include "base/support/error.h"
#include "base/support/parse.h"

namespace vireo {

std::string Any::as_text() const {
  struct Writer {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(bool v) const { return v ? "YES" : "NO"; }
    std::string operator()(int64_t v) const { return fmt::format("{}", v); }
    std::string operator()(double v) const { return fmt::format("{}", v); }
    std::string operator()(const std::string& v) const { return v; }
  };
  return std::visit(Writer{}, value_);
}

bool Any::as_bool() const {
  if (const bool* b = std::get_if<bool>(&value_)) return *b;
  const std::string text = to_lower(as_text());
  if (text == "yes" || text == "true" || text == "1" || text == "on") return true;
  if (text == "no" || text == "false" || text == "0" || text == "off") return false;
  fail(ErrorCode::InvalidArgument, "'{}' is not YES or NO", as_text());
}

int64_t Any::as_int() const {
  if (const int64_t* i = std::get_if<int64_t>(&value_)) return *i;
  if (const bool* b = std::get_if<bool>(&value_)) return *b;
  auto v = parse_i64(as_text());
  if (!v) fail(ErrorCode::InvalidArgument, "'{}' is not an integer", as_text());
  return *v;
}

double Any::as_double() const {
  if (const double* d = std::get_if<double>(&value_)) return *d;
  auto v = parse_f64(as_text());
  if (!v) fail(ErrorCode::InvalidArgument, "'{}' is not a number", as_text());
  return *v;
}

}  // namespace vireo
