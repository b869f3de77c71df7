// Patch: an edit of a graph that is collected first and applied at once. Passes return one, or
// nothing.
#pragma once

#include "core/graph.h"

namespace vireo {

class Patch {
 public:
  explicit Patch(Graph& graph) : graph_(graph) {}

  // New nodes are inferred when added, so that a rule can look at their facts; nothing reads them
  // until apply.
  OutputRef add(const OpDef& op, Attrs attrs, std::vector<OutputRef> inputs, std::string name = {});
  OutputRef constant(Tensor value, std::string name = {});
  // Users of `from` shall read `to`. Tensor names of `from` go to `to`.
  void replace(OutputRef from, OutputRef to);
  void set_input(NodeId node, size_t index, OutputRef source);
  void set_attrs(NodeId node, Attrs attrs);
  // Names the node `from` among those that `to` was fused from, for profiles and errors.
  void credit(NodeId to, NodeId from);
  bool empty() const { return replacements_.empty() && inputs_.empty() && attrs_.empty(); }

  // Applies the edits and infers what they touch, downstream while facts change.
  void apply();
  // Then: constants that nobody reads since give up their memory. For the compiler's own graphs,
  // whose removed nodes nobody will look at.
  void release_unread();

  const Graph& graph() const { return graph_; }
  const Fact& fact(OutputRef ref) const { return graph_.fact(ref); }

 private:
  struct InputEdit {
    NodeId node;
    size_t index;
    OutputRef source;
  };
  Graph& graph_;
  std::vector<std::pair<OutputRef, OutputRef>> replacements_;
  std::vector<InputEdit> inputs_;
  std::vector<std::pair<NodeId, Attrs>> attrs_;
  std::vector<NodeId> detached_;
  std::vector<NodeId> unnamed_;  // new nodes that take the name of what they replace
};

// Names of the original nodes that a node stands for (rt_info "fused_names"), its own name if none.
std::vector<std::string> original_names(const GraphNode& node);

}  // namespace vireo
