// Convolutions and poolings become Vireo's own, channels last, with explicit pads.
#include "ops/conv/conv.h"
#include "ops/fused/fused.h"
#include "ops/pool/pool.h"
#include "passes/layout/layout.h"
#include "passes/match.h"
#include "passes/tensors.h"

namespace vireo::passes {

namespace {

using ops::AutoPad;
using ops::WindowAxis;

int64_t at(const std::vector<int64_t>& v, size_t i, int64_t fallback) {
  return i < v.size() ? v[i] : fallback;
}

// Static spatial extents of [N, C, spatial...]; an extent that is not known is -1.
std::vector<int64_t> spatial(const PartialShape& s, size_t from = 2) {
  std::vector<int64_t> out;
  for (size_t i = from; i < s.size(); ++i) out.push_back(s[i].is_static() ? s[i].get_length() : -1);
  return out;
}

// Pads that hold for any extent, or for those known; false where they depend on an unknown one.
bool resolve(AutoPad auto_pad, int64_t extent, WindowAxis& axis) {
  const bool same = auto_pad == AutoPad::SameUpper || auto_pad == AutoPad::SameLower;
  if (same && extent < 0 && axis.stride != 1) return false;
  resolve_auto_pad(auto_pad, extent < 0 ? 1 << 20 : extent, axis);
  return true;
}

void put(ops::FusedConv& a, const WindowAxis& w) {
  a.strides.push_back(w.stride);
  a.dilations.push_back(w.dilation);
  a.pads_begin.push_back(w.pad_begin);
  a.pads_end.push_back(w.pad_end);
}

bool real_static(const Layout& l, const GraphNode& n, size_t inputs) {
  for (size_t i = 0; i < inputs; ++i)
    if (!l.fact(n.inputs[i]).type.is_real() || !l.fact(n.inputs[i]).shape.rank_is_static())
      return false;
  return true;
}

// [G, O, C, k...] to [G * O, C, k...].
OutputRef merged_groups(Layout& l, OutputRef weights) {
  const PartialShape& s = l.fact(weights).shape;
  if (s.is_dynamic()) return {};
  Shape shape = s.to_shape();
  shape[1] *= shape[0];
  shape.erase(shape.begin());
  if (const Tensor t = l.fact(weights).value) return l.patch().constant(reshaped(t, shape));
  const std::vector<int64_t> pattern(shape.begin(), shape.end());
  return add_public(l.patch(), "Reshape", {l.plain(weights), l.i64(pattern)},
                    {{"special_zero", false}});
}

}  // namespace

bool layout_convolution(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  if (!real_static(l, n, 2)) return false;
  const PartialShape &in = l.fact(n.inputs[0]).shape, wei = l.fact(n.inputs[1]).shape;
  const bool grouped = n.is("GroupConvolution");
  const size_t lead = grouped ? 3 : 2;
  if (grouped && wei[0].is_dynamic()) return false;
  const auto& a = n.attrs.as<ops::Convolution>();
  const std::vector<int64_t> extents = spatial(in), kernel = spatial(wei, lead);
  ops::FusedConv fused;
  fused.groups = grouped ? wei[0].get_length() : 1;
  for (size_t i = 0; i < extents.size(); ++i) {
    WindowAxis w{kernel[i], at(a.strides, i, 1), at(a.dilations, i, 1), at(a.pads_begin, i, 0),
                 at(a.pads_end, i, 0)};
    const bool needs_kernel = a.auto_pad == AutoPad::SameUpper || a.auto_pad == AutoPad::SameLower;
    if ((needs_kernel && kernel[i] < 0) || !resolve(a.auto_pad, extents[i], w)) return false;
    put(fused, w);
  }
  const OutputRef weights = grouped ? merged_groups(l, n.inputs[1]) : n.inputs[1];
  if (!weights.valid()) return false;
  const Order order = channels_last(in.size());
  const NodeId made =
      l.emit(id, ops::fused_conv_0, fused, {l.as(n.inputs[0], order), l.as(weights, order)});
  l.set({id, 0}, {made, 0}, order);
  return true;
}

bool layout_deconvolution(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  const PartialShape &in = l.fact(n.inputs[0]).shape, wei = l.fact(n.inputs[1]).shape,
                     out = n.fact().shape;
  if (!real_static(l, n, 2) || wei.is_dynamic()) return false;
  const bool grouped = n.is("GroupConvolutionBackpropData"), shaped = n.inputs.size() > 2;
  const auto& a = n.attrs.as<ops::ConvolutionBackprop>();
  const std::vector<int64_t> extents = spatial(in), kernel = spatial(wei, grouped ? 3 : 2),
                             wanted = spatial(out);
  for (size_t i = 0; shaped && i < extents.size(); ++i)
    if (extents[i] < 0 || wanted[i] < 0) return false;
  const auto axes =
      ops::resolved_axes(a, extents, kernel, shaped ? wanted : std::vector<int64_t>{});
  ops::FusedConvTranspose fused;
  fused.groups = grouped ? wei[0].get_length() : 1;
  for (size_t i = 0; i < axes.size(); ++i) {
    const WindowAxis& w = axes[i];
    const int64_t rest = w.extent() - w.pad_begin - w.pad_end;
    const int64_t padding =
        shaped ? wanted[i] - (extents[i] - 1) * w.stride - rest : at(a.output_padding, i, 0);
    if (padding < 0) return false;
    put(fused, w);
    fused.output_padding.push_back(padding);
  }
  // [C, O, k...] to [O, k..., C]; [G, C, O, k...] to [G, O, k..., C] and then merged.
  Order order;
  for (size_t i = grouped ? 2 : 1; i < wei.size(); ++i) order.push_back(int64_t(i));
  order.push_back(grouped ? 1 : 0);
  if (grouped) order.insert(order.begin(), 0);
  OutputRef weights = l.as(n.inputs[1], order);
  if (grouped) weights = merged_groups(l, weights);
  const Order last = channels_last(in.size());
  const NodeId made =
      l.emit(id, ops::fused_conv_transpose_0, fused, {l.as(n.inputs[0], last), weights});
  l.set({id, 0}, {made, 0}, last);
  return true;
}

namespace {

template <typename A>
bool pool(Layout& l, NodeId id, const A& a, bool exclude_pad, const OpDef& op) {
  const GraphNode& n = l.graph()[id];
  if (!real_static(l, n, 1)) return false;
  const PartialShape& in = l.fact(n.inputs[0]).shape;
  const std::vector<int64_t> extents = spatial(in);
  ops::FusedPool fused;
  fused.exclude_pad = exclude_pad;
  for (size_t i = 0; i < extents.size(); ++i) {
    WindowAxis w{a.kernel[i], at(a.strides, i, 1), at(a.dilations, i, 1), at(a.pads_begin, i, 0),
                 at(a.pads_end, i, 0)};
    if (!resolve(a.auto_pad, extents[i], w)) return false;
    int64_t overhang = 0;
    if (a.rounding_type != ops::RoundingType::Floor && w.stride != 1) {
      if (extents[i] < 0) return false;
      const int64_t out = window_positions(extents[i], w, a.rounding_type);
      overhang = std::max<int64_t>(
          0, (out - 1) * w.stride + w.extent() - (extents[i] + w.pad_begin + w.pad_end));
    }
    fused.kernel.push_back(w.kernel);
    fused.strides.push_back(w.stride);
    fused.dilations.push_back(w.dilation);
    fused.pads_begin.push_back(w.pad_begin);
    fused.pads_end.push_back(w.pad_end + overhang);
    fused.overhang.push_back(overhang);
  }
  const Order order = channels_last(in.size());
  const NodeId made = l.emit(id, op, fused, {l.as(n.inputs[0], order)});
  l.set({id, 0}, {made, 0}, order);
  return true;
}

}  // namespace

bool layout_max_pool(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  if (n.op->version == 0 || (n.outputs.size() > 1 && !n.outputs[1].uses.empty())) return false;
  return pool(l, id, ops::max_pool_attrs(*n.op, n.attrs), true, ops::fused_max_pool_0);
}

bool layout_avg_pool(Layout& l, NodeId id) {
  const GraphNode& n = l.graph()[id];
  if (n.op->version == 0) return false;
  const ops::AvgPool& a = ops::avg_pool_attrs(*n.op, n.attrs);
  return pool(l, id, a, a.exclude_pad, ops::fused_avg_pool_0);
}

}  // namespace vireo::passes
