// How operators move elements of any type, packed ones and strings included.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/values.h"

namespace vireo::ops {

// Writes elements of one or more sources into a dense destination of the same type. Packed types
// are unpacked while it lives and stored by finish(), which must be called.
class ElementMover {
 public:
  explicit ElementMover(Tensor& dst);
  ElementMover(Tensor& dst, const Tensor& src) : ElementMover(dst) { from(src); }
  void from(const Tensor& src);  // the source of the copies that follow; must outlive them
  void operator()(size_t dst_index, size_t src_index, size_t count = 1);
  void fill(size_t dst_index, size_t src_index, size_t count);  // one source element, many times
  void finish();

 private:
  Tensor& dst_;
  std::optional<ElementCopier> copier_;
  std::vector<double> packed_dst_, packed_src_;
};

// One side of a copy: where it starts and how far apart neighbours along each axis lie, in
// elements; 0 repeats, negative goes back.
struct ElementWalk {
  int64_t base = 0;
  std::vector<int64_t> strides;
};

// Row-major strides of a shape, signed.
std::vector<int64_t> walk_strides(const Shape& shape);

// dst[dst walk] = src[src walk] for every index below `extents`.
void copy_walk(ElementMover& mover, const Shape& extents, const ElementWalk& dst,
               const ElementWalk& src);
// The same into the whole of `dst`, row by row; `extents` may be a finer view of its shape.
void copy_walk(Tensor& dst, const Shape& extents, const Tensor& src, const ElementWalk& walk);

// dst[i, j, ...] = src[maps[0][i], maps[1][j], ...]; elements with any negative map keep what they
// are. `maps` has dst's extents.
void copy_mapped(ElementMover& mover, const Shape& src_shape,
                 const std::vector<std::vector<int64_t>>& maps);

// Calls f(index) for every index below the extents, last axis fastest; f may read, not change it.
template <typename F>
void for_each_index(const Shape& extents, F&& f) {
  for (size_t e : extents)
    if (e == 0) return;
  std::vector<size_t> index(extents.size(), 0);
  for (;;) {
    f(static_cast<const std::vector<size_t>&>(index));
    size_t k = extents.size();
    while (k > 0 && ++index[k - 1] == extents[k - 1]) index[--k] = 0;
    if (k == 0) return;
  }
}

// A negative axis counts from the end.
inline size_t wrap_axis(int64_t axis, size_t rank) {
  return size_t(axis < 0 ? axis + int64_t(rank) : axis);
}

}  // namespace vireo::ops
