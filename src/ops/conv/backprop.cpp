// ConvolutionBackpropData and GroupConvolutionBackpropData: transposed convolutions.
#include "core/values.h"
#include "ops/conv/compute.h"
#include "ops/conv/conv.h"

namespace vireo::ops {

void visit(AttrVisitor& v, ConvolutionBackprop& a) {
  visit(v, static_cast<Convolution&>(a));
  v.on("output_padding", a.output_padding);
}

namespace {

int64_t value_at(const std::vector<int64_t>& v, size_t i, int64_t fallback) {
  return i < v.size() ? v[i] : fallback;
}

int64_t full_extent(int64_t in, const WindowAxis& a, int64_t output_padding) {
  return (in - 1) * a.stride + a.extent() + output_padding;
}

}  // namespace

std::vector<WindowAxis> resolved_axes(const ConvolutionBackprop& a, const std::vector<int64_t>& in,
                                      const std::vector<int64_t>& kernel,
                                      const std::vector<int64_t>& out) {
  std::vector<WindowAxis> axes(in.size());
  for (size_t i = 0; i < in.size(); ++i) {
    WindowAxis& w = axes[i];
    w = {kernel[i], value_at(a.strides, i, 1), value_at(a.dilations, i, 1),
         value_at(a.pads_begin, i, 0), value_at(a.pads_end, i, 0)};
    if (a.auto_pad == AutoPad::Valid) w.pad_begin = w.pad_end = 0;
    const bool same = a.auto_pad == AutoPad::SameUpper || a.auto_pad == AutoPad::SameLower;
    if (!same) continue;
    // With an output shape the pads are what remains over; without one same_* means none.
    const int64_t total =
        out.empty() ? 0
                    : std::max<int64_t>(
                          0, full_extent(in[i], w, value_at(a.output_padding, i, 0)) - out[i]);
    // What is cut off is what the convolution would have padded, the odd element on the other side.
    w.pad_begin = a.auto_pad == AutoPad::SameLower ? total / 2 : total - total / 2;
    w.pad_end = total - w.pad_begin;
  }
  return axes;
}

namespace {

Dimension spatial_output(const ConvolutionBackprop& attrs, const Dimension& in, WindowAxis axis,
                         int64_t padding) {
  if (attrs.auto_pad != AutoPad::Explicit) axis.pad_begin = axis.pad_end = 0;
  return map_dimension(
      in, [&](int64_t n) { return full_extent(n, axis, padding) - axis.pad_begin - axis.pad_end; });
}

void infer_with(InferContext& c, size_t lead) {
  c.expect_inputs(2, 3);
  const ConvolutionBackprop& attrs = c.attrs<ConvolutionBackprop>();
  const PartialShape &data = c.shape(0), &filters = c.shape(1);
  const element::Type type = c.common_type(0, 2);
  const size_t spatial = expect_spatial(c, lead, attrs.strides.size());
  if (spatial == 0) return c.set_output(0, type, PartialShape::dynamic());
  std::vector<WindowAxis> axes =
      window_axes(c, spatial, attrs.strides, attrs.dilations, attrs.pads_begin, attrs.pads_end);
  PartialShape out = PartialShape::dynamic(int64_t(spatial) + 2);
  if (data.rank_is_static()) out[0] = data[0];
  if (filters.rank_is_static()) {
    out[1] = lead == 2 ? filters[1] : filters[0] * filters[2];
    expect_channels(c, lead == 2 ? filters[0] : filters[0] * filters[1]);
  }
  if (c.inputs() == 3) {
    if (const auto wanted = c.dims(2)) {
      if (wanted->size() != spatial)
        c.fail("the output shape has {} values, got {} spatial axes", wanted->size(), spatial);
      std::copy(wanted->begin(), wanted->end(), out.begin() + 2);
    }
  } else if (data.rank_is_static() && filters.rank_is_static()) {
    for (size_t i = 0; i < spatial; ++i) {
      if (filters[lead + i].is_dynamic()) continue;
      axes[i].kernel = filters[lead + i].get_length();
      out[2 + i] =
          spatial_output(attrs, data[2 + i], axes[i], value_at(attrs.output_padding, i, 0));
    }
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
  s.in_channels = filters[lead - 2];
  s.out_channels = filters[lead - 1];
  const std::vector<int64_t> in = spatial_extents(data, 2),
                             extents = spatial_extents(out.get_shape(), 2);
  set_spatial(s, in, extents,
              resolved_axes(c.attrs<ConvolutionBackprop>(), in, spatial_extents(filters, lead),
                            c.inputs() == 3 ? extents : std::vector<int64_t>{}));
  with_domain(out.get_element_type(), [&](auto zero) {
    using T = decltype(zero);
    store(out, convolve_transposed<T>(s, load<T>(c.input(0)), load<T>(c.input(1))));
  });
}

void evaluate(EvalContext& c) { evaluate_with(c, 2); }
void evaluate_grouped(EvalContext& c) { evaluate_with(c, 3); }

}  // namespace

VIREO_DEFINE_OP(convolution_backprop_1){
    "ConvolutionBackpropData", 1, &kAttrType<ConvolutionBackprop>, infer, evaluate,
    Tolerance::Accumulate};
VIREO_DEFINE_OP(group_convolution_backprop_1){"GroupConvolutionBackpropData",
                                              1,
                                              &kAttrType<ConvolutionBackprop>,
                                              infer_grouped,
                                              evaluate_grouped,
                                              Tolerance::Accumulate};

}  // namespace vireo::ops
