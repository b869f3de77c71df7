// Runs a graph by the evaluation of its operators: bodies of control flow, constant folding, the
// reference device.
#pragma once

#include <vector>

#include "core/graph.h"

namespace vireo {

// What an evaluation may touch and who may stop it.
struct EvaluateOptions {
  VariableStore* variables = nullptr;
  bool (*cancelled)(const void*) = nullptr;  // polled before each node
  const void* cancel_context = nullptr;
};

// A graph with its order and the last reader of every value worked out, to be run many times. The
// graph must outlive it unchanged.
class GraphEvaluator {
 public:
  explicit GraphEvaluator(const Graph& graph);
  // Inputs in the order of the parameters; gives the values of the results. Values are freed after
  // their last reader.
  std::vector<Tensor> run(const std::vector<Tensor>& inputs,
                          const EvaluateOptions& options = {}) const;

 private:
  const Graph& graph_;
  std::vector<NodeId> order_;
  std::vector<std::vector<NodeId>>
      dead_;  // by position in the order: nodes whose values nobody reads afterwards
};

std::vector<Tensor> evaluate_graph(const Graph& graph, const std::vector<Tensor>& inputs,
                                   const EvaluateOptions& options = {});
inline std::vector<Tensor> evaluate_graph(const Graph& graph, const std::vector<Tensor>& inputs,
                                          VariableStore* variables) {
  EvaluateOptions options;
  options.variables = variables;
  return evaluate_graph(graph, inputs, options);
}

}  // namespace vireo
