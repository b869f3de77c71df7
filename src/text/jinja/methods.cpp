#include "text/jinja/methods.h"

#include <algorithm>

#include "text/jinja/utf8.h"

namespace vireo::jinja {
namespace {

using Method = Value (*)(const Value& self, Arguments& arguments);
struct Row {
  std::string_view name;
  Method call;
};

template <Side kSide>
Value strip_method(const Value& self, Arguments& a) {
  const Value* set = a.find(0, "chars");
  if (!set || set->is_none()) return strip(self.string(), kSide);
  const std::string_view characters = a.need_string(0, "chars");
  return strip(self.string(), kSide, &characters);
}

// startswith and endswith take one string or a tuple of them.
template <typename Test>
Value any_affix(const Value& self, Arguments& a, Test test) {
  const Value& affix = a.need(0, "affix");
  if (!affix.is_list()) return test(self.string(), a.need_string(0, "affix"));
  for (const Value& one : affix.list()) {
    if (one.is_string() && test(self.string(), one.string())) return true;
  }
  return false;
}

Value starts_with(const Value& self, Arguments& a) {
  return any_affix(self, a, [](const std::string& text, const std::string& affix) {
    return text.compare(0, affix.size(), affix) == 0;
  });
}

Value ends_with(const Value& self, Arguments& a) {
  return any_affix(self, a, [](const std::string& text, const std::string& affix) {
    return text.size() >= affix.size() &&
           text.compare(text.size() - affix.size(), affix.size(), affix) == 0;
  });
}

Value split_method(const Value& self, Arguments& a) {
  const int64_t limit = a.get_int(1, "maxsplit", -1);
  const Value* separator = a.find(0, "sep");
  if (!separator || separator->is_none()) return split_words(self.string(), limit);
  return split_text(self.string(), a.need_string(0, "sep"), limit);
}

Value rsplit_method(const Value& self, Arguments& a) {
  const int64_t limit = a.get_int(1, "maxsplit", -1);
  const Value* separator = a.find(0, "sep");
  const bool words = !separator || separator->is_none();
  const std::string& text = self.string();
  List parts = words ? split_words(text, -1) : split_text(text, a.need_string(0, "sep"), -1);
  if (limit < 0 || static_cast<int64_t>(parts.size()) <= limit + 1) return parts;
  // What was cut too much at the left is joined again: the text up to the first part kept.
  const auto kept = static_cast<size_t>(limit);
  size_t end = text.size();
  if (words) end = strip(text, Side::Right).size();
  for (size_t i = parts.size(); i-- > parts.size() - kept;) {
    end -= parts[i].string().size();
    end = words ? strip(std::string_view(text).substr(0, end), Side::Right).size()
                : end - separator->string().size();
  }
  List result{Value(std::string_view(text).substr(0, end))};
  if (words) result[0] = strip(result[0].string(), Side::Left);
  result.insert(result.end(), parts.end() - static_cast<ptrdiff_t>(kept), parts.end());
  return result;
}

Value splitlines(const Value& self, Arguments& a) {
  const bool keep = a.get(0, "keepends", false).truth();
  List lines;
  std::string_view text = self.string();
  while (!text.empty()) {
    const size_t end = text.find_first_of("\r\n");
    size_t next = end == text.npos ? text.size() : end + 1;
    if (end != text.npos && text[end] == '\r' && text.substr(next, 1) == "\n") ++next;
    lines.emplace_back(text.substr(0, keep ? next : std::min(end, text.size())));
    text.remove_prefix(next);
  }
  return lines;
}

template <bool kLast>
Value partition(const Value& self, Arguments& a) {
  const std::string &text = self.string(), &separator = a.need_string(0, "sep");
  if (separator.empty()) fail("empty separator");
  const size_t at = kLast ? text.rfind(separator) : text.find(separator);
  if (at == text.npos) {
    return kLast ? Value(List{"", "", text}, true) : Value(List{text, "", ""}, true);
  }
  return Value(List{text.substr(0, at), separator, text.substr(at + separator.size())}, true);
}

// Positions are counted in characters.
template <bool kLast, bool kThrow>
Value find_text(const Value& self, Arguments& a) {
  const std::string &text = self.string(), &wanted = a.need_string(0, "sub");
  const size_t at = kLast ? text.rfind(wanted) : text.find(wanted);
  if (at == text.npos && kThrow) fail("substring not found");
  if (at == text.npos) return int64_t{-1};
  return static_cast<int64_t>(characters(std::string_view(text).substr(0, at)).size());
}

Value count_text(const Value& self, Arguments& a) {
  const std::string& wanted = a.need_string(0, "sub");
  if (wanted.empty()) return length(self) + 1;
  return static_cast<int64_t>(split_text(self.string(), wanted, -1).size()) - 1;
}

Value replace_method(const Value& self, Arguments& a) {
  return replaced(self.string(), a.need_string(0, "old"), a.need_string(1, "new"),
                  a.get_int(2, "count", -1));
}

Value join_method(const Value& self, Arguments& a) {
  std::string result;
  bool first = true;
  for (const Value& part : iterate(a.need(0, "iterable"))) {
    if (!part.is_string()) fail(std::string("join: expected str, not ") + part.type_name());
    if (!first) result += self.string();
    result += part.string();
    first = false;
    if (result.size() > kMaxText) fail("join: the text is over the limit");
  }
  return result;
}

template <bool kPrefix>
Value remove_affix(const Value& self, Arguments& a) {
  const std::string& affix = a.need_string(0, "affix");
  const bool there = (kPrefix ? starts_with(self, a) : ends_with(self, a)).truth();
  if (!there) return self;
  const size_t rest = self.string().size() - affix.size();
  return self.string().substr(kPrefix ? affix.size() : 0, rest);
}

template <bool (*kTest)(std::string_view)>
Value all_characters(const Value& self, Arguments&) {
  const auto all = characters(self.string());
  return !all.empty() && std::all_of(all.begin(), all.end(), kTest);
}

bool is_alphanumeric(std::string_view c) { return is_letter(c) || is_digit(c); }

Value is_upper(const Value& self, Arguments&) {
  return upper(self.string()) == self.string() && lower(self.string()) != self.string();
}
Value is_lower(const Value& self, Arguments&) {
  return lower(self.string()) == self.string() && upper(self.string()) != self.string();
}

template <std::string (*kChange)(std::string_view)>
Value changed(const Value& self, Arguments&) {
  return kChange(self.string());
}

Value format_method(const Value& self, Arguments& a) { return format_braces(self.string(), a); }

constexpr Row kString[] = {
    {"capitalize", changed<capitalize>},
    {"count", count_text},
    {"endswith", ends_with},
    {"find", find_text<false, false>},
    {"format", format_method},
    {"index", find_text<false, true>},
    {"isalnum", all_characters<is_alphanumeric>},
    {"isalpha", all_characters<is_letter>},
    {"isdigit", all_characters<is_digit>},
    {"islower", is_lower},
    {"isspace", all_characters<is_space>},
    {"isupper", is_upper},
    {"join", join_method},
    {"lower", changed<lower>},
    {"lstrip", strip_method<Side::Left>},
    {"partition", partition<false>},
    {"removeprefix", remove_affix<true>},
    {"removesuffix", remove_affix<false>},
    {"replace", replace_method},
    {"rfind", find_text<true, false>},
    {"rindex", find_text<true, true>},
    {"rpartition", partition<true>},
    {"rsplit", rsplit_method},
    {"rstrip", strip_method<Side::Right>},
    {"split", split_method},
    {"splitlines", splitlines},
    {"startswith", starts_with},
    {"strip", strip_method<Side::Both>},
    {"title", changed<title>},
    {"upper", changed<upper>},
};

Value get_method(const Value& self, Arguments& a) {
  const Value* found = self.dict().find(a.need(0, "key"));
  return found ? *found : a.get(1, "default", None{});
}
Value items_method(const Value& self, Arguments&) {
  List pairs;
  for (const auto& [key, value] : self.dict().entries()) {
    pairs.push_back(Value(List{key, value}, true));
  }
  return pairs;
}
Value keys_method(const Value& self, Arguments&) { return iterate(self); }
Value values_method(const Value& self, Arguments&) {
  List values;
  for (const auto& entry : self.dict().entries()) values.push_back(entry.second);
  return values;
}
Value copy_method(const Value& self, Arguments&) { return self; }

constexpr Row kDict[] = {{"copy", copy_method},
                         {"get", get_method},
                         {"items", items_method},
                         {"keys", keys_method},
                         {"values", values_method}};

Value index_method(const Value& self, Arguments& a) {
  const List& items = self.list();
  for (size_t i = 0; i < items.size(); ++i) {
    if (equal(items[i], a.need(0, "value"))) return static_cast<int64_t>(i);
  }
  fail(a.need(0, "value").repr() + " is not in list");
}
Value count_method(const Value& self, Arguments& a) {
  const auto same = [&](const Value& v) { return equal(v, a.need(0, "value")); };
  return static_cast<int64_t>(std::count_if(self.list().begin(), self.list().end(), same));
}

constexpr Row kList[] = {{"copy", copy_method}, {"count", count_method}, {"index", index_method}};

constexpr std::string_view kChanging[] = {"append", "clear",   "extend", "insert",     "pop",
                                          "remove", "reverse", "sort",   "setdefault", "update"};

}  // namespace

std::optional<Value> find_method(const Value& self, std::string_view name) {
  const auto bound = [&](const auto& rows) -> std::optional<Value> {
    for (const Row& row : rows) {
      if (row.name != name) continue;
      return Value(Callable{std::string(name), [self, call = row.call](Arguments& arguments) {
                              return call(self, arguments);
                            }});
    }
    return {};
  };
  if (self.is_string()) return bound(kString);
  if (!self.is_list() && !self.is_dict()) return {};
  const bool is_key = self.is_dict() && self.dict().find(name);
  if (!is_key &&
      std::find(std::begin(kChanging), std::end(kChanging), name) != std::end(kChanging)) {
    return Value(Callable{std::string(name), [](Arguments& arguments) -> Value {
                            fail("'" + arguments.callee + "' would change its object");
                          }});
  }
  return self.is_list() ? bound(kList) : bound(kDict);
}

List split_text(std::string_view text, std::string_view separator, int64_t limit) {
  if (separator.empty()) fail("empty separator");
  List parts;
  size_t at;
  while (limit != 0 && (at = text.find(separator)) != text.npos) {
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
    --limit;
  }
  parts.emplace_back(text);
  return parts;
}

List split_words(std::string_view text, int64_t limit) {
  List words;
  text = strip(text, Side::Left);
  while (!text.empty()) {
    size_t end = 0;
    if (limit != 0) {
      for (const std::string_view character : characters(text)) {
        if (is_space(character)) break;
        end += character.size();
      }
    } else {
      end = text.size();
    }
    words.emplace_back(text.substr(0, end));
    text = strip(text.substr(end), Side::Left);
    --limit;
  }
  return words;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to,
                     int64_t limit) {
  std::string result;
  if (from.empty()) {  // between all characters, as Python does
    for (const std::string_view character : characters(text)) {
      if (limit != 0) result += to, --limit;
      result += character;
    }
    if (limit != 0) result += to;
    return result;
  }
  size_t at;
  while (limit != 0 && (at = text.find(from)) != text.npos) {
    result += text.substr(0, at);
    result += to;
    text.remove_prefix(at + from.size());
    --limit;
    if (result.size() > kMaxText) fail("replace: the text is over the limit");
  }
  return result += text;
}

}  // namespace vireo::jinja
