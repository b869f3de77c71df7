// vireo.Conv and vireo.ConvTranspose: channels-last convolutions with bias, residual and
// activation.
#include "ops/fused/conv_shape.h"
#include "ops/fused/epilogue.h"
#include "ops/fused/layout.h"

namespace vireo::ops {

void visit(AttrVisitor& v, FusedConv& a) {
  v.on("strides", a.strides);
  v.on("dilations", a.dilations);
  v.on("pads_begin", a.pads_begin);
  v.on("pads_end", a.pads_end);
  v.on("groups", a.groups);
  v.on("planar", a.planar);
  v.on("has_bias", a.has_bias);
  v.on("has_residual", a.has_residual);
  visit_activation(v, a.activation);
  v.on("output_type", a.output_type);
}
void visit(AttrVisitor& v, FusedConvTranspose& a) {
  visit(v, static_cast<FusedConv&>(a));
  v.on("output_padding", a.output_padding);
}

namespace {

int64_t value_at(const std::vector<int64_t>& v, size_t i, int64_t fallback) {
  return i < v.size() ? v[i] : fallback;
}

// The output extent of one spatial axis from the input's and the window.
template <typename F>
PartialShape output_shape(InferContext& c, const FusedConv& a, F&& extent) {
  const PartialShape &src = c.shape(0), &wei = c.shape(1);
  c.expect_rank(0, 3, 5);
  c.expect_rank(1, 3, 5);
  if (a.groups <= 0) c.fail("groups {} is not positive", a.groups);
  if (!src.rank_is_static() && !wei.rank_is_static()) return PartialShape::dynamic();
  const size_t rank = src.rank_is_static() ? src.size() : wei.size(), spatial = rank - 2;
  const size_t channel = a.planar ? 1 : rank - 1, first = a.planar ? 2 : 1;  // axes of src
  if (src.rank_is_static() && wei.rank_is_static() && wei.size() != rank)
    c.fail("shapes {} and {} have different ranks", src.to_string(), wei.to_string());
  std::vector<WindowAxis> axes =
      window_axes(c, spatial, a.strides, a.dilations, a.pads_begin, a.pads_end);
  PartialShape out = PartialShape::dynamic(int64_t(rank));
  if (wei.rank_is_static()) out[rank - 1] = wei[0];
  if (!src.rank_is_static()) return out;
  out[0] = src[0];
  if (!wei.rank_is_static()) return out;
  if (!src[channel].compatible(wei[rank - 1] * Dimension(a.groups)))
    c.fail("src has {} channels, the weights take {} in {} groups", src[channel].to_string(),
           wei[rank - 1].to_string(), a.groups);
  for (size_t i = 0; i < spatial; ++i) {
    if (wei[1 + i].is_dynamic()) continue;
    axes[i].kernel = wei[1 + i].get_length();
    out[1 + i] = extent(src[first + i], axes[i], i);
  }
  return out;
}

}  // namespace

PartialShape conv_output_shape(InferContext& c, const FusedConv& a) {
  return output_shape(c, a, [](const Dimension& d, const WindowAxis& w, size_t) {
    return window_output(d, w, AutoPad::Explicit);
  });
}

namespace {

void infer(InferContext& c) {
  const FusedConv& a = c.attrs<FusedConv>();
  c.expect_inputs(2, 4);
  const PartialShape out = conv_output_shape(c, a);
  check_epilogue(c, a, 2, out);
  c.set_output(0, product_type(c, a), out);
}

void infer_transposed(InferContext& c) {
  const FusedConvTranspose& a = c.attrs<FusedConvTranspose>();
  c.expect_inputs(2, 4);
  const PartialShape out =
      output_shape(c, a, [&](const Dimension& d, const WindowAxis& w, size_t i) {
        return map_dimension(d, [&](int64_t n) {
          return (n - 1) * w.stride + w.extent() - w.pad_begin - w.pad_end +
                 value_at(a.output_padding, i, 0);
        });
      });
  check_epilogue(c, a, 2, out);
  c.set_output(0, product_type(c, a), out);
}

}  // namespace

ConvShape conv_shape(const FusedConv& a, const Shape& src, const Shape& wei, const Shape& out) {
  ConvShape s;
  s.batch = src[0];
  s.groups = size_t(a.groups);
  s.in_channels = wei.back();
  s.out_channels = wei[0] / s.groups;
  const size_t spatial = src.size() - 2;
  std::vector<WindowAxis> axes(spatial);
  for (size_t i = 0; i < spatial; ++i)
    axes[i] = {int64_t(wei[1 + i]), value_at(a.strides, i, 1), value_at(a.dilations, i, 1),
               value_at(a.pads_begin, i, 0), value_at(a.pads_end, i, 0)};
  const auto first = src.begin() + (a.planar ? 2 : 1);
  set_spatial(s, {first, first + int64_t(spatial)}, {out.begin() + 1, out.end() - 1}, axes);
  return s;
}

namespace {

void evaluate(EvalContext& c) {
  const FusedConv& a = c.attrs<FusedConv>();
  const Shape &wei = c.shape(1), out = c.output(0).get_shape();
  const ConvShape s = conv_shape(a, c.shape(0), wei, out);
  std::vector<double> src = load<double>(c.input(0));
  if (!a.planar) src = swap_inner(src, s.batch, s.in_size(), c.shape(0).back());
  const std::vector<double> filters =
      swap_inner(load<double>(c.input(1)), wei[0], s.kernel_size(), s.in_channels);
  std::vector<double> sums =
      swap_inner(convolve<double>(s, src, filters), s.batch, wei[0], s.out_size());
  finish(c, a, 2, sums, wei[0]);
}

void evaluate_transposed(EvalContext& c) {
  const FusedConvTranspose& a = c.attrs<FusedConvTranspose>();
  const Shape &wei = c.shape(1), out = c.output(0).get_shape();
  const ConvShape s = conv_shape(a, c.shape(0), wei, out);
  const std::vector<double> src =
      swap_inner(load<double>(c.input(0)), s.batch, s.in_size(), c.shape(0).back());
  // [groups, O, kernel, C] to [groups, C, O, kernel].
  const std::vector<double> filters = swap_inner(load<double>(c.input(1)), s.groups,
                                                 s.out_channels * s.kernel_size(), s.in_channels);
  std::vector<double> sums =
      swap_inner(convolve_transposed<double>(s, src, filters), s.batch, wei[0], s.out_size());
  finish(c, a, 2, sums, wei[0]);
}

}  // namespace

VIREO_DEFINE_OP(fused_conv_0){"vireo.Conv", 0,        &kAttrType<FusedConv>,
                              infer,        evaluate, Tolerance::Accumulate};
VIREO_DEFINE_OP(fused_conv_transpose_0){
    "vireo.ConvTranspose", 0, &kAttrType<FusedConvTranspose>, infer_transposed, evaluate_transposed,
    Tolerance::Accumulate};

}  // namespace vireo::ops
