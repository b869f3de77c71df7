// The precision stage: one walk along the graph.
#include "passes/precision/precision.h"

#include <unordered_map>
#include <unordered_set>

#include "base/support/log.h"
#include "ops/arithmetic/arithmetic.h"
#include "ops/fused/fused.h"

namespace vireo {

namespace {

// What keeps the type of what it reads: the inputs that carry data, the others say shapes or
// scales.
constexpr size_t kAllInputs = ~size_t(0);
const std::unordered_map<std::string_view, size_t>& followers() {
  static const std::unordered_map<std::string_view, size_t> table = {
      {"Reshape", 1},       {"Squeeze", 1},       {"Unsqueeze", 1},
      {"Transpose", 1},     {"Split", 1},         {"VariadicSplit", 1},
      {"Slice", 1},         {"StridedSlice", 1},  {"Gather", 1},
      {"Broadcast", 1},     {"Tile", 1},          {"Concat", kAllInputs},
      {"vireo.MaxPool", 1}, {"vireo.AvgPool", 1}, {"vireo.LayerNorm", 1},
      {"vireo.RmsNorm", 1}};
  return table;
}

// Whose results are elements computed from elements at the same place.
bool is_elementwise(const GraphNode& n) {
  static const std::unordered_set<std::string_view> names = {
      "Add",     "Subtract", "Multiply", "Divide",
      "Maximum", "Minimum",  "Power",    "SquaredDifference",
      "PRelu",   "Negative", "Abs",      "Sqrt",
      "Exp",     "Tanh",     "Erf",      "Relu",
      "Clamp",   "Elu",      "Selu",     "Sigmoid",
      "Swish",   "HSwish",   "HSigmoid", "HardSigmoid",
      "Mish",    "SoftPlus", "SoftSign", "Gelu",
      "Floor",   "Ceiling",  "Sign",     "Round"};
  return names.count(n.op->name) && !n.op->custom && n.outputs.size() == 1;
}

bool is_constant(const Graph& graph, OutputRef ref) { return bool(graph.fact(ref).value); }

class Narrower {
 public:
  Narrower(Graph& graph, const PrecisionPolicy& policy)
      : graph_(graph), arena_(*graph.arena), policy_(policy) {}

  void run() {
    size_t products = 0;
    const std::vector<NodeId> order = graph_.order();
    for (size_t i = order.size(); i-- > 0;)
      if (leads_to_product(order[i])) leads_.insert(order[i]);
    for (NodeId id : order) {
      const GraphNode& n = graph_[id];
      if (n.is("ShapeOf")) continue;
      if (may_be_narrow(n) && (reads_narrow_activation(n) || policy_.worth(graph_, id))) {
        narrow_product(id);
        ++products;
      } else if (followers().count(n.op->name) && reads_narrow(n) &&
                 (leads_.count(id) || !computes(n))) {
        follow(id);
      } else if (is_elementwise(n)) {
        compute_wide(id);
      } else {
        widen_inputs(id);
      }
    }
    log_debug("passes", "narrow-activations: {} products read {}", products, policy_.type.name());
  }

 private:
  static bool is_product(const GraphNode& n) {
    return n.is("MatMul") || n.is("vireo.MatMul") || n.is("vireo.Conv") ||
           n.is("vireo.ConvTranspose") || n.is("vireo.Attention");
  }
  static size_t activations_of(const GraphNode& n) {
    if (n.is("vireo.Attention")) return n.attrs.as<ops::FusedAttention>().packed ? 1 : 3;
    return n.is("MatMul") || n.is("vireo.MatMul") ? 2 : 1;
  }
  bool may_be_narrow(const GraphNode& n) const {
    if (!is_product(n) || n.op->custom || n.fact().type != element::f32 ||
        is_constant(graph_, n.inputs[0]))
      return false;
    if (n.is("MatMul")) return !is_constant(graph_, n.inputs[1]);
    return activations_of(n) > 1 || is_constant(graph_, n.inputs[1]);
  }
  bool reads_narrow_activation(const GraphNode& n) const {
    for (size_t i = 0; i < activations_of(n); ++i)
      if (is_narrow(n.inputs[i])) return true;
    return false;
  }
  // Whether a product reads what this node makes, perhaps by way of what keeps its type.
  bool leads_to_product(NodeId id) const {
    for (const GraphOutput& out : graph_[id].outputs) {
      for (const Use& use : out.uses) {
        const GraphNode& reader = graph_[use.node];
        if (may_be_narrow(reader)) return true;
        if (leads_.count(use.node) &&
            (followers().count(reader.op->name) || is_elementwise(reader)))
          return true;
      }
    }
    return false;
  }
  // A follower whose results are not merely chosen from its inputs.
  static bool computes(const GraphNode& n) {
    return n.is("vireo.LayerNorm") || n.is("vireo.RmsNorm") || n.is("vireo.AvgPool");
  }
  bool is_narrow(OutputRef ref) const {
    return arena_.fact(ref).type == policy_.type && made_.count(ref.node);
  }
  bool reads_narrow(const GraphNode& n) const {
    const size_t count = std::min(followers().at(n.op->name), n.inputs.size());
    for (size_t i = 0; i < count; ++i)
      if (n.inputs[i].valid() && is_narrow(n.inputs[i])) return true;
    return false;
  }

