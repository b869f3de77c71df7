// Between channels last, which fused operators have, and channels first, which the loops of
// evaluate have.
#pragma once

#include <vector>

namespace vireo::ops {

// [outer, points, channels] to [outer, channels, points]; the way back is the same with the last
// two swapped.
inline std::vector<double> swap_inner(const std::vector<double>& x, size_t outer, size_t points,
                                      size_t channels) {
  std::vector<double> r(x.size());
  for (size_t o = 0; o < outer; ++o)
    for (size_t p = 0; p < points; ++p)
      for (size_t c = 0; c < channels; ++c)
        r[(o * channels + c) * points + p] = x[(o * points + p) * channels + c];
  return r;
}

}  // namespace vireo::ops
