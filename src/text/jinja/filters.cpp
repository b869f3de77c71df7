// Filters of single values; those of sequences stand in sequence_filters.cpp.
#include <algorithm>
#include <cmath>

#include "base/support/parse.h"
#include "text/jinja/builtins.h"
#include "text/jinja/filter_rows.h"
#include "text/jinja/json.h"
#include "text/jinja/methods.h"
#include "text/jinja/utf8.h"

namespace vireo::jinja {
namespace {

Value abs_filter(const Value& v, Arguments&) {
  if (!v.is_number()) fail(std::string("abs: expected a number, got ") + v.type_name());
  return v.number() < 0 ? arithmetic("-", int64_t{0}, v) : v;
}

Value attr_filter(const Value& v, Arguments& a) { return attribute(v, a.need_string(0, "name")); }

template <std::string (*kChange)(std::string_view)>
Value changed(const Value& v, Arguments&) {
  return kChange(v.str());
}

Value center(const Value& v, Arguments& a) {
  const int64_t width = std::min<int64_t>(a.get_int(0, "width", 80), 10'000);
  const int64_t room = width - length(v.str());
  if (room <= 0) return v.str();
  const auto left = static_cast<size_t>(room / 2), right = static_cast<size_t>(room - room / 2);
  return std::string(left, ' ') + v.str() + std::string(right, ' ');
}

Value default_filter(const Value& v, Arguments& a) {
  const bool also_false = a.get(1, "boolean", false).truth();
  const bool missing = v.is_undefined() || (also_false && !v.truth());
  return missing ? a.get(0, "default_value", "") : v;
}

Value escape(const Value& v, Arguments&) {
  std::string result;
  for (const char c : v.str()) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&#34;"; break;
      case '\'': result += "&#39;"; break;
      default: result += c;
    }
  }
  return result;
}

Value float_filter(const Value& v, Arguments& a) {
  if (v.is_number()) return v.number();
  const auto parsed = v.is_string() ? parse_f64(v.string()) : std::nullopt;
  return parsed ? Value(*parsed) : a.get(0, "default", 0.0);
}

Value format_filter(const Value& v, Arguments& a) {
  if (a.named.empty()) return format_percent(v.str(), Value(a.positional, true));
  Dict named;
  for (const auto& [key, value] : a.named) named.set(key, value);
  return format_percent(v.str(), named);
}

Value indent(const Value& v, Arguments& a) {
  const Value width = a.get(0, "width", int64_t{4});
  const bool first = a.get(1, "first", false).truth(), blank = a.get(2, "blank", false).truth();
  const int64_t count =
      width.is_string() ? 0 : std::clamp<int64_t>(a.get_int(0, "width", 4), 0, 1000);
  const std::string margin =
      width.is_string() ? width.string() : std::string(static_cast<size_t>(count), ' ');
  std::string result;
  bool at_first = true;
  for (const Value& line : split_text(v.str(), "\n", -1)) {
    if (!at_first) result += '\n';
    if (at_first ? first : blank || !line.string().empty()) result += margin;
    result += line.string();
    at_first = false;
  }
  return result;
}

Value int_filter(const Value& v, Arguments& a) {
  if (v.is_int() || v.is_bool()) return v.integer();
  if (v.is_float() && std::isfinite(v.number())) return to_integer(v.number());
  if (v.is_string()) {
    if (const auto whole = parse_i64(v.string())) return *whole;
    const auto real = parse_f64(v.string());
    if (real && std::isfinite(*real)) return to_integer(*real);
  }
  return a.get(0, "default", int64_t{0});
}

Value replace_filter(const Value& v, Arguments& a) {
  return replaced(v.str(), a.need(0, "old").str(), a.need(1, "new").str(),
                  a.get_int(2, "count", -1));
}

Value round_filter(const Value& v, Arguments& a) {
  if (!v.is_number()) fail(std::string("round: expected a number, got ") + v.type_name());
  const int64_t digits = std::clamp<int64_t>(a.get_int(0, "precision", 0), -300, 300);
  const std::string method = a.get(1, "method", "common").str();
  const double scale = std::pow(10.0, static_cast<double>(digits)), scaled = v.number() * scale;
  if (method != "common" && method != "ceil" && method != "floor") {
    fail("round: method '" + method + "', expected common, ceil or floor");
  }
  // Python rounds halves to even.
  const double whole = method == "ceil"    ? std::ceil(scaled)
                       : method == "floor" ? std::floor(scaled)
                                           : std::nearbyint(scaled);
  return whole / scale;
}

Value string_filter(const Value& v, Arguments&) { return v.str(); }
Value same(const Value& v, Arguments&) { return v; }

Value tojson(const Value& v, Arguments& a) {
  JsonStyle style;
  const Value indent = a.get(0, "indent", None{});
  if (indent.is_string()) style.indent = indent.string();
  if (indent.is_int()) {
    const int64_t width = std::clamp<int64_t>(indent.integer(), 0, 100);
    style.indent = std::string(static_cast<size_t>(width), ' ');
  }
  const Value separators = a.get(4, "separators", None{});
  style.item = style.indent ? "," : ", ";
  if (separators.is_list() && separators.list().size() == 2) {
    style.item = separators.list()[0].str();
    style.key = separators.list()[1].str();
  }
  style.ascii = a.get(4, "ensure_ascii", false).truth();
  style.sort_keys = a.get(4, "sort_keys", false).truth();
  return to_json(v, style);
}

Value trim(const Value& v, Arguments& a) {
  const Value* set = a.find(0, "chars");
  const std::string text = v.str();
  if (!set || set->is_none()) return strip(text, Side::Both);
  const std::string_view wanted = a.need_string(0, "chars");
  return strip(text, Side::Both, &wanted);
}

Value truncate(const Value& v, Arguments& a) {
  const int64_t size = a.get_int(0, "length", 255), leeway = a.get_int(3, "leeway", 5);
  const bool cut_words = a.get(1, "killwords", false).truth();
  const std::string end = a.get(2, "end", "...").str();
  const Value text = v.str();
  if (length(text) <= size + leeway) return text;
  std::string cut = slice(text, None{}, size - length(end), None{}).string();
  if (!cut_words) cut = cut.substr(0, cut.rfind(' '));
  return cut + end;
}

Value urlencode(const Value& v, Arguments&) {
  std::string result;
  for (const char c : v.str()) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-_.~/").find(c) != std::string_view::npos;
    constexpr char kHex[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    if (plain)
      result += c;
    else
      ((result += '%') += kHex[byte >> 4]) += kHex[byte & 15];
  }
  return result;
}

Value wordcount(const Value& v, Arguments&) {
  return static_cast<int64_t>(split_words(v.str(), -1).size());
}

constexpr FilterRow kRows[] = {
    {"abs", abs_filter},
    {"attr", attr_filter},
    {"capitalize", changed<capitalize>},
    {"center", center},
    {"d", default_filter},
    {"default", default_filter},
    {"e", escape},
    {"escape", escape},
    {"float", float_filter},
    {"format", format_filter},
    {"indent", indent},
    {"int", int_filter},
    {"lower", changed<lower>},
    {"replace", replace_filter},
    {"round", round_filter},
    {"safe", same},
    {"string", string_filter},
    {"title", changed<title>},
    {"tojson", tojson},
    {"trim", trim},
    {"truncate", truncate},
    {"upper", changed<upper>},
    {"urlencode", urlencode},
    {"wordcount", wordcount},
};

}  // namespace

FilterFunction find_filter(std::string_view name) {
  for (const FilterRow& row : kRows) {
    if (row.name == name) return row.call;
  }
  return find_sequence_filter(name);
}

Value apply_filter(std::string_view name, const Value& self, Arguments& arguments) {
  const FilterFunction filter = find_filter(name);
  if (!filter) fail("no filter named '" + std::string(name) + "'");
  return filter(self, arguments);
}

}  // namespace vireo::jinja
