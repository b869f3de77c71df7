#include "text/jinja/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "text/jinja/methods.h"
#include "text/jinja/utf8.h"

namespace vireo::jinja {
namespace {

std::string quoted(std::string_view text) {
  const bool twice = text.find('\'') != text.npos && text.find('"') == text.npos;
  const char quote = twice ? '"' : '\'';
  std::string result(1, quote);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      (result += '\\') += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '\r') {
      result += "\\r";
    } else if (c == '\t') {
      result += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      constexpr char kHex[] = "0123456789abcdef";
      ((result += "\\x") += kHex[byte >> 4]) += kHex[byte & 15];
    } else {
      result += c;
    }
  }
  return result += quote;
}

std::string list_text(const List& items, bool tuple) {
  std::string result(1, tuple ? '(' : '[');
  for (size_t i = 0; i < items.size(); ++i) {
    if (i) result += ", ";
    result += items[i].repr();
    if (result.size() > kMaxText) fail("the text of a list is over the limit");
  }
  if (tuple && items.size() == 1) result += ',';
  return result += tuple ? ')' : ']';
}

std::string dict_text(const Dict& dict) {
  std::string result = "{";
  for (const auto& [key, value] : dict.entries()) {
    if (result.size() > 1) result += ", ";
    result += key.repr() + ": " + value.repr();
    if (result.size() > kMaxText) fail("the text of a dictionary is over the limit");
  }
  return result += '}';
}

constexpr int64_t kBudget = 20'000'000;  // one to two seconds
thread_local int64_t budget = std::numeric_limits<int64_t>::max();

[[noreturn]] void fail_undefined(const Value& value) { fail(value.undefined().what); }

// The position of an index counted from either end, or -1.
int64_t position(int64_t index, int64_t size) {
  if (index < 0) index += size;
  return index < 0 || index >= size ? -1 : index;
}

}  // namespace

void fail(std::string what) { throw TemplateError{std::move(what)}; }

Budget::Budget() : before_(std::exchange(budget, kBudget)) {}
Budget::~Budget() { budget = before_; }

void charge(size_t units) {
  budget -= static_cast<int64_t>(units);
  if (budget < 0) fail("the template does not end");
}

Value::Value(std::string v) : data_(std::move(v)) { charge(string().size() / 16); }

Value::Value(List v, bool tuple) {
  charge(v.size());
  if (v.size() > kMaxItems) fail("a list is over the limit of items");
  int depth = 1;
  for (const Value& item : v) depth = std::max(depth, item.depth() + 1);
  if (depth > kMaxDepth) fail("lists lie too deep one in another");
  data_ = std::make_shared<const Sequence>(Sequence{std::move(v), tuple, depth});
}
Value::Value(Dict v) : data_(std::make_shared<const Dict>(std::move(v))) {}
Value::Value(Callable v) : data_(std::make_shared<const Callable>(std::move(v))) {}

int64_t Value::integer() const {
  return is_bool() ? std::get<bool>(data_) : std::get<int64_t>(data_);
}

double Value::number() const {
  return is_float() ? std::get<double>(data_) : static_cast<double>(integer());
}

bool Value::truth() const {
  if (is_undefined() || is_none()) return false;
  if (is_number()) return number() != 0;
  if (is_string()) return !string().empty();
  if (is_list()) return !list().empty();
  if (is_dict()) return dict().size() != 0;
  return true;
}

const char* Value::type_name() const {
  if (is_undefined()) return "Undefined";
  if (is_none()) return "NoneType";
  if (is_bool()) return "bool";
  if (is_int()) return "int";
  if (is_float()) return "float";
  if (is_string()) return "str";
  if (is_list()) return is_tuple() ? "tuple" : "list";
  if (is_dict()) return "dict";
  return is_namespace() ? "Namespace" : "function";
}

std::string Value::str() const {
  if (is_undefined()) return "";
  return is_string() ? string() : repr();
}

std::string Value::repr() const {
  if (is_undefined()) return "Undefined";
  if (is_none()) return "None";
  if (is_bool()) return truth() ? "True" : "False";
  if (is_int()) return std::to_string(integer());
  if (is_float()) return float_text(number());
  if (is_string()) return quoted(string());
  if (is_list()) return list_text(list(), is_tuple());
  if (is_dict()) return dict_text(dict());
  return is_namespace() ? "<Namespace>" : "<function " + callable().name + ">";
}

bool Value::same_as(const Value& other) const {
  if (data_.index() != other.data_.index()) return false;
  if (is_list()) return &list() == &other.list();
  if (is_dict()) return &dict() == &other.dict();
  if (is_namespace()) return &name_space() == &other.name_space();
  if (is_callable()) return &callable() == &other.callable();
  return equal(*this, other);
}

