// Equal nodes over equal inputs are one node.
#include <unordered_map>

#include "base/support/hash.h"
#include "base/support/log.h"
#include "core/values.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

constexpr size_t kHashedBytes = 4096;  // larger constants are equal only if they are one buffer

uint64_t key_of(const Graph& g, const GraphNode& n,
                const std::unordered_map<NodeId, NodeId>& same) {
  uint64_t h = hash_combine(0, uint64_t(reinterpret_cast<uintptr_t>(n.op)));
  for (OutputRef s : n.inputs) {
    const auto it = same.find(s.node);
    h = hash_combine(h, uint64_t(it == same.end() ? s.node : it->second) << 8 | s.index);
  }
  if (n.op == &constant_op) {
    const Tensor& t = n.fact().value;
    h = hash_combine(h, t.get_byte_size() <= kHashedBytes
                            ? content_hash(t)
                            : uint64_t(reinterpret_cast<uintptr_t>(t.data())));
  }
  return h;
}

bool equal(const GraphNode& a, const GraphNode& b, const std::unordered_map<NodeId, NodeId>& same) {
  if (a.op != b.op || a.inputs.size() != b.inputs.size()) return false;
  const auto leader = [&](OutputRef s) {
    const auto it = same.find(s.node);
    return it == same.end() ? s : OutputRef{it->second, s.index};
  };
  for (size_t i = 0; i < a.inputs.size(); ++i)
    if (leader(a.inputs[i]) != leader(b.inputs[i])) return false;
  if (a.op != &constant_op) return a.attrs == b.attrs;
  const Tensor &x = a.fact().value, &y = b.fact().value;
  return x.get_byte_size() <= kHashedBytes ? same_contents(x, y) : x.same_buffer(y);
}

}  // namespace

void merge_equal_nodes(Graph& graph) {
  Patch patch(graph);
  std::unordered_map<uint64_t, NodeId> seen;
  std::unordered_map<NodeId, NodeId> same;
  for (NodeId id : graph.order()) {
    const GraphNode& n = graph[id];
    if (n.op->has(kRandom | kStateful | kSink) || n.op == &parameter_op || n.op == &result_op)
      continue;
    const auto [it, fresh] = seen.emplace(key_of(graph, n, same), id);
    if (fresh || !equal(graph[it->second], n, same)) continue;
    same[id] = it->second;
    for (uint32_t i = 0; i < n.outputs.size(); ++i) patch.replace({id, i}, {it->second, i});
  }
  if (!same.empty()) log_debug("passes", "merge-equal-nodes: {}", same.size());
  patch.apply();
}

}  // namespace vireo::passes
