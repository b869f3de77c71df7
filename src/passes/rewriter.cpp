// The rewriter's driver: a work list of nodes in order, rules found by operator name.
#include "passes/rewriter.h"

#include <deque>
#include <string_view>
#include <unordered_map>

#include "base/support/log.h"

namespace vireo::passes {

namespace {

constexpr size_t kFiringsPerNode = 12;

using Table = std::unordered_map<std::string_view, std::vector<const Rule*>>;

bool dead(const GraphNode& node) {
  if (node.op->has(kStructural | kSink)) return false;
  if (!node.linked) return true;
  for (const GraphOutput& o : node.outputs)
    if (!o.uses.empty()) return false;
  return true;
}

#ifndef NDEBUG
void verify(const Graph& graph, const Rule& rule) {
  for (NodeId id : graph.order())
    for (OutputRef s : graph[id].inputs)
      if (s.index >= graph[s.node].outputs.size())
        fail(ErrorCode::Internal, "rule {} left '{}' without its input", rule.name, graph[id].name);
}
#endif

class Driver {
 public:
  Driver(Graph& graph, const std::vector<Rule>& rules) : graph_(graph) {
    for (const Rule& rule : rules)
      for (const char* op : rule.ops) table_[op].push_back(&rule);
  }

  size_t run() {
    for (NodeId id : graph_.order()) push(id);
    const size_t most = kFiringsPerNode * queue_.size() + 100;
    size_t firings = 0;
    while (!queue_.empty() && firings < most) {
      const NodeId id = queue_.front();
      queue_.pop_front();
      queued_[id] = false;
      if (!dead(graph_[id]) && visit(id)) ++firings;
    }
    if (!queue_.empty())
      log_warning("passes", "rules still fired after {} times: stopped", firings);
    return firings;
  }

 private:
  void push(NodeId id) {
    if (queued_.size() < graph_.arena->size()) queued_.resize(graph_.arena->size() + 64);
    if (queued_[id] || !table_.count(graph_[id].op->name)) return;
    queued_[id] = true;
    queue_.push_back(id);
  }
  void push_users(NodeId id) {
    for (const GraphOutput& o : graph_[id].outputs)
      for (const Use& use : o.uses) push(use.node);
  }

  bool visit(NodeId id) {
    for (const Rule* rule : table_[graph_[id].op->name]) {
      const NodeId before = NodeId(graph_.arena->size());
      Patch patch(graph_);
      if (!rule->fn(patch, graph_, id) || patch.empty()) {
        for (NodeId made = NodeId(graph_.arena->size()); made-- > before;)
          graph_.arena->detach(made);
        continue;
      }
      log_debug("passes", "{} at {} '{}'", rule->name, graph_[id].op->full_name(), graph_[id].name);
      push_users(id);
      for (OutputRef s : graph_[id].inputs) push(s.node);
      patch.apply();
      patch.release_unread();
#ifndef NDEBUG
      verify(graph_, *rule);
#endif
      push(id);
      for (NodeId made = before; made < graph_.arena->size(); ++made) {
        push(made);
        push_users(made);
      }
      return true;
    }
    return false;
  }

  Graph& graph_;
  Table table_;
  std::deque<NodeId> queue_;
  std::vector<bool> queued_;
};

}  // namespace

size_t rewrite(Graph& graph, const std::vector<Rule>& rules) { return Driver(graph, rules).run(); }

}  // namespace vireo::passes