int Value::depth() const {
  if (is_list()) return std::get<std::shared_ptr<const Sequence>>(data_)->depth;
  return is_dict() ? dict().depth() : 0;
}

const Value* Dict::find(const Value& key) const {
  if (key.is_string()) {
    const auto found = by_text_.find(key.string());
    return found == by_text_.end() ? nullptr : &entries_[found->second].second;
  }
  for (const auto& [k, v] : entries_) {
    if (!k.is_string() && equal(k, key)) return &v;
  }
  return nullptr;
}

void Dict::set(Value key, Value value) {
  depth_ = std::max({depth_, key.depth() + 1, value.depth() + 1});
  if (depth_ > kMaxDepth) fail("dictionaries lie too deep one in another");
  if (const Value* old = find(key)) {
    *const_cast<Value*>(old) = std::move(value);
    return;
  }
  if (key.is_list() && !key.is_tuple()) fail("unhashable type: 'list'");
  if (key.is_dict()) fail("unhashable type: 'dict'");
  if (key.is_string()) by_text_.emplace(key.string(), entries_.size());
  entries_.emplace_back(std::move(key), std::move(value));
}

const Value* Arguments::find(size_t position, std::string_view name) const {
  if (position < positional.size()) return &positional[position];
  for (const auto& [key, value] : named) {
    if (key == name) return &value;
  }
  return nullptr;
}

Value Arguments::get(size_t position, std::string_view name, Value otherwise) const {
  const Value* found = find(position, name);
  return found ? *found : std::move(otherwise);
}

const Value& Arguments::need(size_t position, std::string_view name) const {
  const Value* found = find(position, name);
  if (!found) fail(callee + "() misses its argument '" + std::string(name) + "'");
  return *found;
}

const std::string& Arguments::need_string(size_t position, std::string_view name) const {
  const Value& value = need(position, name);
  if (value.is_undefined()) fail_undefined(value);
  if (!value.is_string()) {
    fail(callee + "(): '" + std::string(name) + "' is of type " + value.type_name() +
         ", expected str");
  }
  return value.string();
}

int64_t Arguments::get_int(size_t position, std::string_view name, int64_t otherwise) const {
  const Value* found = find(position, name);
  if (!found || found->is_none()) return otherwise;
  if (!found->is_int() && !found->is_bool()) {
    fail(callee + "(): '" + std::string(name) + "' is of type " + found->type_name() +
         ", expected int");
  }
  return found->integer();
}

bool equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    return a.is_float() || b.is_float() ? a.number() == b.number() : a.integer() == b.integer();
  }
  if (a.is_string() && b.is_string()) return a.string() == b.string();
  if (a.is_list() && b.is_list()) {
    return a.is_tuple() == b.is_tuple() && a.list().size() == b.list().size() &&
           std::equal(a.list().begin(), a.list().end(), b.list().begin(), equal);
  }
  if (a.is_dict() && b.is_dict()) {
    if (a.dict().size() != b.dict().size()) return false;
    for (const auto& [key, value] : a.dict().entries()) {
      const Value* other = b.dict().find(key);
      if (!other || !equal(value, *other)) return false;
    }
    return true;
  }
  if (a.is_undefined() || a.is_none()) {
    return a.is_undefined() == b.is_undefined() && a.is_none() == b.is_none();
  }
  return (a.is_namespace() && b.is_namespace()) || (a.is_callable() && b.is_callable())
             ? a.same_as(b)
             : false;
}

