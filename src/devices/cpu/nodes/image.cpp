// Pictures to codes.
#include "devices/cpu/kernels/image/image.h"

#include "core/values.h"
#include "devices/cpu/nodes/kernel_step.h"
#include "ops/fused/quantised.h"

namespace vireo::cpu {

namespace {

std::string refusal(const NodeView& node) {
  if (!node.constant(1) || !node.constant(2)) return "scale and zero are not constant";
  return needs_f32(node);
}

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  const ImageArgs args{static_cast<const float*>(o[1]), static_cast<uint8_t*>(o[0])};
  run_image(*static_cast<const ImagePlan*>(params), args, begin, end, scratch);
}

const char* plan(PlanContext& c) {
  const auto& a = c.attrs<ops::QuantiseImage>();
  const Shape& in = c.shape(0);
  ImageParams p;
  p.images = int64_t(in[0]);
  p.channels = int64_t(in[1]);
  p.pixels = int64_t(in[2] * in[3]);
  p.inverse_scale = float(1 / load<double>(*c.constant(1))[0]);
  p.zero = float(load<double>(*c.constant(2))[0]);
  p.low = float(a.low);
  p.high = float(a.high);
  const Place operands[] = {c.output(0), c.input(0)};
  const ImagePlan plan = plan_image(p, c.isa());
  c.step(spec_of(plan, run, std::string("image_u8_") + tier_name(c.isa()),
                 estimate(5.0 * double(elements(in)))),
         plan, operands);
  return nullptr;
}

}  // namespace

const NodeKind image_node = {"vireo.QuantiseImage", refusal, nullptr, plan};

}  // namespace vireo::cpu
