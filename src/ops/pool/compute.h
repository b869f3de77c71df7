// The loops of the poolings over planes of a channels-first tensor; also used by the channels-last
// fused forms.
#pragma once

#include <vector>

#include "ops/conv/window.h"

namespace vireo::ops {

struct PoolShape {
  size_t planes = 1;
  Extents3 in{1, 1, 1}, out{1, 1, 1};
  std::array<WindowAxis, 3> axes;
  bool exclude_pad = true;
  size_t in_size() const { return size_t(in[0] * in[1] * in[2]); }
  size_t out_size() const { return size_t(out[0] * out[1] * out[2]); }
};

void set_spatial(PoolShape& shape, const std::vector<int64_t>& in, const std::vector<int64_t>& out,
                 const std::vector<WindowAxis>& axes);

// f(plane-relative output index, origin in the input, first and last tap of each axis that lie
// inside).
template <typename F>
void for_windows(const PoolShape& s, F&& f) {
  size_t at = 0;
  for (int64_t d = 0; d < s.out[0]; ++d)
    for (int64_t h = 0; h < s.out[1]; ++h)
      for (int64_t w = 0; w < s.out[2]; ++w, ++at) {
        const Extents3 position{d, h, w};
        Extents3 origin, first, last;
        for (size_t i = 0; i < 3; ++i) {
          const WindowAxis& a = s.axes[i];
          origin[i] = position[i] * a.stride - a.pad_begin;
          first[i] = origin[i] >= 0 ? 0 : (-origin[i] + a.dilation - 1) / a.dilation;
          const auto taps_below = [&](int64_t end) {
            return end <= origin[i]
                       ? 0
                       : std::min(a.kernel, (end - origin[i] + a.dilation - 1) / a.dilation);
          };
          last[i] = std::max(first[i], taps_below(s.in[i]));
        }
        f(at, origin, first, last);
      }
}

// Calls g(input index) for every tap of a window.
template <typename G>
void for_taps(const PoolShape& s, const Extents3& origin, const Extents3& first,
              const Extents3& last, G&& g) {
  for (int64_t kd = first[0]; kd < last[0]; ++kd)
    for (int64_t kh = first[1]; kh < last[1]; ++kh)
      for (int64_t kw = first[2]; kw < last[2]; ++kw) {
        const int64_t z = origin[0] + kd * s.axes[0].dilation,
                      y = origin[1] + kh * s.axes[1].dilation;
        g(size_t((z * s.in[1] + y) * s.in[2] + origin[2] + kw * s.axes[2].dilation));
      }
}

// The maxima and, if wanted, where they are (relative to the plane). A window without elements
// gives `least`.
template <typename T>
std::vector<T> max_pool(const PoolShape& s, const std::vector<T>& x, T least,
                        std::vector<int64_t>* where = nullptr) {
  std::vector<T> r(s.planes * s.out_size(), least);
  if (where) where->assign(r.size(), 0);
  for (size_t p = 0; p < s.planes; ++p) {
    const T* from = x.data() + p * s.in_size();
    for_windows(
        s, [&](size_t at, const Extents3& origin, const Extents3& first, const Extents3& last) {
          T& best = r[p * s.out_size() + at];
          bool any = false;
          for_taps(s, origin, first, last, [&](size_t i) {
            if (any && !(from[i] > best)) return;
            best = from[i];
            any = true;
            if (where) (*where)[p * s.out_size() + at] = int64_t(i);
          });
        });
  }
  return r;
}

std::vector<double> avg_pool(const PoolShape& s, const std::vector<double>& x);

}  // namespace vireo::ops
