// Gather, GatherElements and GatherND.
#include "devices/cpu/kernels/gather/gather.h"

#include "devices/cpu/nodes/copy_step.h"
#include "devices/cpu/nodes/index.h"
#include "ops/indexing/indexing.h"

namespace vireo::cpu {

namespace {

std::string gather_refusal(const NodeView& node) {
  if (!node.constant(2)) return "the axis is not constant";
  return refuse_index(node, 1);
}
std::string index_refusal(const NodeView& node) { return refuse_index(node, 1); }

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  run_gather(*static_cast<const GatherPlan*>(params), {o[1], o[2], o[0]}, begin, end, scratch);
}
void run_elements(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  run_gather_elements(*static_cast<const GatherElementsPlan*>(params), {o[1], o[2], o[0]}, begin,
                      end, scratch);
}
void run_nd(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  run_gather_nd(*static_cast<const GatherNDPlan*>(params), {o[1], o[2], o[0]}, begin, end, scratch);
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
  p.index_type = index_type(c, 1);
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
  if (src.empty() || src.size() > size_t(kGatherRank)) return "the rank is 0 or over 12";
  const std::vector<int64_t> strides = byte_strides(src, 1);
  GatherElementsParams p;
  p.rank = int(src.size());
  p.axis = int(positive_axis(c.attrs<ops::GatherElements>().axis, src.size()));
  std::copy(index.begin(), index.end(), p.dims);
  std::copy(strides.begin(), strides.end(), p.strides);
  p.extent = int64_t(src[size_t(p.axis)]);
  p.element_bytes = int64_t(c.out_type().size());
  p.index_type = index_type(c, 1);
  const GatherElementsPlan plan = plan_gather_elements(p);
  const Place operands[] = {c.output(0), c.input(0), c.input(1)};
  c.step(spec_of(plan, run_elements, "gather_elements", estimate(16.0 * double(elements(index)))),
         plan, operands);
  return nullptr;
}

const char* plan_nd(PlanContext& c) {
  const Shape &src = c.shape(0), &index = c.shape(1);
  const int64_t width = int64_t(c.out_type().size());
  const size_t batch = size_t(c.attrs<ops::Gather>().batch_dims), tuple = index.back();
  if (tuple > size_t(kGatherRank)) return "the tuples are longer than 12";
  const std::vector<int64_t> strides = byte_strides(src, width);
  GatherNDParams p;
  p.batch = product(src, 0, batch);
  p.count = product(index, batch, index.size() - 1);
  p.batch_bytes = product(src, batch, src.size()) * width;
  p.row_bytes = product(src, batch + tuple, src.size()) * width;
  p.tuple = int(tuple);
  for (size_t k = 0; k < tuple; ++k) {
    p.extents[k] = int64_t(src[batch + k]);
    p.strides_bytes[k] = strides[batch + k];
  }
  p.index_type = index_type(c, 1);
  const GatherNDPlan plan = plan_gather_nd(p);
  const Place operands[] = {c.output(0), c.input(0), c.input(1)};
  const double bytes = 2.0 * double(elements(c.out_shape()) * width);
  StepSpec spec = spec_of(plan, run_nd, "gather_nd", estimate(bytes));
  spec.bytes = bytes;
  c.step(spec, plan, operands);
  return nullptr;
}

}  // namespace

const NodeKind gather_node = {"Gather", gather_refusal, nullptr, plan};
const NodeKind gather_elements_node = {"GatherElements", index_refusal, nullptr, plan_elements};
const NodeKind gather_nd_node = {"GatherND", index_refusal, nullptr, plan_nd};

}  // namespace vireo::cpu
