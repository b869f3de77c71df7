// Convolution and GroupConvolution, channels first as the public operators have them.
#include "core/values.h"
#include "ops/conv/compute.h"
#include "ops/conv/conv.h"

namespace vireo::ops {

void visit(AttrVisitor& v, Convolution& a) {
  v.on("strides", a.strides);
  v.on("dilations", a.dilations);
  v.on("pads_begin", a.pads_begin);
  v.on("pads_end", a.pads_end);
  v.on("auto_pad", a.auto_pad, kAutoPadNames);
}

std::vector<WindowAxis> resolved_axes(const Convolution& a, const std::vector<int64_t>& in,
                                      const std::vector<int64_t>& kernel) {
  std::vector<WindowAxis> axes(in.size());
  for (size_t i = 0; i < in.size(); ++i) {
    const auto at = [&](const std::vector<int64_t>& v, int64_t fallback) {
      return i < v.size() ? v[i] : fallback;
    };
    axes[i] = {kernel[i], at(a.strides, 1), at(a.dilations, 1), at(a.pads_begin, 0),
               at(a.pads_end, 0)};
    resolve_auto_pad(a.auto_pad, in[i], axes[i]);
  }
  return axes;
}

size_t expect_spatial(InferContext& c, size_t lead, size_t otherwise) {
  c.expect_rank(0, 3, 5);
  c.expect_rank(1, int64_t(lead) + 1, int64_t(lead) + 3);
  const PartialShape &data = c.shape(0), &filters = c.shape(1);
  if (!data.rank_is_static()) return filters.rank_is_static() ? filters.size() - lead : otherwise;
  if (filters.rank_is_static() && filters.size() - lead != data.size() - 2)
    c.fail("data {} and filters {} have different numbers of spatial axes", data.to_string(),
           filters.to_string());
  return data.size() - 2;
}

void expect_channels(InferContext& c, const Dimension& taken) {
  const PartialShape& data = c.shape(0);
  if (data.rank_is_static() && !data[1].compatible(taken))
    c.fail("data has {} channels, the filters take {}", data[1].to_string(), taken.to_string());
}

std::vector<int64_t> spatial_extents(const Shape& shape, size_t from) {
  return std::vector<int64_t>(shape.begin() + int64_t(from), shape.end());
}

namespace {

void infer_with(InferContext& c, size_t lead) {
  c.expect_inputs(2, 2);
  const Convolution& attrs = c.attrs<Convolution>();
  const PartialShape &data = c.shape(0), &filters = c.shape(1);
  const element::Type type = c.common_type(0, 2);
  const size_t spatial = expect_spatial(c, lead, attrs.strides.size());
  if (spatial == 0) return c.set_output(0, type, PartialShape::dynamic());
  std::vector<WindowAxis> axes =
      window_axes(c, spatial, attrs.strides, attrs.dilations, attrs.pads_begin, attrs.pads_end);
  PartialShape out = PartialShape::dynamic(int64_t(spatial) + 2);
  if (data.rank_is_static()) out[0] = data[0];
  if (filters.rank_is_static()) {
    out[1] = lead == 2 ? filters[0] : filters[0] * filters[1];
    expect_channels(c, lead == 2 ? filters[1] : filters[0] * filters[2]);
    if (lead == 3 && filters[0].is_dynamic() && data.rank_is_static() && data[1].is_static() &&
        filters[2].is_static() && filters[2].get_length() > 0)
      out[1] = filters[1] * Dimension(data[1].get_length() / filters[2].get_length());
  }
  for (size_t i = 0; i < spatial; ++i) {
    if (!data.rank_is_static()) continue;
    const bool same = attrs.auto_pad == AutoPad::SameUpper || attrs.auto_pad == AutoPad::SameLower;
    const Dimension kernel = filters.rank_is_static() ? filters[lead + i] : Dimension();
    if (kernel.is_dynamic() && !same) continue;
    axes[i].kernel = kernel.is_static() ? kernel.get_length() : 1;
    if (data[2 + i].is_static() && kernel.is_static()) {
      WindowAxis used = axes[i];
      resolve_auto_pad(attrs.auto_pad, data[2 + i].get_length(), used);
      if (window_positions(data[2 + i].get_length(), used) < 1)
        c.fail("filters of {} reach beyond the padded extent {} of spatial axis {}", used.extent(),
               data[2 + i].get_length() + used.pad_begin + used.pad_end, i);
    }
    out[2 + i] = window_output(data[2 + i], axes[i], attrs.auto_pad);
  }
  c.set_output(0, type, out);
}

void infer(InferContext& c) { infer_with(c, 2); }
void infer_grouped(InferContext& c) { infer_with(c, 3); }

void evaluate_with(EvalContext& c, size_t lead) {
  Tensor& out = c.output(0);
  const Shape &data = c.shape(0), &filters = c.shape(1);
  ConvShape s;
  s.batch = data[0];
  s.groups = lead == 3 ? filters[0] : 1;
  s.out_channels = filters[lead - 2];
  s.in_channels = filters[lead - 1];
  const std::vector<int64_t> in = spatial_extents(data, 2);
  set_spatial(s, in, spatial_extents(out.get_shape(), 2),
              resolved_axes(c.attrs<Convolution>(), in, spatial_extents(filters, lead)));
  with_domain(out.get_element_type(), [&](auto zero) {
    using T = decltype(zero);
    store(out, convolve<T>(s, load<T>(c.input(0)), load<T>(c.input(1))));
  });
}

void evaluate(EvalContext& c) { evaluate_with(c, 2); }
void evaluate_grouped(EvalContext& c) { evaluate_with(c, 3); }

}  // namespace

VIREO_DEFINE_OP(convolution_1){"Convolution", 1,        &kAttrType<Convolution>,
                               infer,         evaluate, Tolerance::Accumulate};
VIREO_DEFINE_OP(group_convolution_1){"GroupConvolution",      1,
                                     &kAttrType<Convolution>, infer_grouped,
                                     evaluate_grouped,        Tolerance::Accumulate};

}  // namespace vireo::ops
