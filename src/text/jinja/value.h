// The values that a chat template computes with: Python's, as far as templates can tell. Lists and
// dictionaries are shared by reference and never change once built; a namespace is the one thing
// that does.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace vireo::jinja {

class Value;
class Dict;
struct Arguments;

using List = std::vector<Value>;
using Function = std::function<Value(Arguments&)>;

// What a missing name or attribute gives: prints as nothing, counts as false, and every other use
// of it is an error that says `what`.
struct Undefined {
  std::string what;
};
struct None {};
// A tuple differs from a list only in how it prints.
struct Sequence {
  List items;
  bool tuple = false;
  int depth = 1;
};
struct Namespace {
  bool sealed = false;  // `loop`: its attributes are not the template's to set
  std::map<std::string, Value, std::less<>> attributes;
};
struct Callable {
  std::string name;
  Function call;
};

class Value {
 public:
  Value() : data_(Undefined{}) {}
  Value(Undefined v) : data_(std::move(v)) {}
  Value(None v) : data_(v) {}
  Value(bool v) : data_(v) {}
  Value(int64_t v) : data_(v) {}
  Value(double v) : data_(v) {}
  Value(std::string v);
  Value(std::string_view v) : Value(std::string(v)) {}
  Value(const char* v) : Value(std::string(v)) {}
  Value(List v, bool tuple = false);
  Value(Dict v);
  Value(std::shared_ptr<Namespace> v) : data_(std::move(v)) {}
  Value(Callable v);

  bool is_undefined() const { return std::holds_alternative<Undefined>(data_); }
  bool is_none() const { return std::holds_alternative<None>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_int() const { return std::holds_alternative<int64_t>(data_); }
  bool is_float() const { return std::holds_alternative<double>(data_); }
  bool is_number() const { return is_int() || is_float() || is_bool(); }
  bool is_string() const { return std::holds_alternative<std::string>(data_); }
  bool is_list() const { return std::holds_alternative<std::shared_ptr<const Sequence>>(data_); }
  bool is_dict() const { return std::holds_alternative<std::shared_ptr<const Dict>>(data_); }
  bool is_namespace() const { return std::holds_alternative<std::shared_ptr<Namespace>>(data_); }
  bool is_callable() const {
    return std::holds_alternative<std::shared_ptr<const Callable>>(data_);
  }

  const Undefined& undefined() const { return std::get<Undefined>(data_); }
  const std::string& string() const { return std::get<std::string>(data_); }
  const List& list() const { return std::get<std::shared_ptr<const Sequence>>(data_)->items; }
  bool is_tuple() const {
    return is_list() && std::get<std::shared_ptr<const Sequence>>(data_)->tuple;
  }
  const Dict& dict() const { return *std::get<std::shared_ptr<const Dict>>(data_); }
  Namespace& name_space() const { return *std::get<std::shared_ptr<Namespace>>(data_); }
  const Callable& callable() const { return *std::get<std::shared_ptr<const Callable>>(data_); }
  int64_t integer() const;  // of an int or a bool
  double number() const;    // of an int, a bool or a float

  bool truth() const;
  // Python's word for the type, as error messages say it.
  const char* type_name() const;
  // What `{{ value }}` writes.
  std::string str() const;
  // What a value writes inside a printed list.
  std::string repr() const;
  // How many lists and dictionaries lie one in another, this one included. Held under kMaxDepth
  // wherever one is built, so that what walks or frees a value may recurse.
  int depth() const;
  // The same object in memory, or the same plain value.
  bool same_as(const Value& other) const;

 private:
  std::variant<Undefined, None, bool, int64_t, double, std::string, std::shared_ptr<const Sequence>,
               std::shared_ptr<const Dict>, std::shared_ptr<Namespace>,
               std::shared_ptr<const Callable>>
      data_;
};

// Keeps the order in which keys came.
class Dict {
 public:
  using Entry = std::pair<Value, Value>;
  const Value* find(const Value& key) const;
  void set(Value key, Value value);  // the last value of a key wins, its place stays
  const std::vector<Entry>& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }
  int depth() const { return depth_; }

 private:
  std::vector<Entry> entries_;
  int depth_ = 1;
  std::map<std::string, size_t, std::less<>> by_text_;  // most keys are strings
};

// What a call was given; `take` is how a filter, test or method reads one after the other.
struct Arguments {
  std::string callee;
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;

  // The argument at `position`, or called `name`, or nothing.
  const Value* find(size_t position, std::string_view name) const;
  Value get(size_t position, std::string_view name, Value otherwise) const;
  // Throws when it is missing.
  const Value& need(size_t position, std::string_view name) const;
  const std::string& need_string(size_t position, std::string_view name) const;
  int64_t get_int(size_t position, std::string_view name, int64_t otherwise) const;
};

// A wrong use of a value. The renderer adds the line.
struct TemplateError {
  std::string what;
};
[[noreturn]] void fail(std::string what);

bool equal(const Value& a, const Value& b);
// -1, 0, 1; throws for types that have no order between them.
int compare(const Value& a, const Value& b);
bool contains(const Value& container, const Value& item);
int64_t length(const Value& value);
// What a `for` goes through: the items of a list, the keys of a dictionary, the characters of a
// string; nothing for an undefined value.
List iterate(const Value& value);
// `value.name`; an undefined value where there is no such thing.
Value attribute(const Value& value, std::string_view name);
// `value[key]`.
Value item(const Value& value, const Value& key);
// `value[start:stop:step]`; bounds left out are None.
Value slice(const Value& value, const Value& start, const Value& stop, const Value& step);

// Towards zero; throws when the result is no 64-bit integer.
int64_t to_integer(double value);
// How Python prints a float: the shortest text that reads back the same.
std::string float_text(double value);

// What one rendering may do in all: a template that loops for ever, or over ever larger values,
// fails instead. The unit is about the work of one expression.
class Budget {
 public:
  Budget();  // for this thread, until the end of the block
  ~Budget();
  Budget(const Budget&) = delete;

 private:
  int64_t before_;
};
void charge(size_t units);  // throws when the budget is spent

// Bytes beyond which a template's output, or one string in it, is refused.
constexpr size_t kMaxText = size_t{8} << 20;
constexpr size_t kMaxItems = 1'000'000;  // of one list
constexpr int kMaxDepth = 200;

}  // namespace vireo::jinja