  OutputRef convert(OutputRef from, element::Type type) {
    const NodeId id =
        arena_.add(ops::convert_1, ops::Convert{type}, {from}, arena_.producer(from).name);
    arena_.edit(id).rt_info = RtInfo();
    return {id, 0};
  }
  // The value in the narrow type: itself, what it was widened from, or a conversion.
  OutputRef narrow(OutputRef ref) {
    if (is_narrow(ref) || arena_.fact(ref).type != element::f32) return ref;
    const auto found = narrow_.find(ref);
    if (found != narrow_.end()) return found->second;
    // Fewer bytes are moved if the conversion comes first.
    if (arena_.producer(ref).is("Transpose") && arena_.output(ref).uses.size() == 1) {
      arena_.set_input(ref.node, 0, narrow(arena_.input(ref.node, 0)));
      arena_.infer(ref.node);
      made_.insert(ref.node);
      return ref;
    }
    const OutputRef to = convert(ref, policy_.type);
    made_.insert(to.node);
    return narrow_[ref] = to;
  }
  OutputRef widen(OutputRef ref) {
    if (!is_narrow(ref)) return ref;
    const auto found = wide_.find(ref);
    return found != wide_.end() ? found->second : wide_[ref] = convert(ref, element::f32);
  }

  void set(NodeId id, std::vector<OutputRef> inputs) {
    if (inputs != graph_[id].inputs) arena_.set_inputs(id, std::move(inputs));
    arena_.infer(id);
  }

  // Activations are narrow; weights, bias and mask stay as they are.
  void narrow_product(NodeId id) {
    const bool wide = !leads_.count(id) && write_wide(id);
    const GraphNode& n = graph_[id];
    std::vector<OutputRef> inputs = n.inputs;
    for (size_t i = 0; i < activations_of(n); ++i)
      if (!is_constant(graph_, inputs[i])) inputs[i] = narrow(inputs[i]);
    if (has_residual(n)) inputs.back() = wide ? widen(inputs.back()) : narrow(inputs.back());
    set(id, std::move(inputs));
    if (!wide) made_.insert(id);
  }
  // Makes a product write f32; false if its kernels write what they read.
  bool write_wide(NodeId id) {
    const GraphNode& n = graph_[id];
    if (n.is("vireo.MatMul")) return set_output_type(id, n.attrs.as<ops::FusedMatMul>());
    if (n.is("vireo.Conv")) return set_conv_type(id, n.attrs.as<ops::FusedConv>());
    if (n.is("vireo.ConvTranspose"))
      return set_conv_type(id, n.attrs.as<ops::FusedConvTranspose>());
    return false;
  }
  template <typename A>
  bool set_conv_type(NodeId id, const A& attrs) {
    return attrs.groups == 1 && set_output_type(id, attrs);
  }
  template <typename A>
  bool set_output_type(NodeId id, A attrs) {
    attrs.output_type = element::f32;
    arena_.set_attrs(id, Attrs(attrs));
    return true;
  }
  static bool has_residual(const GraphNode& n) {
    if (n.is("vireo.MatMul")) return n.attrs.as<ops::FusedMatMul>().has_residual;
    if (n.is("vireo.Conv")) return n.attrs.as<ops::FusedConv>().has_residual;
    if (n.is("vireo.ConvTranspose")) return n.attrs.as<ops::FusedConvTranspose>().has_residual;
    if (n.is("vireo.LayerNorm")) return n.attrs.as<ops::FusedLayerNorm>().has_residual;
    if (n.is("vireo.RmsNorm")) return n.attrs.as<ops::FusedRmsNorm>().has_residual;
    return false;
  }

