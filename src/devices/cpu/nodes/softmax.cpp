// Softmax and LogSoftmax.
#include "devices/cpu/kernels/softmax/softmax.h"

#include "devices/cpu/nodes/attribute.h"
#include "devices/cpu/nodes/kernel_step.h"

namespace vireo::cpu {

namespace {

std::string refusal(const NodeView& node) { return needs_f32(node); }

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  run_softmax(*static_cast<const SoftmaxPlan*>(params),
              {static_cast<const float*>(o[1]), static_cast<float*>(o[0])}, begin, end, scratch);
}

const char* plan(PlanContext& c) {
  const Shape& shape = c.shape(0);
  if (shape.empty()) return "a scalar has no axis";
  const size_t axis = positive_axis(attribute<int64_t>(c.node(), "axis", 1), shape.size());
  const bool log = c.node().is("LogSoftmax");
  const SoftmaxPlan p = plan_softmax(product(shape, 0, axis), int64_t(shape[axis]),
                                     product(shape, axis + 1, shape.size()), log, c.isa());
  const double n = double(elements(shape));
  const Place src = c.input(0), operands[] = {c.output_in_place(0, 0), src};
  c.step(spec_of(p, run, fmt::format("softmax_f32_{}", tier_name(c.isa())), estimate(8 * n, 40 * n),
                 5e-9 * n),
         p, operands);
  return nullptr;
}

}  // namespace

const NodeKind softmax_node = {"Softmax", refusal, nullptr, plan};
const NodeKind log_softmax_node = {"LogSoftmax", refusal, nullptr, plan};

}  // namespace vireo::cpu
