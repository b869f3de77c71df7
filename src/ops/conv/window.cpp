// Sliding windows: padding and output extents.
#include "ops/conv/window.h"

#include "base/support/hash.h"

namespace vireo::ops {

namespace {
// Strides, dilations and pads beyond this are refused, so that sums and products of them fit.
constexpr int64_t kMostExtent = int64_t(1) << 31;
}  // namespace

void resolve_auto_pad(AutoPad auto_pad, int64_t in, WindowAxis& axis) {
  if (auto_pad == AutoPad::Explicit) return;
  axis.pad_begin = axis.pad_end = 0;
  if (auto_pad == AutoPad::Valid) return;
  const int64_t out = (in + axis.stride - 1) / axis.stride;
  const int64_t total = std::max<int64_t>(0, (out - 1) * axis.stride + axis.extent() - in);
  const int64_t less = total / 2;
  axis.pad_begin = auto_pad == AutoPad::SameUpper ? less : total - less;
  axis.pad_end = total - axis.pad_begin;
}

int64_t window_positions(int64_t in, const WindowAxis& axis, RoundingType rounding) {
  const int64_t room = in + axis.pad_begin + axis.pad_end - axis.extent();
  if (room < 0) return 0;
  if (rounding == RoundingType::Floor) return room / axis.stride + 1;
  const int64_t out = (room + axis.stride - 1) / axis.stride + 1;
  // PyTorch's rule: no window starts in the padding behind.
  const bool beyond = (out - 1) * axis.stride >= in + axis.pad_begin;
  return rounding == RoundingType::CeilTorch && beyond ? out - 1 : out;
}

namespace {

// Equal extents under equal windows give equal extents: the symbol is made of the input's and of
// all that the result depends on.
Dimension with_window_symbol(const Dimension& out, const Dimension& in, int64_t pads,
                             int64_t stride, int64_t kind) {
  if (in.symbol() == 0 || out.is_static()) return out;
  uint64_t h = hash_combine(in.symbol(), uint64_t(pads));
  h = hash_combine(hash_combine(h, uint64_t(stride)), uint64_t(kind));
  return out.with_symbol(h | uint64_t(1) << 63);
}

}  // namespace

Dimension window_output(const Dimension& in, const WindowAxis& axis, AutoPad auto_pad,
                        RoundingType rounding) {
  const bool same = auto_pad == AutoPad::SameUpper || auto_pad == AutoPad::SameLower;
  if (same && axis.stride == 1) return in;
  if (same) {
    const Dimension out =
        map_dimension(in, [&](int64_t n) { return (n + axis.stride - 1) / axis.stride; });
    return with_window_symbol(out, in, 0, axis.stride, 1);
  }
  WindowAxis used = axis;
  resolve_auto_pad(auto_pad, 0, used);
  if (used.stride == 1 && used.pad_begin + used.pad_end == used.extent() - 1) return in;
  const Dimension out =
      map_dimension(in, [&](int64_t n) { return window_positions(n, used, rounding); });
  const int64_t room = used.pad_begin + used.pad_end - used.extent();
  if (rounding == RoundingType::CeilTorch) return out;
  return with_window_symbol(out, in, room, used.stride, rounding == RoundingType::Floor ? 2 : 3);
}

std::vector<WindowAxis> window_axes(const InferContext& c, size_t rank,
                                    const std::vector<int64_t>& strides,
                                    const std::vector<int64_t>& dilations,
                                    const std::vector<int64_t>& pads_begin,
                                    const std::vector<int64_t>& pads_end) {
  const auto check = [&](const std::vector<int64_t>& v, const char* name) {
    if (!v.empty() && v.size() != rank)
      c.fail("{} has {} values, got {} spatial axes", name, v.size(), rank);
  };
  check(strides, "strides");
  check(dilations, "dilations");
  check(pads_begin, "pads_begin");
  check(pads_end, "pads_end");
  std::vector<WindowAxis> axes(rank);
  for (size_t i = 0; i < rank; ++i) {
    WindowAxis& a = axes[i];
    if (!strides.empty()) a.stride = strides[i];
    if (!dilations.empty()) a.dilation = dilations[i];
    if (!pads_begin.empty()) a.pad_begin = pads_begin[i];
    if (!pads_end.empty()) a.pad_end = pads_end[i];
    if (a.stride <= 0) c.fail("stride {} of spatial axis {} is not positive", a.stride, i);
    for (int64_t v : {a.stride, a.dilation, a.pad_begin, a.pad_end})
      if (v > kMostExtent || v < -kMostExtent)
        c.fail("{} on spatial axis {} is out of range", v, i);
    if (a.dilation <= 0) c.fail("dilation {} of spatial axis {} is not positive", a.dilation, i);
  }
  return axes;
}

}  // namespace vireo::ops
