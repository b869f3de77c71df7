// The public handles over the graph: Node, Output, Model.
#include <algorithm>

#include <fmt/ranges.h>

#include "core/graph.h"
#include "core/text.h"
#include "vireo/model.h"

namespace vireo {
namespace {

std::string known_names(const std::vector<Output>& ports) {
  std::string s;
  for (const Output& p : ports)
    for (const std::string& name : p.get_names()) s += (s.empty() ? "" : ", ") + name;
  return s.empty() ? "none has a name" : s;
}

// By tensor name first, then by the friendly name of the node (of what a result reads).
Output find_port(const std::vector<Output>& ports, const std::string& name, const char* kind) {
  for (const Output& p : ports)
    if (std::find(p.get_names().begin(), p.get_names().end(), name) != p.get_names().end())
      return p;
  for (const Output& p : ports) {
    const Node& node = p.get_node();
    if (node.get_friendly_name() == name) return p;
    if (node.get_type_name() == "Result" &&
        node.input_value(0).get_node().get_friendly_name() == name)
      return p;
  }
  fail(ErrorCode::NotFound, "the model has no {} '{}', there are: {}", kind, name,
       known_names(ports));
}

Output at(const std::vector<Output>& ports, size_t index, const char* kind) {
  if (index >= ports.size())
    fail(ErrorCode::NotFound, "{} {} does not exist, the model has {}", kind, index, ports.size());
  return ports[index];
}

Output only(const std::vector<Output>& ports, const char* kind) {
  if (ports.size() != 1)
    fail(ErrorCode::InvalidArgument, "the model has {} {}s, name one of them", ports.size(), kind);
  return ports[0];
}

Graph& live(const std::shared_ptr<Graph>& graph) {
  if (!graph) fail(ErrorCode::InvalidArgument, "the model is empty");
  graph->follow();
  return *graph;
}

std::vector<Node> nodes_of(const Graph& graph, const std::vector<NodeId>& ids) {
  std::vector<Node> out;
  for (NodeId id : ids) out.emplace_back(graph.arena, id);
  return out;
}

}  // namespace

void Node::follow() const {
  if (!arena_) fail(ErrorCode::InvalidArgument, "the node is empty");
  while (arena_->forward()) {
    id_ += arena_->forward_offset();
    arena_ = arena_->forward();
  }
}
GraphNode& Node::data() const {
  follow();
  return arena_->edit(id_);
}
const std::shared_ptr<Arena>& Node::arena() const {
  follow();
  return arena_;
}
uint32_t Node::id() const {
  follow();
  return id_;
}
uint64_t Node::identity() const { return arena_ ? data().uid : 0; }
const std::string& Node::get_friendly_name() const { return data().name; }
void Node::set_friendly_name(const std::string& name) { data().name = name; }
std::string Node::get_type_name() const { return std::string(data().op->name); }
std::string Node::get_version() const { return data().op->opset(); }
size_t Node::get_input_size() const { return data().inputs.size(); }
size_t Node::get_output_size() const { return data().outputs.size(); }

Output Node::input_value(size_t i) const {
  const GraphNode& node = data();
  if (i >= node.inputs.size())
    fail(ErrorCode::NotFound, "{} '{}' has no input {}, it has {}", node.op->name, node.name, i,
         node.inputs.size());
  return Output(Node(arena_, node.inputs[i].node), node.inputs[i].index);
}
Output Node::output(size_t i) const {
  const GraphNode& node = data();
  if (i >= node.outputs.size())
    fail(ErrorCode::NotFound, "{} '{}' has no output {}, it has {}", node.op->name, node.name, i,
         node.outputs.size());
  return Output(*this, i);
}
std::vector<Output> Node::outputs() const {
  std::vector<Output> out;
  for (size_t i = 0; i < get_output_size(); ++i) out.emplace_back(*this, i);
  return out;
}
std::vector<std::pair<std::string, std::string>> Node::get_attributes() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [name, value] : list_attrs(data().attrs)) {
    const auto* text = std::get_if<std::string>(&value.value);
    out.emplace_back(name, text ? *text : vireo::to_text(value));
  }
  return out;
}
std::vector<std::pair<std::string, std::string>> Node::get_rt_info() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [name, info] : data().rt_info.children) out.emplace_back(name, info.value);
  return out;
}
Tensor Node::get_constant() const {
  return data().op == &constant_op ? data().fact().value : Tensor();
}

namespace {
const GraphOutput& data_of(const Node& node, size_t index) {
  return (*node.arena())[node.id()].outputs[index];
}
}  // namespace

element::Type Output::get_element_type() const { return data_of(node_, index_).fact.type; }
const PartialShape& Output::get_partial_shape() const { return data_of(node_, index_).fact.shape; }
Shape Output::get_shape() const { return get_partial_shape().to_shape(); }
const std::vector<std::string>& Output::get_names() const {
  // A result has the names of what it returns.
  const GraphNode& node = (*node_.arena())[node_.id()];
  if (node.op == &result_op && node.outputs[0].names.empty())
    return node_.arena()->output(node.inputs[0]).names;
  return node.outputs[index_].names;
}
const std::string& Output::get_any_name() const {
  const auto& names = get_names();
  if (names.empty())
    fail(ErrorCode::NotFound, "output {} of '{}' has no tensor name", index_,
         node_.get_friendly_name());
  return *std::min_element(names.begin(), names.end());
}
void Output::set_names(const std::vector<std::string>& names) {
  node_.arena()->edit(node_.id()).outputs[index_].names = names;
}

