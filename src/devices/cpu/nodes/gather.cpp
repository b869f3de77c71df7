// Gather and GatherElements.
#include "devices/cpu/kernels/gather/gather.h"

#include "devices/cpu/nodes/kernel_step.h"
#include "ops/indexing/indexing.h"

namespace vireo::cpu {

namespace {

std::string refuse_index(const NodeView& node) {
  const element::Type t = node.in_type(1);
  if (t != element::i32 && t != element::i64)
    return fmt::format("the kernel takes i32 or i64 indices, got {}", t.name());
  return needs_bytes(node);
}

std::string gather_refusal(const NodeView& node) {
  if (!node.constant(2)) return "the axis is not constant";
  return refuse_index(node);
}

DataType index_type(const NodeView& node) {
  return node.in_type(1) == element::i32 ? DataType::i32 : DataType::i64;
}

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  run_gather(*static_cast<const GatherPlan*>(params), {o[1], o[2], o[0]}, begin, end, scratch);
}
void run_elements(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  run_gather_elements(*static_cast<const GatherElementsPlan*>(params), {o[1], o[2], o[0]}, begin,
                      end, scratch);
}

const char* plan(PlanContext& c) {
  const Shape &src = c.shape(0), &index = c.shape(1);
  if (src.empty()) return "a scalar has no axis";
  const size_t axis = positive_axis(known_ints(*c.value(2))[0], src.size());
  const int64_t batch_dims = c.node().op->version == 1 ? 0 : c.attrs<ops::Gather>().batch_dims;
  const size_t batches = positive_axis(batch_dims, index.size());
  if (batches > axis) return "the batch axes reach over the axis";
  GatherParams p;
  p.batch = product(index, 0, batches);
  p.outer = product(src, batches, axis);
  p.axis = int64_t(src[axis]);
  p.count = product(index, batches, index.size());
  p.row_bytes = product(src, axis + 1, src.size()) * int64_t(c.out_type().size());
  p.index_type = index_type(c);
  const GatherPlan plan = plan_gather(p);
  const Place operands[] = {c.output(0), c.input(0), c.input(1)};
  StepSpec spec =
      spec_of(plan, run, "gather",
              estimate(2.0 * double(elements(c.out_shape()) * int64_t(c.out_type().size()))));
  spec.bytes = 2.0 * double(elements(c.out_shape()) * int64_t(c.out_type().size()));
  c.step(spec, plan, operands);
  return nullptr;
}

const char* plan_elements(PlanContext& c) {
  const Shape &src = c.shape(0), &index = c.shape(1);
  const size_t axis = positive_axis(c.attrs<ops::GatherElements>().axis, src.size());
  for (size_t i = 0; i < src.size(); ++i)
    if (i != axis && src[i] != index[i]) return "the index is smaller than the data";
  GatherElementsParams p;
  p.outer = product(src, 0, axis);
  p.axis = int64_t(src[axis]);
  p.count = int64_t(index[axis]);
  p.inner = product(src, axis + 1, src.size());
  p.element_bytes = int64_t(c.out_type().size());
  p.index_type = index_type(c);
  const GatherElementsPlan plan = plan_gather_elements(p);
  const Place operands[] = {c.output(0), c.input(0), c.input(1)};
  c.step(spec_of(plan, run_elements, "gather_elements", estimate(16.0 * double(elements(index)))),
         plan, operands);
  return nullptr;
}

}  // namespace

const NodeKind gather_node = {"Gather", gather_refusal, nullptr, plan};
const NodeKind gather_elements_node = {"GatherElements", refuse_index, nullptr, plan_elements};

}  // namespace vireo::cpu