int compare(const Value& a, const Value& b) {
  if (a.is_undefined()) fail_undefined(a);
  if (b.is_undefined()) fail_undefined(b);
  if (a.is_number() && b.is_number()) {
    if (a.is_float() || b.is_float()) {
      return a.number() < b.number() ? -1 : a.number() > b.number() ? 1 : 0;
    }
    return a.integer() < b.integer() ? -1 : a.integer() > b.integer() ? 1 : 0;
  }
  // The order of UTF-8 bytes is the order of code points.
  if (a.is_string() && b.is_string()) {
    const int order = a.string().compare(b.string());
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  if (a.is_list() && b.is_list()) {
    const size_t both = std::min(a.list().size(), b.list().size());
    for (size_t i = 0; i < both; ++i) {
      if (!equal(a.list()[i], b.list()[i])) return compare(a.list()[i], b.list()[i]);
    }
    return a.list().size() < b.list().size() ? -1 : a.list().size() > b.list().size() ? 1 : 0;
  }
  fail(std::string("no order between '") + a.type_name() + "' and '" + b.type_name() + "'");
}

bool contains(const Value& container, const Value& item) {
  if (container.is_undefined()) return false;
  if (container.is_string()) {
    if (item.is_undefined()) fail_undefined(item);
    if (!item.is_string()) {
      fail(std::string("'in <string>' requires string as left operand, not ") + item.type_name());
    }
    return container.string().find(item.string()) != std::string::npos;
  }
  if (container.is_dict()) return container.dict().find(item) != nullptr;
  if (container.is_list()) {
    const List& items = container.list();
    return std::any_of(items.begin(), items.end(), [&](auto& v) { return equal(v, item); });
  }
  fail(std::string("argument of type '") + container.type_name() + "' is not iterable");
}

int64_t length(const Value& value) {
  if (value.is_undefined()) return 0;
  if (value.is_string()) return static_cast<int64_t>(characters(value.string()).size());
  if (value.is_list()) return static_cast<int64_t>(value.list().size());
  if (value.is_dict()) return static_cast<int64_t>(value.dict().size());
  fail(std::string("object of type '") + value.type_name() + "' has no length");
}

List iterate(const Value& value) {
  if (value.is_undefined()) return {};
  if (value.is_list()) return value.list();
  List result;
  if (value.is_dict()) {
    for (const auto& entry : value.dict().entries()) result.push_back(entry.first);
  } else if (value.is_string()) {
    for (const std::string_view character : characters(value.string())) {
      result.emplace_back(character);
    }
  } else {
    fail(std::string("'") + value.type_name() + "' object is not iterable");
  }
  return result;
}

Value attribute(const Value& value, std::string_view name) {
  if (value.is_undefined()) fail_undefined(value);
  if (value.is_namespace()) {
    const auto& attributes = value.name_space().attributes;
    const auto found = attributes.find(name);
    if (found != attributes.end()) return found->second;
  } else if (std::optional<Value> method = find_method(value, name)) {
    return *std::move(method);
  } else if (value.is_dict()) {
    if (const Value* found = value.dict().find(name)) return *found;
  }
  return Undefined{std::string("'") + value.type_name() + " object' has no attribute '" +
                   std::string(name) + "'"};
}

Value item(const Value& value, const Value& key) {
  if (value.is_undefined()) fail_undefined(value);
  if (value.is_dict()) {
    if (const Value* found = value.dict().find(key)) return *found;
  }
  if (key.is_string()) return attribute(value, key.string());
  if ((key.is_int() || key.is_bool()) && (value.is_list() || value.is_string())) {
    const int64_t at = position(key.integer(), length(value));
    if (at >= 0) {
      const auto index = static_cast<size_t>(at);
      return value.is_list() ? value.list()[index] : Value(characters(value.string())[index]);
    }
  }
  return Undefined{std::string("'") + value.type_name() + " object' has no element " + key.repr()};
}

Value slice(const Value& value, const Value& start, const Value& stop, const Value& step) {
  if (value.is_undefined()) fail_undefined(value);
  if (!value.is_list() && !value.is_string()) {
    fail(std::string("'") + value.type_name() + "' object cannot be sliced");
  }
  const auto bound = [](const Value& v, int64_t otherwise) {
    if (v.is_none()) return otherwise;
    if (!v.is_int() && !v.is_bool()) fail("slice indices must be integers or None");
    return v.integer();
  };
  const int64_t by = bound(step, 1), size = length(value);
  if (by == 0) fail("slice step cannot be zero");
  // Python's rules: a bound counts from the end when negative and is held inside the value.
  const int64_t low = by > 0 ? 0 : -1, high = by > 0 ? size : size - 1;
  const auto held = [&](const Value& v, int64_t otherwise) {
    int64_t at = bound(v, otherwise);
    if (!v.is_none() && at < 0) at += size;
    return std::clamp(at, low, high);
  };
  const int64_t first = held(start, by > 0 ? low : high), last = held(stop, by > 0 ? high : low);
  const std::vector<std::string_view> text =
      value.is_string() ? characters(value.string()) : std::vector<std::string_view>{};
  std::string cut;
  List items;
  for (int64_t at = first; by > 0 ? at < last : at > last;) {
    const auto index = static_cast<size_t>(at);
    if (value.is_string()) {
      cut += text[index];
    } else {
      items.push_back(value.list()[index]);
    }
    if (by > 0 ? by > last - at : by < last - at) break;  // the next would be past the end
    at += by;
  }
  return value.is_string() ? Value(std::move(cut)) : Value(std::move(items), value.is_tuple());
}

int64_t to_integer(double value) {
  // Written so that a NaN is refused too.
  if (!(value > -9.2e18 && value < 9.2e18)) {
    fail("cannot convert float " + float_text(value) + " to integer");
  }
  return static_cast<int64_t>(value);
}

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  // Python writes an exponent below 1e-4 and from 1e16 on.
  const double magnitude = std::fabs(value);
  const bool plain = magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e16);
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string result(text, end.ptr);
  if (plain && result.find('.') == result.npos) result += ".0";
  return result;
}

}  // namespace vireo::jinja
