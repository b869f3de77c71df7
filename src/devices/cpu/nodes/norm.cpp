// Layer and RMS norm.
#include "devices/cpu/kernels/norm/norm.h"

#include "devices/cpu/nodes/kernel_step.h"
#include "ops/fused/fused.h"

namespace vireo::cpu {

namespace {

std::string refusal(const NodeView& node) {
  const bool residual = node.node().attrs.is<ops::FusedLayerNorm>()
                            ? node.attrs<ops::FusedLayerNorm>().has_residual
                            : node.attrs<ops::FusedRmsNorm>().has_residual;
  return needs_dense_types(node, 1, residual);
}

struct Params {
  LayerNormPlan plan;
  int residual = -1, scale = -1, shift = -1;  // operand numbers
};

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  const auto& p = *static_cast<const Params*>(params);
  const auto at = [&](int i) { return i < 0 ? nullptr : static_cast<const float*>(o[i]); };
  LayerNormArgs args{o[1], at(p.residual), at(p.scale), at(p.shift), o[0], nullptr};
  run_layer_norm(p.plan, args, begin, end, scratch);
}

const char* emit(PlanContext& c, LayerNormParams n, bool scale, bool shift, bool residual,
                 const char* kernel) {
  Params p;
  std::vector<Place> operands(2);
  operands[1] = c.input(0);
  size_t next = 1;
  const auto take = [&](bool there, int* number) {
    if (!there) return;
    *number = int(operands.size());
    operands.push_back(c.input(next++));
  };
  if ((scale && elements(c.shape(1)) != n.size) ||
      (shift && elements(c.shape(1 + size_t(scale))) != n.size))
    return "the scale broadcasts";
  take(scale, &p.scale);
  take(shift, &p.shift);
  if (residual && c.shape(next) != c.shape(0)) return "the residual broadcasts";
  take(residual, &p.residual);
  operands[0] = c.output_in_place(0, 0, true);
  data_type(c.in_type(0), &n.type);
  p.plan = plan_layer_norm(n, c.isa());
  const double count = double(n.rows * n.size);
  c.step(
      spec_of(p.plan, run, fmt::format("{}_{}_{}", kernel, c.in_type(0).name(), tier_name(c.isa())),
              estimate(2.0 * double(size_of(n.type)) * count, 10 * count), 8e-9 * count),
      p, operands);
  return nullptr;
}

const char* plan_layer(PlanContext& c) {
  const auto& a = c.attrs<ops::FusedLayerNorm>();
  const Shape& shape = c.shape(0);
  LayerNormParams n;
  const size_t split = shape.size() - size_t(a.axes);
  n.rows = product(shape, 0, split);
  n.size = product(shape, split, shape.size());
  n.epsilon = float(a.eps);
  return emit(c, n, a.has_scale, a.has_shift, a.has_residual, "layer_norm");
}

const char* plan_rms(PlanContext& c) {
  const auto& a = c.attrs<ops::FusedRmsNorm>();
  const Shape& shape = c.shape(0);
  if (shape.empty()) return "a scalar has no axis";
  LayerNormParams n;
  n.size = int64_t(shape.back());
  n.rows = product(shape, 0, shape.size() - 1);
  n.epsilon = float(a.eps);
  n.subtract_mean = false;
  return emit(c, n, a.has_scale, false, a.has_residual, "rms_norm");
}

}  // namespace

const NodeKind layer_norm_node = {"vireo.LayerNorm", refusal, nullptr, plan_layer};
const NodeKind rms_norm_node = {"vireo.RmsNorm", refusal, nullptr, plan_rms};

}  // namespace vireo::cpu
