// Mean-variance normalisation over the last axes.
#include "devices/cpu/kernels/norm/norm.h"

#include "devices/cpu/nodes/kernel_step.h"
#include "ops/norm/norm.h"

namespace vireo::cpu {

namespace {

std::string refusal(const NodeView& node) {
  if (!node.constant(1)) return "the axes are not constant";
  return needs_f32(node);
}

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  LayerNormArgs args{static_cast<const float*>(o[1]), nullptr, nullptr, nullptr,
                     static_cast<float*>(o[0]),       nullptr};
  run_layer_norm(*static_cast<const LayerNormPlan*>(params), args, begin, end, scratch);
}

const char* plan(PlanContext& c) {
  if (!c.node().attrs.is<ops::Mvn>()) return "the old form of the operator";
  const auto& a = c.attrs<ops::Mvn>();
  const Shape& shape = c.shape(0);
  std::vector<int64_t> axes = known_ints(*c.value(1));
  size_t first = shape.size();
  std::vector<char> reduced(shape.size());
  for (int64_t axis : axes) reduced[positive_axis(axis, shape.size())] = true;
  while (first > 0 && reduced[first - 1]) --first;
  for (size_t i = 0; i < first; ++i)
    if (reduced[i] && shape[i] != 1) return "the axes are not the last ones";
  LayerNormParams n;
  n.rows = product(shape, 0, first);
  n.size = product(shape, first, shape.size());
  n.epsilon = float(a.eps);
  n.divide_by_deviation = a.normalize_variance;
  n.epsilon_inside = a.eps_mode == ops::MvnEpsMode::InsideSqrt;
  const LayerNormPlan p = plan_layer_norm(n, c.isa());
  const Place src = c.input(0), operands[] = {c.output_in_place(0, 0), src};
  const double count = double(n.rows * n.size);
  c.step(spec_of(p, run, fmt::format("layer_norm_f32_{}", tier_name(c.isa())),
                 estimate(8 * count, 10 * count), 8e-9 * count),
         p, operands);
  return nullptr;
}

}  // namespace

const NodeKind mvn_node = {"MVN", refusal, nullptr, plan};

}  // namespace vireo::cpu
