// ScatterUpdate, ScatterElementsUpdate, ScatterNDUpdate and OneHot.
#include "devices/cpu/kernels/scatter/scatter.h"

#include "devices/cpu/nodes/attribute.h"
#include "devices/cpu/nodes/copy_step.h"
#include "devices/cpu/nodes/index.h"

namespace vireo::cpu {

namespace {

std::string refusal(const NodeView& node) {
  const auto reduction = attribute<std::string>(node.node(), "reduction", "none");
  if (reduction != "none") return fmt::format("the kernel does not reduce by {}", reduction);
  return refuse_index(node, 1);
}

std::string axis_refusal(const NodeView& node) {
  if (!node.constant(3)) return "the axis is not constant";
  return refusal(node);
}

template <typename Plan, void (*kRun)(const Plan&, const ScatterArgs&, int64_t, int64_t, void*)>
void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  kRun(*static_cast<const Plan*>(params), {o[1], o[2], o[0]}, begin, end, scratch);
}

// The data where the output will lie: there already, or copied.
Place data_of(PlanContext& c) {
  const Place from = c.input(0), to = c.output_in_place(0, 0);
  const bool same = to.buffer == from.buffer && to.offset == from.offset && to.fixed == from.fixed;
  if (!same && elements(c.shape(0)) > 0) {
    const int64_t width = int64_t(c.out_type().size());
    const std::vector<int64_t> strides = byte_strides(c.shape(0), width);
    copy_step(c, "scatter_copy", c.shape(0), from, strides, to, strides, width);
  }
  return to;
}

template <typename Plan>
void emit(PlanContext& c, const Plan& plan, StepFn fn, const char* kernel) {
  const Place operands[] = {data_of(c), c.input(1), c.input(2)};
  const double bytes = 2.0 * double(elements(c.shape(2)) * int64_t(c.out_type().size()));
  StepSpec spec = spec_of(plan, fn, kernel, estimate(2 * bytes));
  spec.bytes = bytes;
  c.step(spec, plan, operands);
}

const char* plan_update(PlanContext& c) {
  const Shape& data = c.shape(0);
  if (data.empty()) return "a scalar has no axis";
  const size_t axis = positive_axis(known_ints(*c.value(3))[0], data.size());
  ScatterRowsParams p;
  p.outer = product(data, 0, axis);
  p.axis = int64_t(data[axis]);
  p.count = elements(c.shape(1));
  p.row_bytes = product(data, axis + 1, data.size()) * int64_t(c.out_type().size());
  p.index_type = index_type(c, 1);
  if (elements(c.shape(2)) * int64_t(c.out_type().size()) != p.outer * p.count * p.row_bytes)
    return "the updates do not fit the indices";
  emit(c, plan_scatter_rows(p), run<ScatterRowsPlan, run_scatter_rows>, "scatter");
  return nullptr;
}

const char* plan_elements(PlanContext& c) {
  const Shape &data = c.shape(0), &index = c.shape(1);
  if (data.empty() || data.size() > size_t(kScatterRank)) return "the rank is 0 or over 12";
  const std::vector<int64_t> strides = byte_strides(data, 1);
  ScatterElementsParams p;
  p.rank = int(data.size());
  p.axis = int(positive_axis(known_ints(*c.value(3))[0], data.size()));
  for (size_t i = 0; i < data.size(); ++i)
    if (int(i) != p.axis && index[i] > data[i]) return "the indices reach out of the data";
  std::copy(index.begin(), index.end(), p.dims);
  std::copy(strides.begin(), strides.end(), p.strides);
  p.extent = int64_t(data[size_t(p.axis)]);
  p.element_bytes = int64_t(c.out_type().size());
  p.index_type = index_type(c, 1);
  emit(c, plan_scatter_elements(p), run<ScatterElementsPlan, run_scatter_elements>,
       "scatter_elements");
  return nullptr;
}

const char* plan_nd(PlanContext& c) {
  const Shape &data = c.shape(0), &index = c.shape(1);
  const size_t tuple = index.back();
  if (tuple > size_t(kScatterRank)) return "the tuples are longer than 12";
  const std::vector<int64_t> strides = byte_strides(data, int64_t(c.out_type().size()));
  ScatterNDParams p;
  p.count = product(index, 0, index.size() - 1);
  p.row_bytes = product(data, tuple, data.size()) * int64_t(c.out_type().size());
  p.tuple = int(tuple);
  for (size_t k = 0; k < tuple; ++k) {
    p.extents[k] = int64_t(data[k]);
    p.strides_bytes[k] = strides[k];
  }
  p.index_type = index_type(c, 1);
  if (elements(c.shape(2)) * int64_t(c.out_type().size()) != p.count * p.row_bytes)
    return "the updates do not fit the indices";
  emit(c, plan_scatter_nd(p), run<ScatterNDPlan, run_scatter_nd>, "scatter_nd");
  return nullptr;
}

void run_one_hot_step(const void* params, void* const* o, int64_t begin, int64_t end,
                      void* scratch) {
  run_one_hot(*static_cast<const OneHotPlan*>(params), {o[1], o[2], o[3], o[0]}, begin, end,
              scratch);
}

std::string one_hot_refusal(const NodeView& node) { return refuse_index(node, 0); }

const char* plan_one_hot_node(PlanContext& c) {
  const Shape& out = c.out_shape();
  const size_t axis = positive_axis(attribute<int64_t>(c.node(), "axis", -1), out.size());
  OneHotParams p;
  p.outer = product(out, 0, axis);
  p.depth = int64_t(out[axis]);
  p.inner = product(out, axis + 1, out.size());
  p.element_bytes = int64_t(c.out_type().size());
  p.wrap_negative =
      attribute<std::string>(c.node(), "negative_indices_mode", "ignore_negative") == "normalize";
  p.index_type = index_type(c, 0);
  const OneHotPlan plan = plan_one_hot(p);
  const Place operands[] = {c.output(0), c.input(0), c.input(2), c.input(3)};
  c.step(spec_of(plan, run_one_hot_step, "one_hot",
                 estimate(2.0 * double(elements(out) * p.element_bytes))),
         plan, operands);
  return nullptr;
}

}  // namespace

const NodeKind scatter_update_node = {"ScatterUpdate", axis_refusal, nullptr, plan_update};
const NodeKind scatter_elements_node = {"ScatterElementsUpdate", axis_refusal, nullptr,
                                        plan_elements};
const NodeKind scatter_nd_node = {"ScatterNDUpdate", refusal, nullptr, plan_nd};
const NodeKind one_hot_node = {"OneHot", one_hot_refusal, nullptr, plan_one_hot_node};

}  // namespace vireo::cpu
