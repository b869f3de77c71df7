#include "text/jinja/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "text/jinja/utf8.h"
#include "text/utf8.h"

namespace vireo::jinja {
namespace {

class Writer {
 public:
  explicit Writer(const JsonStyle& style) : style_(style) {}

  void write(const Value& v) {
    if (text_.size() > kMaxText) fail("tojson: the text is over the limit");
    if (v.is_none())
      text_ += "null";
    else if (v.is_bool())
      text_ += v.truth() ? "true" : "false";
    else if (v.is_float())
      write_float(v.number());
    else if (v.is_int())
      text_ += v.repr();
    else if (v.is_string())
      write_string(v.string());
    else if (v.is_list())
      write_list(v.list());
    else if (v.is_dict())
      write_dict(v.dict());
    else
      fail(std::string("Object of type ") + v.type_name() + " is not JSON serializable");
  }
  std::string take() { return std::move(text_); }

 private:
  void write_float(double v) {
    text_ += std::isnan(v)   ? "NaN"
             : std::isinf(v) ? (v < 0 ? "-Infinity" : "Infinity")
                             : float_text(v);
  }

  void write_string(std::string_view string) {
    text_ += '"';
    for (const std::string_view character : characters(string)) {
      const char32_t code = code_point(character);
      constexpr std::string_view kEscaped = "\"\\\n\r\t\b\f", kLetters = "\"\\nrtbf";
      const size_t known = character.size() == 1 ? kEscaped.find(character[0]) : kEscaped.npos;
      if (known != kEscaped.npos) {
        (text_ += '\\') += kLetters[known];
      } else if (code < 0x20 || (style_.ascii && code > 0x7e && code < 0x10000)) {
        text_ += fmt::format("\\u{:04x}", static_cast<uint32_t>(code));
      } else if (style_.ascii && code >= 0x10000) {
        const uint32_t rest = code - 0x10000;
        text_ += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
      } else {
        text_ += character;
      }
    }
    text_ += '"';
  }

  void new_line() {
    if (!style_.indent) return;
    text_ += '\n';
    for (int i = 0; i < depth_; ++i) text_ += *style_.indent;
  }

  // The items of one list or dictionary between its brackets.
  template <typename Items, typename One>
  void write_items(char open, const Items& items, char close, One one) {
    text_ += open;
    ++depth_;
    bool first = true;
    for (const auto& item : items) {
      if (!first) text_ += style_.item;
      new_line();
      one(item);
      first = false;
    }
    --depth_;
    if (!first) new_line();
    text_ += close;
  }

  void write_list(const List& list) {
    write_items('[', list, ']', [&](const Value& v) { write(v); });
  }

  void write_dict(const Dict& dict) {
    std::vector<Dict::Entry> entries = dict.entries();
    if (style_.sort_keys) {
      std::stable_sort(entries.begin(), entries.end(),
                       [](auto& a, auto& b) { return compare(a.first, b.first) < 0; });
    }
    write_items('{', entries, '}', [&](const Dict::Entry& entry) {
      const Value& key = entry.first;
      if (key.is_string())
        write_string(key.string());
      else if (key.is_none())
        text_ += "\"null\"";
      else if (key.is_bool())
        text_ += key.truth() ? "\"true\"" : "\"false\"";
      else if (key.is_number())
        text_ += '"' + key.repr() + '"';
      else
        fail(std::string("keys must be str, int, float, bool or None, not ") + key.type_name());
      text_ += style_.key;
      write(entry.second);
    });
  }

  const JsonStyle& style_;
  std::string text_;
  int depth_ = 0;
};

}  // namespace

namespace {

Value converted(const nlohmann::ordered_json& json, int depth) {
  if (depth > kMaxDepth) fail("lists and dictionaries lie too deep one in another");
  using Type = nlohmann::ordered_json::value_t;
  switch (json.type()) {
    case Type::null: return None{};
    case Type::boolean: return json.get<bool>();
    case Type::number_integer: return json.get<int64_t>();
    case Type::number_unsigned: {
      const auto number = json.get<uint64_t>();
      return number >> 63 ? Value(static_cast<double>(number))
                          : Value(static_cast<int64_t>(number));
    }
    case Type::number_float: return json.get<double>();
    case Type::string: return text::to_valid_utf8(json.get_ref<const std::string&>());
    case Type::array: {
      List items;
      for (const auto& item : json) items.push_back(converted(item, depth + 1));
      return items;
    }
    case Type::object: {
      Dict dict;
      for (const auto& [key, value] : json.items()) dict.set(key, converted(value, depth + 1));
      return dict;
    }
    default: fail("a value is no JSON");
  }
}

}  // namespace

Value from_json(const nlohmann::ordered_json& json) { return converted(json, 1); }

std::string to_json(const Value& value, const JsonStyle& style) {
  Writer writer(style);
  writer.write(value);
  return writer.take();
}

}  // namespace vireo::jinja
