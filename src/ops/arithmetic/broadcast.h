// Broadcasting of element-wise operators: attributes, shapes, and the loop over aligned inputs.
#pragma once

#include <array>
#include <vector>

#include "core/op.h"

namespace vireo::ops {

enum class AutoBroadcast { None, Numpy, Pdpd };
inline constexpr const char* kAutoBroadcastNames[] = {"none", "numpy", "pdpd"};

// The attributes of every binary element-wise operator. The axis belongs to pdpd alone.
struct Broadcasting {
  AutoBroadcast auto_broadcast = AutoBroadcast::Numpy;
  int64_t auto_broadcast_axis = -1;
};
void visit(AttrVisitor& v, Broadcasting& a);

// Output shape of inputs `first` and `second`; fails if they do not fit.
PartialShape broadcast_shape(const InferContext& c, const PartialShape& first,
                             const PartialShape& second, const Broadcasting& b);

// `shape` with ones put in front and behind, so that it aligns with `rank` axes by NumPy's rule or
// pdpd's.
Shape aligned_shape(const Shape& shape, size_t rank, const Broadcasting& b);

// A loop over an output with N inputs that broadcast to it: runs of the innermost merged axis.
template <size_t N>
class BroadcastLoop {
 public:
  BroadcastLoop(const Shape& out, const std::array<Shape, N>& aligned)
      : extents_(out.size() + 1, 1), steps_(out.size() + 1) {
    std::array<size_t, N> size;
    size.fill(1);
    unsigned before = 0;
    for (size_t axis = out.size(); axis-- > 0;) {
      if (out[axis] == 1) continue;
      unsigned moves = 0;
      for (size_t i = 0; i < N; ++i) moves |= unsigned(aligned[i][axis] != 1) << i;
      if (axes_ == 0 || moves != before) {
        for (size_t i = 0; i < N; ++i) steps_[axes_][i] = moves >> i & 1 ? size[i] : 0;
        ++axes_;
      }
      extents_[axes_ - 1] *= out[axis];
      for (size_t i = 0; i < N; ++i) size[i] *= moves >> i & 1 ? out[axis] : 1;
      before = moves;
    }
  }

  // f(first output index, count, first input indices, input steps of 0 or 1).
  template <typename F>
  void run(F&& f) const {
    const size_t count = extents_[0];
    size_t outer = 1;
    for (size_t a = 1; a < axes_; ++a) outer *= extents_[a];
    if (count == 0) return;
    std::vector<size_t> at(extents_.size(), 0);
    std::array<size_t, N> from{};
    for (size_t o = 0; o < outer; ++o) {
      f(o * count, count, from, steps_[0]);
      for (size_t a = 1; a < axes_; ++a) {
        for (size_t i = 0; i < N; ++i) from[i] += steps_[a][i];
        if (++at[a] < extents_[a]) break;
        for (size_t i = 0; i < N; ++i) from[i] -= steps_[a][i] * extents_[a];
        at[a] = 0;
      }
    }
  }

 private:
  // Innermost first; axes of one element are left out, neighbours that move the same inputs are
  // one.
  size_t axes_ = 0;
  std::vector<size_t> extents_;
  std::vector<std::array<size_t, N>> steps_;
};

// r[i] = f(a, b) for loaded inputs.
template <typename R, typename T, typename F>
std::vector<R> broadcast_map(const Shape& out, const Shape& sa, const std::vector<T>& a,
                             const Shape& sb, const std::vector<T>& b, const Broadcasting& how,
                             F&& f) {
  std::vector<R> r(shape_size(out));
  BroadcastLoop<2> loop(out,
                        {aligned_shape(sa, out.size(), how), aligned_shape(sb, out.size(), how)});
  loop.run([&](size_t to, size_t count, const std::array<size_t, 2>& from,
               const std::array<size_t, 2>& step) {
    const T *x = a.data() + from[0], *y = b.data() + from[1];
    for (size_t i = 0; i < count; ++i) r[to + i] = f(x[i * step[0]], y[i * step[1]]);
  });
  return r;
}

}  // namespace vireo::ops
