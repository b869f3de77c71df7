// Constant folding: one walk along the graph evaluates all that depends on constants alone; what
// others read becomes a constant. Arithmetic in f16 and bf16 (the decompression of weights) is done
// in f32 and rounded only where somebody reads the narrow type.
#include <unordered_map>

#include "base/support/log.h"
#include "core/hollow.h"
#include "core/values.h"
#include "ops/arithmetic/arithmetic.h"
#include "passes/match.h"
#include "passes/stages.h"
#include "passes/tensors.h"

namespace vireo::passes {

namespace {

// Broadcasts and ranges may blow up; decompression of 4-bit weights to f32 takes eight times the
// bytes, that of 2-bit blocks twelve.
constexpr size_t kBlowUp = 13, kSmall = size_t(1) << 20;

class Folder {
 public:
  Folder(Graph& graph, const NormaliseOptions& options, Compressed compressed)
      : graph_(graph), patch_(graph), options_(options), compressed_(compressed) {}

  void run() {
    for (NodeId id : graph_.order())
      if (may_fold(graph_[id])) fold(id);
    size_t count = 0;
    for (auto& [ref, value] : values_) {
      bool read = false;
      for (const Use& use : graph_.arena->output(ref).uses)
        read = read || !values_.count({use.node, 0});
      if (!read) continue;
      const OutputRef constant =
          patch_.constant(narrowed(value, graph_.fact(ref).type), graph_[ref.node].name);
      patch_.replace(ref, constant);
      ++count;
    }
    if (count) log_debug("passes", "fold-constants made {}", count);
    patch_.apply();
    patch_.release_unread();
  }

 private:
  bool may_fold(const GraphNode& n) const {
    const uint32_t kept = compressed_ == Compressed::Keep ? kCompressed : kNone;
    return n.op->evaluate && !n.inputs.empty() &&
           !n.op->has(kRandom | kStateful | kSink | kStructural | kept);
  }
  static bool narrow(element::Type type) { return type == element::f16 || type == element::bf16; }
  static Tensor narrowed(const Tensor& t, element::Type type) {
    if (t.get_element_type() == type || !narrow(type)) return t;
    return evaluate_op(ops::convert_1, ops::Convert{type}, "fold", {t})[0];
  }
  // Operators whose f16 results may as well be f32.
  static bool widens(const GraphNode& n) {
    if (n.outputs.size() != 1 || !narrow(n.fact().type)) return false;
    if (n.op == &ops::convert_1 || n.op == &ops::multiply_1 || n.op == &ops::subtract_1 ||
        n.op == &ops::add_1 || n.op == &ops::divide_1)
      return true;
    return is_public(n, "Reshape") || is_public(n, "Transpose") || is_public(n, "Unsqueeze") ||
           is_public(n, "Squeeze");
  }
  Tensor known(OutputRef ref) const {
    const auto it = values_.find(ref);
    return it != values_.end() ? it->second : graph_.fact(ref).value;
  }

  void fold(NodeId id) {
    const GraphNode& n = graph_[id];
    bool settled = !widens(n);
    for (const GraphOutput& o : n.outputs) settled = settled && o.fact.value;
    std::vector<Tensor> inputs;
    size_t bytes = 0;
    for (OutputRef s : n.inputs) {
      if (settled) break;
      inputs.push_back(known(s));
      if (!inputs.back()) return;
      bytes += inputs.back().get_byte_size();
    }
    if (!settled && !affordable(n, bytes)) return;
    std::vector<Tensor> outputs;
    if (settled) {
      for (const GraphOutput& o : n.outputs) outputs.push_back(o.fact.value);
    } else {
      try {
        std::vector<element::Type> types;
        for (OutputRef s : n.inputs) types.push_back(graph_.fact(s).type);
        outputs = evaluate(n, inputs, types);
      } catch (const Error&) {
        return;  // an error in the values is for the inference to report
      }
    }
    for (uint32_t i = 0; i < outputs.size() && i < n.outputs.size(); ++i)
      values_[{id, i}] = outputs[i];
    for (OutputRef s : n.inputs) release(s);
  }

  // An operand whose last reader is folded is not needed any more: of a model's weights one at a
  // time has two forms in memory.
  void release(OutputRef ref) {
    for (const Use& use : graph_.arena->output(ref).uses)
      if (!values_.count({use.node, 0})) return;
    if (const auto it = values_.find(ref); it != values_.end())
      it->second = Tensor();  // the key stays: it is folded
    else if (graph_[ref.node].op == &constant_op)
      hollow_constant(*graph_.arena, ref.node);
  }

  bool affordable(const GraphNode& n, size_t bytes) const {
    for (const GraphOutput& o : n.outputs) {
      if (o.fact.shape.is_dynamic() || o.fact.type.is_dynamic()) continue;
      const size_t elements = shape_size(o.fact.shape.to_shape());
      const size_t size = dense_byte_size(o.fact.type, o.fact.shape.to_shape());
      if (elements > options_.max_folded_elements || (size > kSmall && size > kBlowUp * bytes))
        return false;
    }
    return true;
  }

  static std::vector<Tensor> evaluate(const GraphNode& n, std::vector<Tensor> inputs,
                                      const std::vector<element::Type>& types) {
    if (widens(n)) {
      for (Tensor& t : inputs)
        if (narrow(t.get_element_type())) t = to_f32(t);
      if (n.op == &ops::convert_1)
        return evaluate_op(*n.op, ops::Convert{element::f32}, n.name, inputs);
      return evaluate_op(*n.op, n.attrs, n.name, inputs);
    }
    // To f32 from what is f32 already: nothing was rounded.
    if (n.op == &ops::convert_1 && n.fact().type == inputs[0].get_element_type())
      return {inputs[0]};
    if (is_public(n, "Transpose") && inputs[0].get_element_type() == types[0] &&
        inputs[1].get_size() > 0)
      return {transposed(inputs[0], load<int64_t>(inputs[1]))};
    for (size_t i = 0; i < inputs.size(); ++i) inputs[i] = narrowed(inputs[i], types[i]);
    const element::Type from = inputs[0].get_element_type();
    if (n.op == &ops::convert_1 && n.fact().type == element::f32 && narrow(from))
      return {to_f32(inputs[0])};
    return evaluate_op(*n.op, n.attrs, n.name, inputs);
  }

  Graph& graph_;
  Patch patch_;
  const NormaliseOptions& options_;
  const Compressed compressed_;
  std::unordered_map<OutputRef, Tensor, OutputRefHash> values_;
};

}  // namespace

void fold_constants(Graph& graph, const NormaliseOptions& options, Compressed compressed) {
  Folder(graph, options, compressed).run();
}

}  // namespace vireo::passes
