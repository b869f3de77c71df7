#include <cmath>
#include <limits>

#include "text/jinja/builtins.h"
#include "text/jinja/methods.h"

namespace vireo::jinja {
namespace {

[[noreturn]] void fail_types(std::string_view op, const Value& a, const Value& b) {
  if (a.is_undefined()) fail(a.undefined().what);
  if (b.is_undefined()) fail(b.undefined().what);
  fail("unsupported operand types for " + std::string(op) + ": '" + a.type_name() + "' and '" +
       b.type_name() + "'");
}

[[noreturn]] void fail_range(std::string_view op) {
  fail("the result of " + std::string(op) + " is over 64 bits");
}

// The quotient rounded down.
int64_t floor_divide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return quotient - ((a % b != 0) && ((a < 0) != (b < 0)));
}

Value power(int64_t base, int64_t exponent) {
  if (exponent < 0) return std::pow(static_cast<double>(base), static_cast<double>(exponent));
  int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) fail_range("**");
    exponent >>= 1;
    if (exponent && __builtin_mul_overflow(base, base, &base)) fail_range("**");
  }
  return result;
}

Value integers(std::string_view op, int64_t a, int64_t b) {
  int64_t result;
  if (op == "+" || op == "-" || op == "*") {
    const bool over = op == "+"   ? __builtin_add_overflow(a, b, &result)
                      : op == "-" ? __builtin_sub_overflow(a, b, &result)
                                  : __builtin_mul_overflow(a, b, &result);
    if (over) fail_range(op);
    return result;
  }
  if (op == "**") return power(a, b);
  if (b == 0) fail("division by zero");
  if (op == "/") return static_cast<double>(a) / static_cast<double>(b);
  if (b == -1) {  // the one divisor whose quotient can be out of range
    if (op == "%") return int64_t{0};
    if (a == std::numeric_limits<int64_t>::min()) fail_range(op);
    return -a;
  }
  const int64_t quotient = floor_divide(a, b);
  return op == "//" ? quotient : a - quotient * b;
}

Value floats(std::string_view op, double a, double b) {
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (op == "**") return std::pow(a, b);
  if (b == 0) fail("division by zero");
  if (op == "/") return a / b;
  if (op == "//") return std::floor(a / b);
  const double rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

Value repeated(const Value& value, int64_t times) {
  times = std::max<int64_t>(times, 0);
  if (value.is_string()) {
    const size_t size = value.string().size();
    if (size && static_cast<size_t>(times) > kMaxText / size) fail("a text is over the limit");
    std::string text;
    text.reserve(size * static_cast<size_t>(times));
    while (size && times-- > 0) text += value.string();
    return text;
  }
  const size_t size = value.list().size();
  if (size && static_cast<size_t>(times) > kMaxItems / size) fail("a list is over the limit");
  List items;
  while (size && times-- > 0) items.insert(items.end(), value.list().begin(), value.list().end());
  return Value(std::move(items), value.is_tuple());
}

Value joined(const std::string& a, const std::string& b) {
  if (a.size() + b.size() > kMaxText) fail("a text is over the limit");
  return a + b;
}

bool repeats(const Value& value) { return value.is_string() || value.is_list(); }
bool counts(const Value& value) { return value.is_int() || value.is_bool(); }

}  // namespace

Value arithmetic(std::string_view op, const Value& a, const Value& b) {
  if (op == "~") return joined(a.str(), b.str());
  if (a.is_number() && b.is_number()) {
    return a.is_float() || b.is_float() ? floats(op, a.number(), b.number())
                                        : integers(op, a.integer(), b.integer());
  }
  if (op == "+" && a.is_string() && b.is_string()) return joined(a.string(), b.string());
  if (op == "+" && a.is_list() && b.is_list() && a.is_tuple() == b.is_tuple()) {
    List items = a.list();
    items.insert(items.end(), b.list().begin(), b.list().end());
    return Value(std::move(items), a.is_tuple());
  }
  if (op == "*" && repeats(a) && counts(b)) return repeated(a, b.integer());
  if (op == "*" && counts(a) && repeats(b)) return repeated(b, a.integer());
  if (op == "%" && a.is_string()) return format_percent(a.string(), b);
  fail_types(op, a, b);
}

}  // namespace vireo::jinja
