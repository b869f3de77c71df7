// Python's two ways to put values into a text, for strings and numbers: "{0:>5}".format(x) and
// "%5.2f" % x.
#include <fmt/format.h>

#include <algorithm>

#include "base/support/parse.h"
#include "text/jinja/methods.h"
#include "text/jinja/utf8.h"

namespace vireo::jinja {
namespace {

constexpr int64_t kMaxWidth = 10'000;

// [[fill]align][sign][#][0][width][,][.precision][type]
struct Spec {
  std::string fill = " ";
  char align = 0, sign = '-', type = 0;
  bool alternate = false, comma = false;
  int64_t width = 0, precision = -1;
};

int64_t read_number(std::string_view& text) {
  int64_t value = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    value = value * 10 + (text[0] - '0');
    if (value > kMaxWidth) fail("a width in a format is over " + std::to_string(kMaxWidth));
    text.remove_prefix(1);
  }
  return value;
}

bool take(std::string_view& text, std::string_view any, char* taken = nullptr) {
  if (text.empty() || any.find(text[0]) == any.npos) return false;
  if (taken) *taken = text[0];
  text.remove_prefix(1);
  return true;
}

Spec read_spec(std::string_view text) {
  Spec spec;
  const std::string whole(text);
  const auto all = characters(text);
  const auto is_align = [](std::string_view c) {
    return c == "<" || c == ">" || c == "^" || c == "=";
  };
  if (all.size() > 1 && is_align(all[1])) {
    spec.fill = all[0];
    spec.align = all[1][0];
    text.remove_prefix(all[0].size() + 1);
  } else {
    take(text, "<>^=", &spec.align);
  }
  take(text, "+- ", &spec.sign);
  spec.alternate = take(text, "#");
  if (take(text, "0") && !spec.align) {
    spec.fill = "0";
    spec.align = '=';
  }
  spec.width = read_number(text);
  spec.comma = take(text, ",");
  if (take(text, ".")) spec.precision = read_number(text);
  take(text, "bcdeEfFgGnosxX%", &spec.type);
  if (!text.empty()) fail("invalid format '" + whole + "'");
  return spec;
}

std::string with_commas(std::string digits) {
  const size_t end = std::min(digits.find('.'), digits.size());
  for (size_t at = end; at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

// The digits of a magnitude, without sign.
std::string number_text(const Value& value, const Spec& spec) {
  const char type = spec.type;
  if (value.is_float() || type == 'e' || type == 'E' || type == 'f' || type == 'F' || type == 'g' ||
      type == 'G' || type == '%') {
    const double magnitude = std::abs(value.number()) * (type == '%' ? 100 : 1);
    if (!type && spec.precision < 0) return float_text(magnitude);
    const int precision =
        spec.precision < 0 ? 6 : static_cast<int>(std::min<int64_t>(spec.precision, 300));
    const char kind = type == '%' ? 'f' : type ? type : 'g';
    std::string text =
        fmt::format(fmt::runtime(std::string("{:.{}") + kind + "}"), magnitude, precision);
    return type == '%' ? text + "%" : text;
  }
  const int64_t number = value.integer();
  const uint64_t magnitude =
      number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  if (type == 'x') return (spec.alternate ? "0x" : "") + fmt::format("{:x}", magnitude);
  if (type == 'X') return (spec.alternate ? "0X" : "") + fmt::format("{:X}", magnitude);
  if (type == 'o') return (spec.alternate ? "0o" : "") + fmt::format("{:o}", magnitude);
  if (type == 'b') return (spec.alternate ? "0b" : "") + fmt::format("{:b}", magnitude);
  return std::to_string(magnitude);
}

std::string padded(std::string sign, std::string text, const Spec& spec, char align) {
  const auto size = static_cast<int64_t>(characters(sign).size() + characters(text).size());
  std::string left, right;
  for (int64_t i = size; i < spec.width; ++i) {
    const bool at_left = align == '^' ? (i - size) % 2 == 1 : align != '<';
    (at_left ? left : right) += spec.fill;
  }
  return align == '=' ? sign + left + text + right : left + sign + text + right;
}

std::string apply(const Value& value, const Spec& spec) {
  const bool as_number = value.is_number() && spec.type != 's' && !(value.is_bool() && !spec.type);
  if (!as_number) {
    if (spec.type && spec.type != 's') {
      fail(std::string("format '") + spec.type + "' takes a number, not " + value.type_name());
    }
    std::string text = value.str();
    if (spec.precision >= 0) {
      text = slice(text, None{}, spec.precision, None{}).string();
    }
    return padded("", text, spec, spec.align && spec.align != '=' ? spec.align : '<');
  }
  const bool negative = value.number() < 0;
  const std::string sign = negative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
  std::string text = number_text(value, spec);
  if (spec.comma) text = with_commas(text);
  return padded(sign, text, spec, spec.align ? spec.align : '>');
}

// `name`, `0`, `name.attribute`, `name[key]`, or nothing for the next one.
Value field(std::string_view name, const Arguments& arguments, size_t& next) {
  const size_t end = std::min(name.find_first_of(".["), name.size());
  const std::string_view first = name.substr(0, end);
  const auto index = first.empty() ? std::optional<int64_t>(next++) : parse_i64(first);
  Value value;
  if (index) {
    const auto at = static_cast<size_t>(*index);
    if (*index < 0 || at >= arguments.positional.size())
      fail("format: no argument " + std::to_string(*index));
    value = arguments.positional[at];
  } else {
    const Value* found = arguments.find(arguments.positional.size(), first);
    if (!found) fail("format: no argument '" + std::string(first) + "'");
    value = *found;
  }
  for (name.remove_prefix(end); !name.empty();) {
    const bool bracket = name[0] == '[';
    const size_t stop =
        bracket ? name.find(']') : std::min(name.find_first_of(".[", 1), name.size());
    if (stop == name.npos) fail("format: expected ']'");
    const std::string_view key = name.substr(1, stop - 1);
    const auto number = parse_i64(key);
    value = !bracket ? attribute(value, key) : number ? item(value, *number) : item(value, key);
    name.remove_prefix(stop + (bracket ? 1 : 0));
  }
  return value;
}

}  // namespace

std::string format_braces(const std::string& text, const Arguments& arguments) {
  std::string result;
  size_t next = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '{' && text[i] != '}') {
      result += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == text[i]) {
      result += text[i++];
    } else {
      const size_t end = text.find('}', i);
      if (text[i] == '}' || end == text.npos) fail("format: single brace in the text");
      const std::string_view inside = std::string_view(text).substr(i + 1, end - i - 1);
      const size_t colon = std::min(inside.find(':'), inside.size());
      std::string_view name = inside.substr(0, colon);
      const size_t mark = name.find('!');
      Value value = field(name.substr(0, mark), arguments, next);
      if (mark != name.npos) {
        value = name.substr(mark) == "!r" ? Value(value.repr()) : Value(value.str());
      }
      const Spec spec =
          read_spec(colon < inside.size() ? inside.substr(colon + 1) : std::string_view());
      result += apply(value, spec);
      i = end;
    }
    if (result.size() > kMaxText) fail("format: the text is over the limit");
  }
  return result;
}

