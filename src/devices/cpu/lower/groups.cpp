// Groups of element-wise nodes: a producer joins its consumers' group when all of them are in it
// and shapes are the same.
#include "devices/cpu/lower/groups.h"

#include <algorithm>

#include "devices/cpu/nodes/eltwise.h"
#include "devices/cpu/program.h"

namespace vireo::cpu {

namespace {

constexpr size_t kMaxMembers = 12;
constexpr size_t kMaxInputs = 10;

bool same_shape(const PartialShape& a, const PartialShape& b) {
  if (!a.rank_is_static() || !b.rank_is_static() || a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!a[i].same(b[i])) return false;
  return true;
}

size_t outside_inputs(const Program& p, const std::vector<uint32_t>& members) {
  std::vector<ValueId> seen;
  for (uint32_t m : members)
    for (ValueId v : p.nodes[m].inputs) {
      if (v == kNone32 || p.values[v].fact.value) continue;
      const bool inside =
          std::find(members.begin(), members.end(), p.values[v].maker) != members.end();
      if (!inside && std::find(seen.begin(), seen.end(), v) == seen.end()) seen.push_back(v);
    }
  return seen.size();
}

bool eligible(const BoundNode& node) {
  return node.kind == &eltwise_node && node.outputs.size() == 1;
}

}  // namespace

void find_groups(Program& p) {
  std::vector<std::vector<uint32_t>> readers(p.values.size());
  std::vector<char> is_result(p.values.size());
  for (uint32_t n = 0; n < p.nodes.size(); ++n)
    for (ValueId v : p.nodes[n].inputs)
      if (v != kNone32) readers[v].push_back(n);
  for (ValueId v : p.results) is_result[v] = true;

  // From the back, so that a group grows towards its inputs. group_of: the leader.
  std::vector<uint32_t> group_of(p.nodes.size(), kNone32);
  std::vector<std::vector<uint32_t>> members(p.nodes.size());
  for (uint32_t n = uint32_t(p.nodes.size()); n-- > 0;) {
    const BoundNode& node = p.nodes[n];
    if (!eligible(node)) continue;
    const ValueId out = node.outputs[0];
    uint32_t leader = kNone32;
    bool joins = !is_result[out] && !readers[out].empty();
    for (uint32_t r : readers[out]) {
      joins = joins && group_of[r] != kNone32 && (leader == kNone32 || leader == group_of[r]);
      if (joins) leader = group_of[r];
    }
    if (joins) {
      std::vector<uint32_t> grown = members[leader];
      grown.insert(grown.begin(), n);
      joins = grown.size() <= kMaxMembers && outside_inputs(p, grown) <= kMaxInputs &&
              same_shape(p.values[out].fact.shape, p.values[p.nodes[leader].outputs[0]].fact.shape);
      if (joins) members[leader] = std::move(grown);
    }
    group_of[n] = joins ? leader : n;
    if (!joins) members[n] = {n};
  }
  for (uint32_t n = 0; n < p.nodes.size(); ++n) {
    if (members[n].size() < 2) continue;
    p.nodes[n].group = members[n];
    p.nodes[n].group_kind = &eltwise_group_node;
    for (uint32_t m : members[n]) p.nodes[m].leader = n;
  }
}

}  // namespace vireo::cpu
