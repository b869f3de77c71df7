// OpDef: what the graph knows about an operator, and the contexts that its functions get.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/support/error.h"
#include "core/attrs.h"

namespace vireo {

class InferContext;
class EvalContext;
struct GraphNode;

// How closely two sound implementations agree; fixtures name the same classes.
enum class Tolerance { Exact, Rounding, Accumulate, Random };

enum OpFlags : uint32_t {
  kNone = 0,
  // Outputs are elements of input 0 moved about, chosen by the other inputs' values (Gather,
  // Reshape, Slice ...); Concat moves elements of all inputs. Lets partly known values (shapes)
  // pass through by evaluation on element numbers.
  kMovesInput0 = 1 << 0,
  kMovesAllInputs = 1 << 1,
  // element-wise, grows with each input (Add, Maximum): bounds of values pass through
  kMonotone = 1 << 2,
  // element-wise, grows with input 0 and falls with input 1 (Subtract, Divide by positives)
  kAntitoneInput1 = 1 << 3,
  kRandom = 1 << 4,       // never folded, never merged with an equal node
  kStateful = 1 << 5,     // reads or writes a variable
  kSink = 1 << 6,         // kept though nobody reads it (Assign)
  kElementwise = 1 << 7,  // output has the broadcast shape of its inputs, element by element
  // output shape depends on values of ordinary data (NonZero, NMS, Unique)
  kDataDependentShape = 1 << 8,
  kStructural = 1 << 9,  // Parameter, Constant, Result
  // of constants it is no constant: devices want its inputs (vireo.Dequantise)
  kCompressed = 1 << 10,
};

struct OpDef {
  std::string_view name;  // as in IR: "Softmax"
  int version = 1;  // the opset that introduced this form; 0: Vireo's own, never written to IR
  const AttrType* attrs = nullptr;
  void (*infer)(InferContext&) = nullptr;
  // null: the op has no evaluation by itself (control flow has)
  void (*evaluate)(EvalContext&) = nullptr;
  Tolerance tolerance = Tolerance::Exact;
  uint32_t flags = kNone;
  const void* custom = nullptr;  // an extension's own data

  bool has(uint32_t flag) const { return (flags & flag) != 0; }
  std::string opset() const;      // "opset8"; "vireo" for Vireo's own
  std::string full_name() const;  // "Softmax-8", "vireo.Conv"
};

// Opens the definition of an operator: VIREO_DEFINE_OP(softmax_8){"Softmax", 8,
// &kAttrType<Softmax>, infer, evaluate, ...};
#define VIREO_DEFINE_OP(symbol) \
  extern const OpDef symbol;    \
  const OpDef symbol

// Which operators exist. Chains to a base, so that a Core can add its own.
class OpRegistry {
 public:
  explicit OpRegistry(span<const OpDef* const> ops = {}, const OpRegistry* base = nullptr);
  void add(const OpDef* op);
  const OpDef* find(std::string_view name, int version) const;  // exact; null if there is none
  const OpDef* find_in_opset(std::string_view name,
                             int opset) const;  // the newest form not newer than the opset
  bool knows(std::string_view name) const;      // in any version
  std::vector<const OpDef*> all() const;

 private:
  std::vector<const OpDef*> ops_;  // sorted by name, then version
  const OpRegistry* base_;
};

// What is known of an output before running: element type, partial shape, and perhaps the value,
// whole or partly.
struct Fact {
  element::Type type;
  PartialShape shape;
  Tensor value;  // constant; empty if unknown
  // An integer tensor of few elements known only in part, as ShapeOf gives it: one interval (with
  // symbol) per element. Not set if `value` is. May hold negative bounds only as unbounded.
  std::optional<std::vector<Dimension>> dims;

  bool same_kind(const Fact& o) const { return type == o.type && shape == o.shape; }
};

// Given to OpDef::infer: reads input facts, sets output facts. Throws through fail().
class InferContext {
 public:
  InferContext(const OpDef& op, const Attrs& attrs, std::string_view node_name,
               std::vector<const Fact*> inputs)
      : op_(op), attrs_(attrs), node_name_(node_name), inputs_(std::move(inputs)) {}

  const OpDef& op() const { return op_; }
  int version() const { return op_.version; }
  template <typename T>
  const T& attrs() const {
    return attrs_.as<T>();
  }
  size_t inputs() const { return inputs_.size(); }
  const Fact& input(size_t i) const { return *inputs_[i]; }
  element::Type type(size_t i) const { return inputs_[i]->type; }
  const PartialShape& shape(size_t i) const { return inputs_[i]->shape; }

