// Attributes of a node: a plain struct behind a shared, immutable, type-erased handle. One `visit`
// per struct serves IR, text, comparison, hashing and construction by name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/support/span.h"
#include "vireo/shape.h"
#include "vireo/tensor.h"

namespace vireo {

struct Graph;

// How a body's ports are tied to those of its If, Loop or TensorIterator.
struct BodyInput {
  int64_t input = -1;      // the node's input; -1: the iteration counter of a Loop
  int64_t parameter = 0;   // index among the body's parameters
  int64_t back_edge = -1;  // index of the body's result that feeds the next iteration; -1: none
  // slicing axis; -1: not sliced. Slices run from start to end (inclusive bounds, negative from the
  // end)
  int64_t axis = -1;
  int64_t start = 0, end = -1, stride = 1, part_size = 1;
};
struct BodyOutput {
  int64_t output = 0;  // the node's output; -1: the execution condition of a Loop
  int64_t result = 0;  // index among the body's results
  int64_t axis = -1;   // concatenation axis; -1: the last iteration's value
  int64_t start = 0, end = -1, stride = 1, part_size = 1;
};
struct Body {
  std::shared_ptr<Graph> graph;
  std::vector<BodyInput> inputs;
  std::vector<BodyOutput> outputs;
};

// Attribute structs declare `void visit(AttrVisitor& v, MyAttrs& a)` in their own namespace and
// name each member once.
class AttrVisitor {
 public:
  virtual ~AttrVisitor() = default;
  virtual void on(const char* name, bool& value) = 0;
  virtual void on(const char* name, int64_t& value) = 0;
  virtual void on(const char* name, double& value) = 0;
  virtual void on(const char* name, std::string& value) = 0;
  virtual void on(const char* name, element::Type& value) = 0;
  virtual void on(const char* name, PartialShape& value) = 0;
  virtual void on(const char* name, std::vector<int64_t>& value) = 0;
  virtual void on(const char* name, std::vector<double>& value) = 0;
  virtual void on(const char* name, std::vector<std::string>& value) = 0;
  virtual void on(const char* name, Tensor& value) = 0;  // constants only
  virtual void on(const char* name, Body& value) = 0;    // IR: "body", "then_body", "else_body"
  virtual void on_enum(const char* name, int& value, span<const char* const> names) = 0;

  // An enum whose values are 0, 1, ... in the order of its names: v.on("auto_pad", a.auto_pad,
  // kAutoPadNames).
  template <typename E, size_t N>
  void on(const char* name, E& value, const char* const (&names)[N]) {
    static_assert(std::is_enum_v<E>);
    int index = static_cast<int>(value);
    on_enum(name, index, span<const char* const>(names, N));
    value = static_cast<E>(index);
  }
};

// What the type-erased handle must know about an attribute struct.
struct AttrType {
  std::shared_ptr<void> (*make)();
  std::shared_ptr<void> (*copy)(const void*);
  void (*visit)(AttrVisitor&, void*);
};

struct NoAttrs {};
inline void visit(AttrVisitor&, NoAttrs&) {}

template <typename T>
inline constexpr AttrType kAttrType = {
    []() -> std::shared_ptr<void> { return std::make_shared<T>(); },
    [](const void* p) -> std::shared_ptr<void> {
      return std::make_shared<T>(*static_cast<const T*>(p));
    },
    [](AttrVisitor& v, void* p) { visit(v, *static_cast<T*>(p)); },
};

class Attrs {
 public:
  Attrs() : Attrs(NoAttrs{}) {}
  template <typename T,
            typename = std::enable_if_t<!std::is_same_v<T, Attrs> && !std::is_pointer_v<T>>>
  Attrs(T value) : type_(&kAttrType<T>), data_(std::make_shared<T>(std::move(value))) {}
  Attrs(const AttrType* type, std::shared_ptr<const void> data)
      : type_(type), data_(std::move(data)) {}

  template <typename T>
  const T& as() const {
    return *static_cast<const T*>(checked(&kAttrType<T>));
  }
  template <typename T>
  bool is() const {
    return type_ == &kAttrType<T>;
  }
  const AttrType* type() const { return type_; }
  const void* get() const { return data_.get(); }
  // Visits a copy (readers of attributes) or makes changed attributes from it (writers).
  Attrs visited(AttrVisitor& visitor) const;
  void visit(AttrVisitor& visitor) const { (void)visited(visitor); }

  bool operator==(const Attrs& other) const;
  uint64_t hash() const;

 private:
  const void* checked(const AttrType* type) const;
  const AttrType* type_;
  std::shared_ptr<const void> data_;
};

// Attributes by name, for frontends, the text form and Python: {{"axis", 1}, {"auto_pad",
// "same_upper"}}.
class AttrValue {
 public:
  using Variant =
      std::variant<bool, int64_t, double, std::string, std::vector<int64_t>, std::vector<double>,
                   std::vector<std::string>, element::Type, PartialShape, Tensor, Body>;
  AttrValue(bool v) : value(v) {}
  AttrValue(int v) : value(int64_t(v)) {}
  AttrValue(int64_t v) : value(v) {}
  AttrValue(size_t v) : value(int64_t(v)) {}
  AttrValue(double v) : value(v) {}
  AttrValue(const char* v) : value(std::string(v)) {}
  AttrValue(std::string v) : value(std::move(v)) {}
  AttrValue(std::vector<int64_t> v) : value(std::move(v)) {}
  AttrValue(std::vector<double> v) : value(std::move(v)) {}
  AttrValue(std::vector<std::string> v) : value(std::move(v)) {}
  AttrValue(element::Type v) : value(v) {}
  AttrValue(PartialShape v) : value(std::move(v)) {}
  AttrValue(Tensor v) : value(std::move(v)) {}
  AttrValue(Body v) : value(std::move(v)) {}
  Variant value;
};
using AttrList = std::vector<std::pair<std::string, AttrValue>>;

// Builds attributes by name; throws InvalidArgument naming an unknown attribute or a wrong kind of
// value. `where` opens the message.
Attrs make_attrs(const AttrType* type, const AttrList& values, std::string_view where);
// All attributes as a list, in the order of `visit`; enums as their names.
AttrList list_attrs(const Attrs& attrs);
std::string to_text(const AttrValue& value);

}  // namespace vireo
