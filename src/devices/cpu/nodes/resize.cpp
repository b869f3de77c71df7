// Interpolate over axes next to each other: what lies before them is the batch, what lies behind
// them the channels.
#include "ops/resize/resize.h"

#include "core/values.h"
#include "devices/cpu/kernels/resize/resize.h"
#include "devices/cpu/nodes/kernel_step.h"

namespace vireo::cpu {

namespace {

struct Resized {
  ops::Interpolate attrs;
  std::vector<int64_t> axes;
  std::vector<float> scales;  // output over input, by axis of `axes`; empty: from the extents
};

int axes_input(int version) { return version == 4 ? 3 : 2; }

ops::Interpolate attributes(const NodeView& node) {
  if (node.node().attrs.is<ops::Interpolate1>())
    return ops::modern(node.attrs<ops::Interpolate1>());
  return node.attrs<ops::Interpolate>();
}

std::string refusal(const NodeView& node) {
  const ops::Interpolate a = attributes(node);
  for (const auto& pads : {a.pads_begin, a.pads_end})
    for (int64_t p : pads)
      if (p != 0) return "the input is padded";
  if (a.mode == ops::InterpolateMode::BilinearPillow ||
      a.mode == ops::InterpolateMode::BicubicPillow)
    return "the mode is pillow's";
  return needs_f32(node);
}

struct AxisTable {
  std::vector<int32_t> index;
  std::vector<float> weight;
};

struct Params {
  ResizePlan plan;
  AxisTable tables[3];
};

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  run_resize(static_cast<const Params*>(params)->plan,
             {static_cast<const float*>(o[1]), static_cast<float*>(o[0])}, begin, end, scratch);
}

const char* fill_axes(PlanContext& c, Resized& r) {
  const int version = c.node().op->version;
  if (version == 1) {
    r.axes = c.attrs<ops::Interpolate1>().axes;
    return nullptr;
  }
  const size_t axes = size_t(axes_input(version));
  if (axes < c.inputs()) {
    if (!c.value(axes)) return "the axes are not known";
    r.axes = known_ints(*c.value(axes));
  } else {
    for (size_t i = 0; i < c.shape(0).size(); ++i) r.axes.push_back(int64_t(i));
  }
  if (r.attrs.shape_calculation_mode == ops::ShapeCalculation::Scales) {
    const Tensor* scales = c.value(version == 4 ? 2 : 1);
    if (!scales) return "the scales are not known";
    for (double s : load<double>(*scales)) r.scales.push_back(float(s));
  }
  return nullptr;
}

// The table of one axis, or none if it stays as it is.
void fill_table(const Resized& r, int64_t in, int64_t out, float scale, AxisTable& table,
                ResizeAxis& axis) {
  axis.in = in;
  axis.out = out;
  if (r.attrs.mode == ops::InterpolateMode::Nearest) {
    axis.taps = 1;
    for (int64_t o = 0; o < out; ++o)
      table.index.push_back(
          int32_t(ops::nearest_index(r.attrs, size_t(in), size_t(out), scale, size_t(o))));
    axis.index = table.index.data();
    return;
  }
  const ops::AxisTaps taps = ops::axis_taps(r.attrs, size_t(in), size_t(out), scale);
  size_t most = 1;
  for (const auto& t : taps) most = std::max(most, t.size());
  axis.taps = int(most);
  for (const auto& t : taps)
    for (size_t k = 0; k < most; ++k) {
      table.index.push_back(k < t.size() ? int32_t(t[k].index) : 0);
      table.weight.push_back(k < t.size() ? float(t[k].weight) : 0.0f);
    }
  axis.index = table.index.data();
  axis.weight = table.weight.data();
}

const char* plan(PlanContext& c) {
  const Shape &src = c.shape(0), &out = c.out_shape();
  if (elements(src) == 0 || elements(out) == 0) return "there is nothing to resize";
  Resized r;
  r.attrs = attributes(c);
  if (const char* reason = fill_axes(c, r)) return reason;
  // Axes that change, from the first to the last.
  std::vector<float> scale(src.size(), 1);
  std::vector<char> moves(src.size());
  for (size_t i = 0; i < r.axes.size(); ++i) {
    const size_t axis = positive_axis(r.axes[i], src.size());
    scale[axis] = r.scales.empty() ? float(out[axis]) / float(src[axis]) : r.scales[i];
    moves[axis] = src[axis] != out[axis] || scale[axis] != 1;
  }
  size_t first = 0, last = src.size();
  while (first < src.size() && !moves[first]) ++first;
  while (last > first && !moves[last - 1]) --last;
  if (first == last) {
    c.output_view(0, 0);
    return nullptr;
  }
  if (last - first > 3) return "more than three axes change";

  auto params = std::make_shared<Params>();
  ResizeParams p;
  p.batch = product(src, 0, first);
  p.channels = product(src, last, src.size());
  for (size_t axis = first; axis < last; ++axis) {
    const size_t k = 3 - (last - first) + (axis - first);
    p.axis[k].in = p.axis[k].out = int64_t(src[axis]);
    if (moves[axis])
      fill_table(r, int64_t(src[axis]), int64_t(out[axis]), scale[axis], params->tables[k],
                 p.axis[k]);
  }
  params->plan = plan_resize(p, c.isa());
  const Place operands[] = {c.output(0), c.input(0)};
  const StepSpec spec = spec_of(params->plan, run, fmt::format("resize_f32_{}", tier_name(c.isa())),
                                estimate(8.0 * double(elements(out)), 8.0 * double(elements(out))));
  const void* raw = params.get();
  c.step(spec, std::move(params), raw, operands);
  return nullptr;
}

}  // namespace

const NodeKind interpolate_node = {"Interpolate", refusal, nullptr, plan};

}  // namespace vireo::cpu
