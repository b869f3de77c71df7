// The rewriter: rules matched by operator name, applied until none fires.
#pragma once

#include <initializer_list>
#include <vector>

#include "base/support/span.h"
#include "core/patch.h"

namespace vireo::passes {

// Looks at `node` and fills the patch; false if it does not apply (what it added is dropped).
using RuleFn = bool (*)(Patch& patch, const Graph& graph, NodeId node);

struct Rule {
  const char* name;              // in the log and in tests
  std::vector<const char*> ops;  // operator names, any version
  RuleFn fn;
};

// Applies the rules along the graph and again to what they made. Gives the number of firings, which
// is bounded in proportion to the size of the graph.
size_t rewrite(Graph& graph, const std::vector<Rule>& rules);

}  // namespace vireo::passes