namespace {

// What stands between '%' and the end of one conversion, the type included.
Spec read_percent_spec(std::string_view& rest) {
  Spec spec;
  spec.align = '>';
  for (char flag; take(rest, "-+ 0#", &flag);) {
    if (flag == '-') spec.align = '<';
    if (flag == '+' || flag == ' ') spec.sign = flag;
    if (flag == '#') spec.alternate = true;
    if (flag == '0' && spec.align != '<') spec.fill = "0", spec.align = '=';
  }
  spec.width = read_number(rest);
  if (take(rest, ".")) spec.precision = read_number(rest);
  if (!take(rest, "diuoxXeEfFgGsr", &spec.type)) fail("unsupported format character");
  return spec;
}

std::string convert(Value value, Spec spec) {
  if (spec.type == 'r' || spec.type == 's') {
    value = spec.type == 'r' ? value.repr() : value.str();
    spec.type = 's';
    spec.fill = " ";
    spec.align = spec.align == '<' ? '<' : '>';
  } else if (spec.type == 'd' || spec.type == 'i' || spec.type == 'u') {
    spec.type = 'd';
    if (value.is_float()) value = to_integer(value.number());
  }
  return apply(value, spec);
}

}  // namespace

std::string format_percent(const std::string& text, const Value& arguments) {
  const List values = arguments.is_tuple() ? arguments.list() : List{arguments};
  size_t next = 0;
  bool named = false;
  std::string result;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t at = std::min(rest.find('%'), rest.size());
    result += rest.substr(0, at);
    rest.remove_prefix(at);
    if (!take(rest, "%")) break;
    if (take(rest, "%")) {
      result += '%';
      continue;
    }
    std::optional<Value> value;
    if (!rest.empty() && rest[0] == '(') {
      const size_t end = rest.find(')');
      if (end == rest.npos || !arguments.is_dict()) fail("format requires a mapping");
      value = item(arguments, rest.substr(1, end - 1));
      named = true;
      rest.remove_prefix(end + 1);
    }
    const Spec spec = read_percent_spec(rest);
    if (!value && next >= values.size()) fail("not enough arguments for format string");
    result += convert(value ? *value : values[next++], spec);
    if (result.size() > kMaxText) fail("the formatted text is over the limit");
  }
  if (!named && next < values.size()) fail("not all arguments converted during string formatting");
  return result;
}

}  // namespace vireo::jinja
