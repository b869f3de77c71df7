// Transpose: a view where only axes of extent 1 move, else the kernel.
#include "devices/cpu/kernels/transpose/transpose.h"

#include "devices/cpu/nodes/kernel_step.h"

namespace vireo::cpu {

namespace {

std::string refusal(const NodeView& node) {
  if (node.inputs() > 1 && !node.constant(1)) return "the order is not constant";
  return needs_bytes(node);
}

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  run_transpose(*static_cast<const TransposePlan*>(params), {o[1], o[0]}, begin, end, scratch);
}

bool moves_nothing(const Shape& shape, const std::vector<int64_t>& order) {
  int64_t last = -1;
  for (int64_t axis : order) {
    if (shape[size_t(axis)] == 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

const char* plan(PlanContext& c) {
  const Shape& shape = c.shape(0);
  if (shape.size() > size_t(kTransposeRank)) return "the rank is over 8";
  std::vector<int64_t> order = c.inputs() > 1 ? known_ints(*c.value(1)) : std::vector<int64_t>();
  if (order.empty())
    for (size_t i = shape.size(); i-- > 0;) order.push_back(int64_t(i));
  for (int64_t& axis : order) axis = int64_t(positive_axis(axis, shape.size()));
  if (moves_nothing(shape, order)) {
    c.output_view(0, 0);
    return nullptr;
  }
  int64_t dims[kTransposeRank];
  int permutation[kTransposeRank];
  for (size_t i = 0; i < shape.size(); ++i) {
    dims[i] = int64_t(shape[i]);
    permutation[i] = int(order[i]);
  }
  const int64_t width = int64_t(c.out_type().size());
  const TransposePlan p =
      plan_transpose(int(shape.size()), dims, permutation, width, nullptr, nullptr, c.isa());
  const Place operands[] = {c.output(0), c.input(0)};
  c.step(spec_of(p, run, fmt::format("transpose_{}_{}", c.out_type().name(), tier_name(c.isa())),
                 estimate(4.0 * double(elements(shape) * width))),
         p, operands);
  return nullptr;
}

}  // namespace

const NodeKind transpose_node = {"Transpose", refusal, nullptr, plan};

}  // namespace vireo::cpu