  // Throws unless min <= inputs <= max.
  void expect_inputs(size_t min, size_t max) const;
  // The common element type of inputs [first, last); dynamic merges with anything; throws if they
  // differ.
  element::Type common_type(size_t first, size_t last) const;
  void expect_real(size_t i) const;                            // dynamic passes
  void expect_integral(size_t i) const;                        // integer number or dynamic
  void expect_rank(size_t i, int64_t min, int64_t max) const;  // dynamic rank passes

  // An input's whole value as integers or doubles, if constant (any numeric type).
  std::optional<std::vector<int64_t>> ints(size_t i) const;
  std::optional<std::vector<double>> doubles(size_t i) const;
  std::optional<int64_t> scalar_int(size_t i) const;
  // An integer input's elements as dimensions, if known at least in part (constants too; negative
  // constants are refused by nullopt).
  std::optional<std::vector<Dimension>> dims(size_t i) const;

  // Axis normalised into [0, rank); throws out-of-range.
  int64_t axis(int64_t axis, int64_t rank) const;

  void set_output(size_t i, element::Type type, PartialShape shape);
  void set_dims(size_t i, std::vector<Dimension> dims);  // partial value of output i
  void set_value(size_t i, Tensor value);                // whole value of output i
  std::vector<Fact>& outputs() { return outputs_; }

  // "softmax 'h.0/attn': axis 5 is out of range for rank 4"
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    fail_text(fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  [[noreturn]] void fail_text(const std::string& text) const;
  const OpDef& op_;
  const Attrs& attrs_;
  std::string_view node_name_;
  std::vector<const Fact*> inputs_;
  std::vector<Fact> outputs_;
};

// Variables of one inference, shared by ReadValue and Assign.
class VariableStore {
 public:
  virtual ~VariableStore() = default;
  virtual Tensor* find(const std::string& id) = 0;  // null if never assigned
  virtual void assign(const std::string& id, const Tensor& value) = 0;
};

// Given to OpDef::evaluate: dense input tensors, outputs to be made.
class EvalContext {
 public:
  EvalContext(const OpDef& op, const Attrs& attrs, std::string_view node_name,
              std::vector<Tensor> inputs)
      : op_(op), attrs_(attrs), node_name_(node_name), inputs_(std::move(inputs)) {}

  const OpDef& op() const { return op_; }
  int version() const { return op_.version; }
  template <typename T>
  const T& attrs() const {
    return attrs_.as<T>();
  }
  size_t inputs() const { return inputs_.size(); }
  const Tensor& input(size_t i) const { return inputs_[i]; }
  const Shape& shape(size_t i) const { return inputs_[i].get_shape(); }

  // What infer says of the outputs for these very inputs (values included): the usual way to get
  // types and shapes.
  const std::vector<Fact>& facts();
  size_t outputs_needed() const { return outputs_.size(); }
  // Makes output i; the first form takes type and shape from facts(), which must be static.
  Tensor& output(size_t i);
  Tensor& output(size_t i, element::Type type, const Shape& shape);
  void set_output(size_t i, Tensor tensor);  // shares instead of copying
  std::vector<Tensor>& outputs() { return outputs_; }

  VariableStore* variables = nullptr;
  bool (*cancelled)(const void*) = nullptr;  // polled by loops
  const void* cancel_context = nullptr;
  void check_cancelled() const;

  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    fail_text(fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  [[noreturn]] void fail_text(const std::string& text) const;
  const OpDef& op_;
  const Attrs& attrs_;
  std::string_view node_name_;
  std::vector<Tensor> inputs_;
  std::vector<Tensor> outputs_;
  std::vector<Fact> facts_;
  bool inferred_ = false;
};

// Runs infer, then lets values pass: small outputs of constant inputs are evaluated, partly known
// integers move through.
std::vector<Fact> infer_facts(const OpDef& op, const Attrs& attrs, std::string_view name,
                              std::vector<const Fact*> inputs);
// Runs evaluate on dense copies of the inputs; throws NotSupported if the op has none.
std::vector<Tensor> evaluate_op(const OpDef& op, const Attrs& attrs, std::string_view name,
                                const std::vector<Tensor>& inputs,
                                VariableStore* variables = nullptr,
                                bool (*cancelled)(const void*) = nullptr,
                                const void* cancel_context = nullptr);

}  // namespace vireo
