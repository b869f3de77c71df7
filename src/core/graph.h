// The graph: nodes in an arena, models (Graph) over it. Ids are integers and never reused.
#pragma once

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/op.h"

namespace vireo {

using NodeId = uint32_t;

struct OutputRef {
  NodeId node = ~0u;
  uint32_t index = 0;
  bool valid() const { return node != ~0u; }
  bool operator==(const OutputRef& o) const { return node == o.node && index == o.index; }
  bool operator!=(const OutputRef& o) const { return !(*this == o); }
  bool operator<(const OutputRef& o) const {
    return node != o.node ? node < o.node : index < o.index;
  }
};
struct OutputRefHash {
  size_t operator()(const OutputRef& r) const { return (size_t(r.node) << 8) ^ r.index; }
};

// Input `index` of `node` reads the output that lists this.
struct Use {
  NodeId node;
  uint32_t index;
};

// Runtime information: a tree of named texts, as IR's rt_info elements.
struct RtInfo {
  std::string value;
  std::vector<std::pair<std::string, RtInfo>> children;

  const RtInfo* find(std::string_view name) const;
  RtInfo& at(const std::string& name);  // made if absent
  void erase(std::string_view name);
  bool empty() const { return value.empty() && children.empty(); }
};

struct GraphOutput {
  Fact fact;
  std::vector<std::string> names;  // tensor names, without duplicates
  std::vector<Use> uses;
  RtInfo rt_info;
};

struct GraphNode {
  uint64_t uid = 0;  // identity; survives moves between arenas
  const OpDef* op = nullptr;
  Attrs attrs;
  std::string name;  // friendly name; unique only by convention
  std::vector<OutputRef> inputs;
  std::vector<GraphOutput> outputs;
  RtInfo rt_info;
  bool linked = true;  // listed among the uses of its inputs
  bool is(std::string_view op_name) const { return op->name == op_name; }
  const Fact& fact(size_t i = 0) const { return outputs[i].fact; }
};

// Owns nodes. Several graphs may share one. Not thread-safe: a compile works on its own clone.
class Arena : public std::enable_shared_from_this<Arena> {
 public:
  // Adds a node and infers its outputs; throws what infer throws and leaves the arena as it was.
  NodeId add(const OpDef& op, Attrs attrs, std::vector<OutputRef> inputs, std::string name = {});
  OutputRef add_constant(Tensor value, std::string name = {});
  // A copy of a node, here or of another arena, with its facts, names and rt_info, reading
  // `inputs`.
  NodeId add_copy(const GraphNode& node, std::vector<OutputRef> inputs);

  const GraphNode& operator[](NodeId id) const { return *nodes_[id]; }
  GraphNode& edit(NodeId id) {
    return *nodes_[id];
  }  // names, rt_info, facts of parameters; inputs only through set_input
  size_t size() const { return nodes_.size(); }

  const GraphOutput& output(OutputRef ref) const { return nodes_[ref.node]->outputs[ref.index]; }
  const Fact& fact(OutputRef ref) const { return output(ref).fact; }
  const GraphNode& producer(OutputRef ref) const { return *nodes_[ref.node]; }
  OutputRef input(NodeId id, size_t i) const { return nodes_[id]->inputs[i]; }

  void set_input(NodeId id, size_t i, OutputRef source);
  void set_inputs(NodeId id, std::vector<OutputRef> sources);
  void set_attrs(NodeId id, Attrs attrs);
  // All users of `from`, results included, read `to` instead.
  void replace_uses(OutputRef from, OutputRef to);
  // Infers this node again from its inputs; true if a fact changed.
  bool infer(NodeId id);
  // A node that nobody reads stops counting as a user of its inputs, and so do inputs that then
  // nobody reads. They stay readable, and count again as soon as somebody reads them.
  void detach(NodeId id);

  // Moves every node of another arena here and leaves a forwarding entry there; returns what to add
  // to its ids.
  NodeId absorb(Arena& other);
  const std::shared_ptr<Arena>& forward() const { return forward_; }
  NodeId forward_offset() const { return forward_offset_; }

 private:
  void add_use(OutputRef source, Use use);
  void remove_use(OutputRef source, Use use);
  void check_sources(const std::vector<OutputRef>& sources) const;
  std::vector<Fact> infer_outputs(const OpDef& op, const Attrs& attrs, std::string_view name,
                                  const std::vector<OutputRef>& inputs) const;
  std::vector<std::unique_ptr<GraphNode>> nodes_;
  std::shared_ptr<Arena> forward_;
  NodeId forward_offset_ = 0;
};

struct Variable {
  std::string id;
  element::Type type;
  PartialShape shape;
};

// A model over an arena: what goes in, what comes out, what must run besides.
struct Graph {
  std::shared_ptr<Arena> arena = std::make_shared<Arena>();
  std::string name;
  std::vector<NodeId> parameters, results, sinks;
  std::vector<Variable> variables;
  RtInfo rt_info;

  const GraphNode& operator[](NodeId id) const { return (*arena)[id]; }
  const Fact& fact(OutputRef ref) const { return arena->fact(ref); }

  OutputRef add(const OpDef& op, Attrs attrs, std::vector<OutputRef> inputs, std::string name = {});
  OutputRef add_parameter(element::Type type, PartialShape shape, std::string name);
  OutputRef add_constant(Tensor value, std::string name = {}) {
    return arena->add_constant(std::move(value), std::move(name));
  }
  NodeId add_result(OutputRef source, std::string name = {});

  // Every node that results and sinks need, sources first; parameters are included even if unread.
  // Throws InvalidModel on a cycle.
  std::vector<NodeId> order() const;
  // Infers all nodes again in order.
  void infer();
  // Gives parameters new shapes and infers; on error everything is as before.
  void reshape(const std::vector<std::pair<NodeId, PartialShape>>& shapes);
  // Its own arena with copies of the nodes; constants share their data. Ids change: `ids` tells, if
  // given.
  std::shared_ptr<Graph> clone(std::vector<NodeId>* ids = nullptr) const;
  Variable* find_variable(std::string_view id);
  // After the arena was absorbed by another: moves on to that one.
  void follow();
};

// Structural operators, which the graph itself needs.
struct ParameterAttrs {
  element::Type element_type = element::f32;
  PartialShape shape;
};
void visit(AttrVisitor& v, ParameterAttrs& a);
struct ConstantAttrs {
  Tensor value;
};
void visit(AttrVisitor& v, ConstantAttrs& a);
extern const OpDef parameter_op, constant_op, result_op;

}  // namespace vireo
