// TopK and CumSum: rows along one axis, each done in order.
#include "devices/cpu/kernels/reduce/cum_sum.h"
#include "devices/cpu/kernels/sort/top_k.h"
#include "devices/cpu/nodes/attribute.h"
#include "devices/cpu/nodes/kernel_step.h"

namespace vireo::cpu {

namespace {

std::string type_refusal(const NodeView& node) {
  const element::Type t = node.in_type(0);
  if (t != element::f32 && t != element::i32 && t != element::i64)
    return fmt::format("the kernel takes f32, i32 or i64, got {}", t.name());
  return {};
}

void run_top_k_step(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  run_top_k(*static_cast<const TopKPlan*>(params), {o[2], o[0], o[1]}, begin, end, scratch);
}

const char* plan_top_k_node(PlanContext& c) {
  const Shape &src = c.shape(0), &out = c.out_shape();
  const size_t axis = positive_axis(attribute<int64_t>(c.node(), "axis", -1), src.size());
  TopKParams p;
  p.outer = product(src, 0, axis);
  p.axis = int64_t(src[axis]);
  p.inner = product(src, axis + 1, src.size());
  p.k = int64_t(out[axis]);
  p.largest = attribute<std::string>(c.node(), "mode", "max") == "max";
  p.by_index = attribute<std::string>(c.node(), "sort", "none") == "index";
  data_type(c.in_type(0), &p.type);
  data_type(c.out_type(1), &p.index_type);
  const TopKPlan plan = plan_top_k(p);
  const Place operands[] = {c.output(0), c.output(1), c.input(0)};
  c.step(spec_of(plan, run_top_k_step, "top_k",
                 estimate(4.0 * double(elements(src)), 50.0 * double(elements(src)))),
         plan, operands);
  return nullptr;
}

std::string cum_sum_refusal(const NodeView& node) {
  if (node.has_input(1) && !node.constant(1)) return "the axis is not constant";
  return type_refusal(node);
}

void run_cum_sum_step(const void* params, void* const* o, int64_t begin, int64_t end,
                      void* scratch) {
  run_cum_sum(*static_cast<const CumSumPlan*>(params), {o[1], o[0]}, begin, end, scratch);
}

const char* plan_cum_sum_node(PlanContext& c) {
  const Shape& src = c.shape(0);
  if (src.empty()) return "a scalar has no axis";
  const size_t axis = positive_axis(c.has_input(1) ? known_ints(*c.value(1))[0] : 0, src.size());
  CumSumParams p;
  p.outer = product(src, 0, axis);
  p.axis = int64_t(src[axis]);
  p.inner = product(src, axis + 1, src.size());
  p.exclusive = attribute(c.node(), "exclusive", false);
  p.reverse = attribute(c.node(), "reverse", false);
  data_type(c.in_type(0), &p.type);
  const CumSumPlan plan = plan_cum_sum(p);
  const Place operands[] = {c.output_in_place(0, 0), c.input(0)};
  c.step(spec_of(plan, run_cum_sum_step, "cum_sum", estimate(16.0 * double(elements(src)))), plan,
         operands);
  return nullptr;
}

}  // namespace

const NodeKind top_k_node = {"TopK", type_refusal, nullptr, plan_top_k_node};
const NodeKind cum_sum_node = {"CumSum", cum_sum_refusal, nullptr, plan_cum_sum_node};

}  // namespace vireo::cpu
