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
PartialShape broadcast_shape(const InferContext& c, const PartialShape& first, const PartialShape& second, const Broadcasting& b);

// `shape` with ones put in front and behind, so that it aligns with `rank` axes by NumPy's rule or pdpd's.
Shape aligned_shape(const Shape& shape, size_t rank, const Broadcasting& b);

// A loop over an output with N inputs that broadcast to it: runs of the innermost merged axis.
template <size_t N>
class BroadcastLoop {
 public:
  BroadcastLoop(const Shape& out, const std::array<Shape, N>& aligned) {
    for (size_t axis = 0; axis < out.size(); ++axis) {
      std::array<bool, N> moves{};
      for (size_t i = 0; i < N; ++i) moves[i] = aligned[i][axis] != 1;
      if (out[axis] == 1) continue;
      if (!extents_.empty() && moves == moves_.back()) {
        extents_.back() *= out[axis];
      } else {
        extents_.push_back(out[axis]);
        moves_.push_back(moves);
      }
    }
    if (extents_.empty()) extents_.push_back(1), moves_.push_back({});
  }

  // f(first output index, count, first input indices, input steps of 0 or 1).
  template <typename F>
  void run(F&& f) const {
    const size_t axes = extents_.size(), count = extents_.back();
    std::vector<std::array<size_t, N>> steps(axes);
    std::array<size_t, N> size;
    size.fill(1);
    size_t outer = 1;
    for (size_t a = axes; a-- > 0;) {
      for (size_t i = 0; i < N; ++i) {
        steps[a][i] = moves_[a][i] ? size[i] : 0;
        if (moves_[a][i]) size[i] *= extents_[a];
      }
      if (a + 1 < axes) outer *= extents_[a];
    }
    if (count == 0) return;
    std::vector<size_t> at(axes, 0);
    std::array<size_t, N> from{};
    for (size_t o = 0; o < outer; ++o) {
      f(o * count, count, from, steps.back());
      for (size_t a = axes - 1; a-- > 0;) {
        for (size_t i = 0; i < N; ++i) from[i] += steps[a][i];
        if (++at[a] < extents_[a]) break;
        for (size_t i = 0; i < N; ++i) from[i] -= steps[a][i] * extents_[a];
        at[a] = 0;
      }
    }
  }

 private:
  std::vector<size_t> extents_;
  std::vector<std::array<bool, N>> moves_;
};

// r[i] = f(a, b) for loaded inputs.
template <typename R, typename T, typename F>
std::vector<R> broadcast_map(const Shape& out, const Shape& sa, const std::vector<T>& a, const Shape& sb, const std::vector<T>& b,
                             const Broadcasting& how, F&& f) {
  std::vector<R> r(shape_size(out));
  BroadcastLoop<2> loop(out, {aligned_shape(sa, out.size(), how), aligned_shape(sb, out.size(), how)});
  loop.run([&](size_t to, size_t count, const std::array<size_t, 2>& from, const std::array<size_t, 2>& step) {
    const T *x = a.data() + from[0], *y = b.data() + from[1];
    for (size_t i = 0; i < count; ++i) r[to + i] = f(x[i * step[0]], y[i * step[1]]);
  });
  return r;
}

}  // namespace vireo::ops