const std::string& Model::get_friendly_name() const { return live(graph_).name; }
void Model::set_friendly_name(const std::string& name) { live(graph_).name = name; }

std::vector<Output> Model::inputs() const {
  std::vector<Output> out;
  for (const Node& n : get_parameters()) out.emplace_back(n, 0);
  return out;
}
Model::Model(const std::vector<Output>& outputs, const std::string& name)
    : graph_(std::make_shared<Graph>()) {
  if (outputs.empty()) fail(ErrorCode::InvalidArgument, "a model needs an output");
  Graph& g = *graph_;
  g.arena = outputs[0].get_node().arena();
  g.name = name;
  for (const Output& o : outputs) {
    const Node& node = o.get_node();
    if (node.arena() != g.arena)
      fail(ErrorCode::InvalidArgument, "the outputs are of different graphs");
    if (g[node.id()].op == &result_op)
      g.results.push_back(node.id());
    else
      g.add_result({node.id(), uint32_t(o.get_index())});
  }
  for (NodeId id : g.order()) {
    if (g[id].op == &parameter_op) g.parameters.push_back(id);
    Variable v;
    for (const auto& [attribute, value] : list_attrs(g[id].attrs)) {
      if (attribute == "variable_id") v.id = std::get<std::string>(value.value);
      if (attribute == "variable_type") v.type = std::get<element::Type>(value.value);
      if (attribute == "variable_shape") v.shape = std::get<PartialShape>(value.value);
    }
    if (!v.id.empty() && !g.find_variable(v.id)) g.variables.push_back(v);
  }
}

std::vector<Output> Model::outputs() const {
  std::vector<Output> out;
  for (const Node& n : get_results()) out.emplace_back(n, 0);
  return out;
}
Output Model::input() const { return only(inputs(), "input"); }
Output Model::input(size_t index) const { return at(inputs(), index, "input"); }
Output Model::input(const std::string& name) const { return find_port(inputs(), name, "input"); }
Output Model::output() const { return only(outputs(), "output"); }
Output Model::output(size_t index) const { return at(outputs(), index, "output"); }
Output Model::output(const std::string& name) const { return find_port(outputs(), name, "output"); }

std::vector<Node> Model::get_ordered_ops() const {
  return nodes_of(live(graph_), live(graph_).order());
}
std::vector<Node> Model::get_parameters() const {
  return nodes_of(live(graph_), live(graph_).parameters);
}
std::vector<Node> Model::get_results() const {
  return nodes_of(live(graph_), live(graph_).results);
}
std::vector<Node> Model::get_sinks() const { return nodes_of(live(graph_), live(graph_).sinks); }
std::vector<std::string> Model::get_variable_ids() const {
  std::vector<std::string> out;
  for (const Variable& v : live(graph_).variables) out.push_back(v.id);
  return out;
}

bool Model::is_dynamic() const {
  const Graph& g = live(graph_);
  for (NodeId id : g.order())
    for (const GraphOutput& o : g[id].outputs)
      if (o.fact.shape.is_dynamic()) return true;
  return false;
}

void Model::reshape(const PartialShape& shape) {
  reshape(std::vector<std::pair<size_t, PartialShape>>{{0, (only(inputs(), "input"), shape)}});
}
void Model::reshape(const std::vector<std::pair<std::string, PartialShape>>& shapes) {
  std::vector<std::pair<NodeId, PartialShape>> by_id;
  for (const auto& [name, shape] : shapes) by_id.emplace_back(input(name).get_node().id(), shape);
  live(graph_).reshape(by_id);
}
void Model::reshape(const std::vector<std::pair<size_t, PartialShape>>& shapes) {
  std::vector<std::pair<NodeId, PartialShape>> by_id;
  for (const auto& [index, shape] : shapes) by_id.emplace_back(input(index).get_node().id(), shape);
  live(graph_).reshape(by_id);
}
void Model::validate_nodes_and_infer_types() { live(graph_).infer(); }

Output Model::add_output(const Output& source) {
  Graph& g = live(graph_);
  if (source.get_node().arena() != g.arena)
    fail(ErrorCode::InvalidArgument, "the output is of another model");
  const NodeId id = g.add_result({source.get_node().id(), uint32_t(source.get_index())});
  return Output(Node(g.arena, id), 0);
}
Output Model::add_output(const std::string& tensor_name) {
  for (const Node& n : get_ordered_ops())
    for (const Output& o : n.outputs())
      if (std::find(o.get_names().begin(), o.get_names().end(), tensor_name) !=
              o.get_names().end() &&
          n.get_type_name() != "Result")
        return add_output(o);
  fail(ErrorCode::NotFound, "the model has no tensor '{}'", tensor_name);
}

std::shared_ptr<Model> Model::clone() const {
  return std::make_shared<Model>(live(graph_).clone());
}

bool Model::has_rt_info(const std::vector<std::string>& path) const {
  const RtInfo* at = &live(graph_).rt_info;
  for (const std::string& name : path)
    if (!(at = at->find(name))) return false;
  return true;
}
std::string Model::get_rt_info(const std::vector<std::string>& path) const {
  const RtInfo* at = &live(graph_).rt_info;
  for (const std::string& name : path)
    if (!(at = at->find(name)))
      fail(ErrorCode::NotFound, "the model has no runtime information '{}'", fmt::join(path, "/"));
  return at->value;
}
void Model::set_rt_info(const std::string& value, const std::vector<std::string>& path) {
  RtInfo* at = &live(graph_).rt_info;
  for (const std::string& name : path) at = &at->at(name);
  at->value = value;
}

std::string Model::to_text() const { return vireo::to_text(live(graph_)); }

}  // namespace vireo
