// vireo.CachedAttention and the two variables around it become vireo.PagedAttention.
//
//   ReadValue ─┐
//   q, k, v ─ vireo.CachedAttention ─ dst     becomes     q, k, v ─ vireo.PagedAttention ─ dst
//                         └─ Assign
#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "core/values.h"
#include "ops/fused/fused.h"
#include "ops/state/state.h"
#include "passes/match.h"
#include "passes/states/states.h"

namespace vireo {

namespace {

using namespace passes;

constexpr int64_t kMostShared = 64;  // query heads that share a key

enum Input : size_t { kQ, kK, kV, kPastK, kPastV, kRest };

// What a vireo.CachedAttention shall become.
struct Candidate {
  NodeId id;
  ops::FusedPagedAttention attrs;
  std::vector<OutputRef> inputs;
  std::vector<float> slopes;
  std::vector<NodeId> reads, assigns;
};

// The id of the variable that `past` reads, if it begins as nothing and takes `present` alone,
// which nobody else reads; else empty.
std::string variable_of(const Graph& g, OutputRef past, OutputRef present) {
  const GraphNode* read = made_by(g, past, "ReadValue");
  if (!read || read->op->version != 6 || !single_use(g, present)) return {};
  const auto& a = read->attrs.as<ops::ReadValue>();
  const bool bare = read->inputs.empty();
  const PartialShape& first = bare ? a.variable_shape : g.fact(read->inputs[0]).shape;
  if (!first.rank_is_static() || first.size() != 4) return {};
  const bool empty = bare ? first[2].is_dynamic() : first[2] == Dimension(0);
  const GraphNode& assign = g[g.arena->output(present).uses[0].node];
  if (!empty || !assign.is("Assign") ||
      assign.attrs.as<ops::VariableId>().variable_id != a.variable_id)
    return {};
  for (NodeId id : g.sinks)  // one writer
    if (g[id].is("Assign") && &g[id] != &assign &&
        g[id].attrs.as<ops::VariableId>().variable_id == a.variable_id)
      return {};
  return a.variable_id;
}

bool is_extent(const Dimension& d) { return d.is_static() && d.get_length() > 0; }

bool is_integer(const Graph& g, OutputRef ref) {
  const element::Type t = g.fact(ref).type;
  return t == element::i64 || t == element::i32;
}

class Pager {
 public:
  explicit Pager(Graph& g) : g_(g) {}

  void run() {
    for (NodeId id : g_.order())
      if (g_[id].op == &ops::fused_cached_attention_0) consider(id);
    // A cache that something else reads, if only its length, stays; and so does then what hangs on
    // a mask that is still made.
    for (size_t before = 0; before != candidates_.size();) {
      before = candidates_.size();
      const std::unordered_set<NodeId> needed = nodes_needed();
      const auto is_read = [&](const Candidate& c) {
        return needed.count(c.reads[0]) || needed.count(c.reads[1]);
      };
      candidates_.erase(std::remove_if(candidates_.begin(), candidates_.end(), is_read),
                        candidates_.end());
    }
    for (Candidate& c : candidates_) replace(c);
  }

 private:
  void consider(NodeId id) {
    const GraphNode& n = g_[id];
    const auto& a = n.attrs.as<ops::FusedCachedAttention>();
    Candidate c{id, {}, {n.inputs[kQ], n.inputs[kK], n.inputs[kV]}, {}, {}, {}};
    c.attrs.scale = a.scale, c.attrs.layout = a.layout, c.attrs.has_beam = a.has_beam;
    c.attrs.key_id = variable_of(g_, n.inputs[kPastK], {id, 1});
    c.attrs.value_id = variable_of(g_, n.inputs[kPastV], {id, 2});
    if (c.attrs.key_id.empty() || c.attrs.value_id.empty() ||
        g_.arena->output({id, 0}).uses.empty() || !heads_are_known(n))
      return;
    if (a.has_beam) {
      const OutputRef beam = n.inputs[kRest];
      if (!shared_parameter(beam, beam_) || !is_integer(g_, beam)) return;
      c.inputs.push_back(beam);
    }
    if (a.has_mask && !take_mask(n, c)) return;
    c.reads = {n.inputs[kPastK].node, n.inputs[kPastV].node};
    c.assigns = {g_.arena->output({id, 1}).uses[0].node, g_.arena->output({id, 2}).uses[0].node};
    candidates_.push_back(std::move(c));
  }

