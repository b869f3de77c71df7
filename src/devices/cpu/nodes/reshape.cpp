// Reshape, Squeeze, Unsqueeze and other renamings of memory: views, no step.
#include "core/values.h"
#include "devices/cpu/nodes/kernel_step.h"

namespace vireo::cpu {

std::vector<int64_t> known_ints(const Tensor& value) { return load<int64_t>(value); }

namespace {

std::string refusal(const NodeView& node) {
  return node.out_type() == element::string ? "strings are not moved as bytes" : "";
}

const char* plan(PlanContext& c) {
  c.output_view(0, 0);
  return nullptr;
}

}  // namespace

const NodeKind reshape_node = {"Reshape", refusal, nullptr, plan};
const NodeKind squeeze_node = {"Squeeze", refusal, nullptr, plan};
const NodeKind unsqueeze_node = {"Unsqueeze", refusal, nullptr, plan};

}  // namespace vireo::cpu