  void follow(NodeId id) {
    take_residual(id);
    const GraphNode& n = graph_[id];
    std::vector<OutputRef> inputs = n.inputs;
    const size_t count = std::min(followers().at(n.op->name), inputs.size());
    for (size_t i = 0; i < count; ++i) inputs[i] = narrow(inputs[i]);
    if (has_residual(n)) inputs.back() = narrow(inputs.back());
    set(id, std::move(inputs));
    made_.insert(id);
  }

  // A norm adds the residual of the product that it reads: a sum that only it reads is not rounded.
  void take_residual(NodeId id) {
    const GraphNode& n = graph_[id];
    if ((!n.is("vireo.LayerNorm") && !n.is("vireo.RmsNorm")) || has_residual(n)) return;
    const NodeId product = n.inputs[0].node;
    const GraphNode& p = graph_[product];
    if (!p.is("vireo.MatMul") || p.outputs[0].uses.size() != 1) return;
    ops::FusedMatMul without = p.attrs.as<ops::FusedMatMul>();
    if (!without.has_residual || without.activation) return;
    std::vector<OutputRef> product_inputs = p.inputs, inputs = n.inputs;
    inputs.push_back(product_inputs.back());
    product_inputs.pop_back();
    without.has_residual = false;
    Attrs with = n.attrs;
    if (n.is("vireo.LayerNorm"))
      with = with_residual(n.attrs.as<ops::FusedLayerNorm>());
    else
      with = with_residual(n.attrs.as<ops::FusedRmsNorm>());
    rebuild(product, Attrs(without), std::move(product_inputs));
    rebuild(id, std::move(with), std::move(inputs));
  }
  template <typename A>
  static Attrs with_residual(A attrs) {
    attrs.has_residual = true;
    return Attrs(attrs);
  }
  void rebuild(NodeId id, Attrs attrs, std::vector<OutputRef> inputs) {
    arena_.set_attrs(id, std::move(attrs));
    arena_.set_inputs(id, std::move(inputs));
    arena_.infer(id);
  }

  // In f32, from its own conversions; the result is narrow unless nothing but the same chain reads
  // it.
  void compute_wide(NodeId id) {
    const GraphNode& n = graph_[id];
    std::vector<OutputRef> inputs = n.inputs;
    bool any = false;
    for (OutputRef& in : inputs) {
      any = any || is_narrow(in) || chained_.count(in.node);
      if (is_narrow(in)) in = convert(in, element::f32);
    }
    const std::vector<Use> uses = n.outputs[0].uses;
    set(id, std::move(inputs));
    if (!any || graph_[id].fact().type != element::f32 || !leads_.count(id)) return;
    chained_.insert(id);
    if (stays_in_chain(id, uses)) return;
    const OutputRef out = {id, 0}, to = narrow(out);
    for (const Use& use : uses)
      if (!graph_[use.node].is("Result")) arena_.set_input(use.node, use.index, to);
  }
  bool stays_in_chain(NodeId id, const std::vector<Use>& uses) const {
    for (const Use& use : uses) {
      const GraphNode& reader = graph_[use.node];
      if (!is_elementwise(reader) || !same_shape(reader.fact().shape, graph_[id].fact().shape))
        return false;
    }
    return true;
  }
  static bool same_shape(const PartialShape& a, const PartialShape& b) {
    if (!a.rank_is_static() || !b.rank_is_static() || a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i)
      if (!a[i].same(b[i])) return false;
    return true;
  }

  void widen_inputs(NodeId id) {
    std::vector<OutputRef> inputs = graph_[id].inputs;
    for (OutputRef& in : inputs)
      if (in.valid()) in = widen(in);
    if (inputs == graph_[id].inputs) return;
    arena_.set_inputs(id, std::move(inputs));
    arena_.infer(id);
  }

  Graph& graph_;
  Arena& arena_;
  const PrecisionPolicy& policy_;
  std::unordered_set<NodeId> leads_;    // nodes whose results a product reads
  std::unordered_set<NodeId> made_;     // nodes whose narrow outputs are this stage's doing
  std::unordered_set<NodeId> chained_;  // element-wise nodes that read narrow values
  std::unordered_map<OutputRef, OutputRef, OutputRefHash> narrow_, wide_;
};

}  // namespace

void narrow_activations(Graph& graph, const PrecisionPolicy& policy) {
  Narrower(graph, policy).run();
}

}  // namespace vireo
