#include "core/evaluate.h"

#include <unordered_map>

#include "core/values.h"

namespace vireo {

GraphEvaluator::GraphEvaluator(const Graph& graph)
    : graph_(graph), order_(graph.order()), dead_(order_.size()) {
  std::unordered_map<NodeId, size_t> last;
  for (size_t i = 0; i < order_.size(); ++i) {
    last[order_[i]] = i;
    for (const OutputRef& source : graph[order_[i]].inputs) last[source.node] = i;
  }
  for (NodeId id : graph.results) last.erase(id);
  for (const auto& [id, position] : last) dead_[position].push_back(id);
}

std::vector<Tensor> GraphEvaluator::run(const std::vector<Tensor>& inputs,
                                        const EvaluateOptions& options) const {
  if (inputs.size() != graph_.parameters.size())
    fail(ErrorCode::InvalidArgument, "graph '{}' has {} parameters, got {} inputs", graph_.name,
         graph_.parameters.size(), inputs.size());
  std::unordered_map<NodeId, std::vector<Tensor>> values;
  values.reserve(order_.size());
  for (size_t i = 0; i < inputs.size(); ++i) values[graph_.parameters[i]] = {inputs[i]};
  std::vector<Tensor> arguments;
  for (size_t i = 0; i < order_.size(); ++i) {
    const NodeId id = order_[i];
    const GraphNode& node = graph_[id];
    if (options.cancelled && options.cancelled(options.cancel_context))
      throw Cancelled("the inference was cancelled");
    if (node.op == &parameter_op) {
      if (values.find(id) == values.end())
        fail(ErrorCode::InvalidModel, "parameter '{}' is not among the graph's parameters",
             node.name);
    } else if (node.op == &constant_op) {
      values[id] = {node.attrs.as<ConstantAttrs>().value};
    } else {
      arguments.clear();
      for (const OutputRef& source : node.inputs)
        arguments.push_back(values.at(source.node).at(source.index));
      if (node.op == &result_op)
        values[id] = {arguments.at(0)};
      else
        values[id] = evaluate_op(*node.op, node.attrs, node.name, arguments, options.variables,
                                 options.cancelled, options.cancel_context);
    }
    for (NodeId gone : dead_[i]) values.erase(gone);
  }
  std::vector<Tensor> out;
  for (NodeId id : graph_.results) out.push_back(values.at(id).at(0));
  return out;
}

std::vector<Tensor> evaluate_graph(const Graph& graph, const std::vector<Tensor>& inputs,
                                   const EvaluateOptions& options) {
  return GraphEvaluator(graph).run(inputs, options);
}

}  // namespace vireo
