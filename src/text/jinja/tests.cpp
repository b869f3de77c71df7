#include "text/jinja/builtins.h"
#include "text/jinja/utf8.h"

namespace vireo::jinja {
namespace {

struct TestRow {
  std::string_view name;
  TestFunction call;
};

bool divisible(const Value& v, Arguments& a) {
  return arithmetic("%", v, a.need(0, "num")).number() == 0;
}
bool even(const Value& v, Arguments&) { return arithmetic("%", v, int64_t{2}).number() == 0; }
bool odd(const Value& v, Arguments& a) { return !even(v, a); }
bool iterable(const Value& v, Arguments&) {
  return v.is_undefined() || v.is_string() || v.is_list() || v.is_dict();
}

bool is_equal(const Value& v, Arguments& a) { return equal(v, a.need(0, "other")); }
bool is_unequal(const Value& v, Arguments& a) { return !is_equal(v, a); }
bool greater(const Value& v, Arguments& a) { return compare(v, a.need(0, "other")) > 0; }
bool greater_equal(const Value& v, Arguments& a) { return compare(v, a.need(0, "other")) >= 0; }
bool less(const Value& v, Arguments& a) { return compare(v, a.need(0, "other")) < 0; }
bool less_equal(const Value& v, Arguments& a) { return compare(v, a.need(0, "other")) <= 0; }
bool in(const Value& v, Arguments& a) { return contains(a.need(0, "seq"), v); }

bool sequence(const Value& v, Arguments&) { return v.is_string() || v.is_list() || v.is_dict(); }
bool number(const Value& v, Arguments&) { return v.is_number(); }
bool is_true(const Value& v, Arguments&) { return v.is_bool() && v.truth(); }
bool is_false(const Value& v, Arguments&) { return v.is_bool() && !v.truth(); }
bool defined(const Value& v, Arguments&) { return !v.is_undefined(); }
bool lower_case(const Value& v, Arguments&) {
  const std::string text = v.str();
  return lower(text) == text && upper(text) != text;
}
bool upper_case(const Value& v, Arguments&) {
  const std::string text = v.str();
  return upper(text) == text && lower(text) != text;
}
bool is_filter(const Value& v, Arguments&) { return v.is_string() && find_filter(v.string()); }
bool is_test(const Value& v, Arguments&) { return v.is_string() && find_test(v.string()); }
bool same_as(const Value& v, Arguments& a) { return v.same_as(a.need(0, "other")); }

template <bool (Value::*kIs)() const>
bool is(const Value& v, Arguments&) {
  return (v.*kIs)();
}

constexpr TestRow kRows[] = {
    {"!=", is_unequal},
    {"<", less},
    {"<=", less_equal},
    {"==", is_equal},
    {">", greater},
    {">=", greater_equal},
    {"boolean", is<&Value::is_bool>},
    {"callable", is<&Value::is_callable>},
    {"defined", defined},
    {"divisibleby", divisible},
    {"eq", is_equal},
    {"equalto", is_equal},
    {"even", even},
    {"false", is_false},
    {"filter", is_filter},
    {"float", is<&Value::is_float>},
    {"ge", greater_equal},
    {"greaterthan", greater},
    {"gt", greater},
    {"in", in},
    {"integer", is<&Value::is_int>},
    {"iterable", iterable},
    {"le", less_equal},
    {"lessthan", less},
    {"lower", lower_case},
    {"lt", less},
    {"mapping", is<&Value::is_dict>},
    {"ne", is_unequal},
    {"none", is<&Value::is_none>},
    {"number", number},
    {"odd", odd},
    {"sameas", same_as},
    {"sequence", sequence},
    {"string", is<&Value::is_string>},
    {"test", is_test},
    {"true", is_true},
    {"undefined", is<&Value::is_undefined>},
    {"upper", upper_case},
};

}  // namespace

TestFunction find_test(std::string_view name) {
  for (const TestRow& row : kRows) {
    if (row.name == name) return row.call;
  }
  return nullptr;
}

bool apply_test(std::string_view name, const Value& self, Arguments& arguments) {
  const TestFunction test = find_test(name);
  if (!test) fail("no test named '" + std::string(name) + "'");
  return test(self, arguments);
}

}  // namespace vireo::jinja
