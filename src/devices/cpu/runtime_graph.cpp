// The normalised graph with what each node became, in the words of OpenVINO's runtime models.
#include <algorithm>
#include <map>

#include "core/patch.h"
#include "devices/cpu/planner.h"

namespace vireo::cpu {

namespace {

// The kernels of each node's steps, in their order, from the plans that there are; where all shapes
// are static and nothing ran yet, from a plan made for this.
std::map<const BoundNode*, std::vector<std::string>> kernels_of(const Program& p) {
  std::map<const BoundNode*, std::vector<std::string>> kernels;
  const auto read = [&](const Segment& segment) {
    for (const StepInfo& info : segment.infos) {
      std::vector<std::string>& all = kernels[info.node];
      if (std::find(all.begin(), all.end(), info.kernel) == all.end()) all.push_back(info.kernel);
    }
  };
  std::lock_guard<std::mutex> lock(p.plan_mutex);
  if (p.plans.size() == 0 && p.static_shapes && p.variables.empty()) {
    PlanInputs inputs;
    for (ValueId v : p.parameters) inputs.parameters.push_back(p.values[v].fact.shape.to_shape());
    read(*plan_first(p, inputs));
  }
  p.plans.each(read);
  return kernels;
}

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

// Buffers are dense and row-major, in the order of the axes that the graph shows.
std::string layout_of(const Fact& fact) {
  if (!fact.shape.rank_is_static()) return "";
  std::string text;
  for (size_t i = 0; i < fact.shape.size(); ++i) text += char('a' + i % 26);
  return text.empty() ? "scalar" : text;
}

std::string exec_type_of(const BoundNode& node, const std::vector<std::string>& kernels,
                         const GraphNode& graph_node, bool planned) {
  if (!kernels.empty()) return joined(kernels, "+");
  if (graph_node.is("Parameter")) return "input";
  if (graph_node.is("Result")) return "output";
  if (graph_node.is("Constant")) return "constant";
  if (planned) return "view";
  return node.kind || !node.group.empty() ? "kernel" : "evaluate";
}

}  // namespace

std::shared_ptr<const Graph> runtime_graph(const Program& p) {
  const auto kernels = kernels_of(p);
  std::vector<NodeId> ids;
  std::shared_ptr<Graph> graph = p.graph->clone(&ids);
  for (size_t i = 0; i < p.nodes.size(); ++i) {
    const BoundNode& bound = p.nodes[i];
    const BoundNode& leader = bound.leader == kNone32 ? bound : p.nodes[bound.leader];
    if (bound.id >= ids.size() || ids[bound.id] == ~0u) continue;
    GraphNode& node = graph->arena->edit(ids[bound.id]);
    const auto found = kernels.find(&leader);
    node.rt_info.at("execType").value =
        exec_type_of(bound, found == kernels.end() ? std::vector<std::string>{} : found->second,
                     node, !kernels.empty());
    node.rt_info.at("layerType").value = std::string(node.op->name);
    node.rt_info.at("execOrder").value = std::to_string(i);
    const std::vector<std::string> names = original_names(node);
    node.rt_info.at("originalLayersNames").value = names.empty() ? node.name : joined(names, ",");
    std::vector<std::string> precisions, layouts;
    for (const GraphOutput& output : node.outputs) {
      precisions.emplace_back(output.fact.type.name());
      layouts.push_back(layout_of(output.fact));
    }
    if (!precisions.empty()) node.rt_info.at("runtimePrecision").value = precisions[0];
    node.rt_info.at("outputPrecisions").value = joined(precisions, ",");
    node.rt_info.at("outputLayouts").value = joined(layouts, ",");
  }
  return graph;
}

}  // namespace vireo::cpu
