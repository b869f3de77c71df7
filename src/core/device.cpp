// Ports of a graph, as executables show them.
#include "core/device.h"

namespace vireo {

std::vector<Port> input_ports(const Graph& graph) {
  std::vector<Port> ports;
  for (NodeId id : graph.parameters) {
    const GraphNode& node = graph[id];
    ports.push_back({node.fact().type, node.fact().shape, node.name, node.outputs[0].names});
  }
  return ports;
}

std::vector<Port> output_ports(const Graph& graph) {
  std::vector<Port> ports;
  for (NodeId id : graph.results) {
    const OutputRef source = graph[id].inputs[0];
    const GraphOutput& output = graph.arena->output(source);
    ports.push_back(
        {output.fact.type, output.fact.shape, graph.arena->producer(source).name, output.names});
  }
  return ports;
}

}  // namespace vireo
