// The layout pass as a stage.
#include "base/support/log.h"
#include "passes/layout/layout.h"
#include "passes/stages.h"

namespace vireo::passes {

void make_channels_last(Graph& graph) {
  Layout(graph).run();
  if (!log_on(LogLevel::Debug, "passes")) return;
  for (NodeId id : graph.order())
    if (graph[id].is("Transpose"))
      log_debug("passes", "channels-last leaves a transpose '{}'", graph[id].name);
}

}  // namespace vireo::passes
