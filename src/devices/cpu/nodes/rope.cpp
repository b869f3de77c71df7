// Rotary position embedding.
#include "devices/cpu/kernels/rope/rope.h"

#include "devices/cpu/nodes/kernel_step.h"
#include "ops/fused/fused.h"

namespace vireo::cpu {

namespace {

std::string refusal(const NodeView& node) { return needs_f32(node, 3); }

// Strides over the axes in front of the last; false if a factor does not broadcast to x.
bool factor_strides(const Shape& x, const Shape& factor, int64_t* strides) {
  if (factor.empty() || factor.size() > x.size() || factor.back() != x.back()) return false;
  int64_t step = int64_t(factor.back());
  for (size_t i = 1; i < factor.size(); ++i) {
    const size_t extent = factor[factor.size() - 1 - i];
    if (extent != 1 && extent != x[x.size() - 1 - i]) return false;
    if (int(i) <= kRopeAxes) strides[kRopeAxes - int(i)] = extent == 1 ? 0 : step;
    step *= int64_t(extent);
  }
  return true;
}

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  const auto at = [&](int i) { return static_cast<const float*>(o[i]); };
  run_rope(*static_cast<const RopePlan*>(params), {at(1), at(2), at(3), static_cast<float*>(o[0])},
           begin, end, scratch);
}

const char* plan(PlanContext& c) {
  const Shape& x = c.shape(0);
  if (x.size() > size_t(kRopeAxes) + 1) return "there are more than five axes";
  if (x != c.out_shape()) return "the factors broadcast the input";
  RopeParams p;
  for (size_t i = 1; i < x.size(); ++i) p.extents[kRopeAxes - i] = int64_t(x[x.size() - 1 - i]);
  p.depth = int64_t(x.back());
  p.interleaved = c.attrs<ops::FusedRope>().interleaved;
  if (!factor_strides(x, c.shape(1), p.cos_strides) ||
      !factor_strides(x, c.shape(2), p.sin_strides))
    return "a factor does not lie along the last axis";
  std::vector<Place> operands = {{}, c.input(0), c.input(1), c.input(2)};
  operands[0] = c.output_in_place(0, 0);
  const RopePlan plan = plan_rope(p, c.isa());
  const double count = double(elements(x));
  c.step(spec_of(plan, run, fmt::format("rope_f32_{}", tier_name(c.isa())),
                 estimate(12 * count, 3 * count), 3e-9 * count),
         plan, operands);
  return nullptr;
}

}  // namespace

const NodeKind rope_node = {"vireo.Rope", refusal, nullptr, plan};

}  // namespace vireo::cpu
