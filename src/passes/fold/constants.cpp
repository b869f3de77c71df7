// Constant folding: one walk along the graph evaluates all that depends on constants alone; what others read becomes a constant.
#include <unordered_map>

#include "base/support/log.h"
#include "ops/arithmetic/arithmetic.h"
#include "passes/match.h"
#include "passes/stages.h"
#include "passes/tensors.h"

namespace vireo::passes {

namespace {

// Broadcasts and ranges may blow up; decompression of 4-bit weights to f32 takes eight times the bytes.
constexpr size_t kBlowUp = 8, kSmall = size_t(1) << 20;

class Folder {
 public:
  Folder(Graph& graph, const NormaliseOptions& options) : graph_(graph), patch_(graph), options_(options) {}

  void run() {
    for (NodeId id : graph_.order())
      if (may_fold(graph_[id])) fold(id);
    size_t count = 0;
    for (auto& [ref, value] : values_) {
      bool read = false;
      for (const Use& use : graph_.arena->output(ref).uses) read = read || !values_.count({use.node, 0});
      if (!read) continue;
      const OutputRef constant = patch_.constant(value, graph_[ref.node].name);
      patch_.replace(ref, constant);
      ++count;
    }
    if (count) log_debug("passes", "fold-constants made {}", count);
    patch_.apply();
  }

 private:
  static bool may_fold(const GraphNode& n) {
    return n.op->evaluate && !n.inputs.empty() && !n.op->has(kRandom | kStateful | kSink | kStructural);
  }
  Tensor known(OutputRef ref) const {
    const auto it = values_.find(ref);
    return it != values_.end() ? it->second : graph_.fact(ref).value;
  }

  void fold(NodeId id) {
    const GraphNode& n = graph_[id];
    bool settled = true;
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
        outputs = evaluate(n, inputs);
      } catch (const Error&) {
        return;  // an error in the values is for the inference to report
      }
    }
    for (uint32_t i = 0; i < outputs.size() && i < n.outputs.size(); ++i) values_[{id, i}] = outputs[i];
  }

  bool affordable(const GraphNode& n, size_t bytes) const {
    for (const GraphOutput& o : n.outputs) {
      if (o.fact.shape.is_dynamic() || o.fact.type.is_dynamic()) continue;
      const size_t elements = shape_size(o.fact.shape.to_shape());
      const size_t size = dense_byte_size(o.fact.type, o.fact.shape.to_shape());
      if (elements > options_.max_folded_elements || (size > kSmall && size > kBlowUp * bytes)) return false;
    }
    return true;
  }

  static std::vector<Tensor> evaluate(const GraphNode& n, const std::vector<Tensor>& inputs) {
    const element::Type from = inputs[0].get_element_type();
    if (n.op == &ops::convert_1 && n.fact().type == element::f32 && (from == element::f16 || from == element::bf16)) return {to_f32(inputs[0])};
    return evaluate_op(*n.op, n.attrs, n.name, inputs);
  }

  Graph& graph_;
  Patch patch_;
  const NormaliseOptions& options_;
  std::unordered_map<OutputRef, Tensor, OutputRefHash> values_;
};

}  // namespace

void fold_constants(Graph& graph, const NormaliseOptions& options) { Folder(graph, options).run(); }

}  // namespace vireo::passes
