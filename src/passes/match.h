// What rules ask of a graph, in few words.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/graph.h"
#include "core/patch.h"

namespace vireo::ops {
#define VIREO_OP(symbol) extern const OpDef symbol;
#include "ops/ops.inc"
#undef VIREO_OP
}  // namespace vireo::ops

namespace vireo::passes {

// The producer of `ref` if it is the public operator of that name.
const GraphNode* made_by(const Graph& g, OutputRef ref, std::string_view op);
inline bool is_public(const GraphNode& n, std::string_view op) {
  return n.op->version != 0 && n.op->name == op;
}
inline bool single_use(const Graph& g, OutputRef ref) {
  return g.arena->output(ref).uses.size() == 1;
}

inline const Tensor& value_of(const Graph& g, OutputRef ref) { return g.fact(ref).value; }
inline bool is_constant(const Graph& g, OutputRef ref) { return bool(value_of(g, ref)); }
std::optional<double> scalar(const Graph& g, OutputRef ref);              // constant of one element
std::optional<std::vector<int64_t>> ints(const Graph& g, OutputRef ref);  // constant
bool is_scalar(const Graph& g, OutputRef ref, double value, double tolerance = 1e-6);
// Every element of a constant is `value`.
bool all_equal(const Graph& g, OutputRef ref, double value);

// The other input of a commutative binary node whose one input is a scalar constant equal to
// `value`.
std::optional<OutputRef> other_than_scalar(const Graph& g, const GraphNode& n, double value,
                                           double tolerance = 1e-6);
// Splits the inputs of a binary node into a variable and a constant one, in whichever order;
// nothing if not so.
struct WithConstant {
  OutputRef data, constant;
};
std::optional<WithConstant> with_constant(const Graph& g, const GraphNode& n);

// Rank if known, else -1.
inline int64_t rank_of(const Graph& g, OutputRef ref) {
  const PartialShape& s = g.fact(ref).shape;
  return s.rank_is_static() ? int64_t(s.size()) : -1;
}
inline bool is_f32(const Graph& g, OutputRef ref) { return g.fact(ref).type == element::f32; }
bool same_shape(const PartialShape& a, const PartialShape& b);  // certainly
// Broadcasting `constant` to `data` leaves data's shape as it is, whatever its unknown extents are.
bool keeps_shape(const Graph& g, OutputRef data, OutputRef constant);
// NumPy's broadcasting, or none at all with equal shapes.
bool numpy_broadcast(const Graph& g, const GraphNode& n);

// An attribute by name, of operators whose structs are not declared in a header.
double number_attr(const GraphNode& n, std::string_view name, double fallback);
bool bool_attr(const GraphNode& n, std::string_view name, bool fallback);
std::string text_attr(const GraphNode& n, std::string_view name);

// A copy of a node with other inputs or attributes that keeps its name and credits.
OutputRef remake(Patch& patch, const Graph& g, NodeId from, Attrs attrs,
                 std::vector<OutputRef> inputs);
// A public operator's newest form up to opset 13, attributes by name.
OutputRef add_public(Patch& patch, std::string_view op, std::vector<OutputRef> inputs,
                     const AttrList& attrs = {});
OutputRef i64_constant(Patch& patch, const std::vector<int64_t>& values);
// Replaces output 0 of `from` by `to` and credits the originals: `from` and `others`.
void replace_with(Patch& patch, NodeId from, OutputRef to,
                  std::initializer_list<NodeId> others = {});

}  // namespace vireo::passes