  // What results and sinks need once the candidates are replaced.
  std::unordered_set<NodeId> nodes_needed() const {
    std::unordered_map<NodeId, const Candidate*> by_id;
    std::unordered_set<NodeId> assigns, seen;
    for (const Candidate& c : candidates_) {
      by_id[c.id] = &c;
      assigns.insert(c.assigns.begin(), c.assigns.end());
    }
    std::vector<NodeId> open = g_.results;
    for (NodeId id : g_.sinks)
      if (!assigns.count(id)) open.push_back(id);
    seen.insert(open.begin(), open.end());
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      const auto found = by_id.find(id);
      for (OutputRef s : found == by_id.end() ? g_[id].inputs : found->second->inputs)
        if (s.valid() && seen.insert(s.node).second) open.push_back(s.node);
    }
    return seen;
  }

  void replace(Candidate& c) {
    Patch patch(g_);
    if (!c.slopes.empty())
      c.inputs.push_back(patch.constant(make_tensor<double>(element::f32, {c.slopes.size()},
                                                            {c.slopes.begin(), c.slopes.end()})));
    replace_with(patch, c.id, patch.add(ops::fused_paged_attention_0, c.attrs, c.inputs));
    for (NodeId assign : c.assigns)
      g_.sinks.erase(std::remove(g_.sinks.begin(), g_.sinks.end(), assign), g_.sinks.end());
    patch.apply();
    for (NodeId assign : c.assigns) g_.arena->detach(assign);
    g_.arena->detach(c.id);
  }

  // f32, with all extents known but batch and lengths.
  bool heads_are_known(const GraphNode& n) const {
    const bool behind = n.attrs.as<ops::FusedCachedAttention>().layout == ops::HeadLayout::Bshd;
    const size_t heads = behind ? 2 : 1;
    for (size_t i : {kQ, kK, kV}) {
      const Fact& f = g_.fact(n.inputs[i]);
      if (f.type != element::f32 || !f.shape.rank_is_static() || !is_extent(f.shape[heads]) ||
          !is_extent(f.shape[3]))
        return false;
    }
    const PartialShape &q = g_.fact(n.inputs[kQ]).shape, &k = g_.fact(n.inputs[kK]).shape,
                       &v = g_.fact(n.inputs[kV]).shape;
    const int64_t group = q[heads].get_length() / k[heads].get_length();
    return k[heads] == v[heads] && group > 0 && group <= kMostShared &&
           group * k[heads].get_length() == q[heads].get_length();
  }

  // All operators of a graph hang on the same one, so that a run can look at it once.
  bool shared_parameter(OutputRef ref, OutputRef& shared) {
    if (g_[ref.node].op != &parameter_op || (shared.valid() && shared != ref)) return false;
    shared = ref;
    return true;
  }

  bool take_mask(const GraphNode& n, Candidate& c) {
    const OutputRef mask = n.inputs.back();
    const bool behind = c.attrs.layout == ops::HeadLayout::Bshd;
    const int64_t heads = g_.fact(n.inputs[kQ]).shape[behind ? 2 : 1].get_length();
    const auto [known, is_new] = senses_.try_emplace({mask, heads});
    if (is_new)
      known->second = sense_of_mask(g_, mask, n.inputs[kPastK],
                                    c.attrs.has_beam ? n.inputs[kRest] : OutputRef{}, heads);
    if (!known->second) return false;
    const MaskSense& sense = *known->second;
    c.attrs.causal = true;
    c.attrs.window = sense.window;
    if (sense.padding.valid()) {
      if (!shared_parameter(sense.padding, padding_) || !is_integer(g_, sense.padding))
        return false;
      c.attrs.has_padding = true;
      c.inputs.push_back(sense.padding);
    }
    c.slopes = sense.slopes;
    c.attrs.has_slopes = !c.slopes.empty();
    return true;
  }

  Graph& g_;
  std::vector<Candidate> candidates_;
  OutputRef beam_, padding_;
  std::map<std::pair<OutputRef, int64_t>, std::optional<MaskSense>> senses_;
};

}  // namespace

void page_states(Graph& graph) { Pager(graph).run(); }

}  // namespace vireo
