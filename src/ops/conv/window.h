// Sliding windows: padding and output extents, shared by convolutions, poolings and the fused
// operators.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "core/op.h"

namespace vireo::ops {

enum class AutoPad { Explicit, SameUpper, SameLower, Valid };
inline constexpr const char* kAutoPadNames[] = {"explicit", "same_upper", "same_lower", "valid"};

enum class RoundingType { Floor, Ceil, CeilTorch };
inline constexpr const char* kRoundingTypeNames[] = {"floor", "ceil", "ceil_torch"};

// One spatial axis of a window; pads may be negative (they crop).
struct WindowAxis {
  int64_t kernel = 1, stride = 1, dilation = 1, pad_begin = 0, pad_end = 0;
  int64_t extent() const { return (kernel - 1) * dilation + 1; }
};

// A dimension under a function that does not fall.
template <typename F>
Dimension map_dimension(const Dimension& d, F&& f) {
  const int64_t low = std::max<int64_t>(0, f(d.min()));
  if (!d.bounded()) return Dimension(low, -1);
  return Dimension(low, std::max<int64_t>(0, f(d.max())));
}

// Pads of an axis of `in` elements under same_upper or same_lower, 0 under valid; explicit ones
// stay.
void resolve_auto_pad(AutoPad auto_pad, int64_t in, WindowAxis& axis);
// Positions of a window along an axis of `in` elements with resolved pads; 0 if it does not fit.
int64_t window_positions(int64_t in, const WindowAxis& axis,
                         RoundingType rounding = RoundingType::Floor);
// The same for partly known extents; passes the symbol on where the extent stays as it is.
Dimension window_output(const Dimension& in, const WindowAxis& axis, AutoPad auto_pad,
                        RoundingType rounding = RoundingType::Floor);

// Gathers axes from attribute vectors; missing strides and dilations are 1, missing pads 0. Fails
// on a wrong length or on values that no window has.
std::vector<WindowAxis> window_axes(const InferContext& c, size_t rank,
                                    const std::vector<int64_t>& strides,
                                    const std::vector<int64_t>& dilations,
                                    const std::vector<int64_t>& pads_begin,
                                    const std::vector<int64_t>& pads_end);

// Three spatial axes, the leading ones of extent 1 where there are fewer: what the loops of
// evaluate run over.
using Extents3 = std::array<int64_t, 3>;

}  // namespace vireo::ops
