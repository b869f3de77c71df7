#include "ops/movement/rearrange.h"

#include <algorithm>

namespace vireo::ops {

ElementMover::ElementMover(Tensor& dst) : dst_(dst) {
  if (dst.get_element_type().is_packed()) packed_dst_.assign(dst.get_size(), 0.0);
}

void ElementMover::from(const Tensor& src) {
  if (dst_.get_element_type().is_packed())
    packed_src_ = load<double>(src);
  else
    copier_.emplace(src, dst_);
}

void ElementMover::operator()(size_t dst_index, size_t src_index, size_t count) {
  if (copier_)
    (*copier_)(dst_index, src_index, count);
  else
    std::copy_n(packed_src_.begin() + int64_t(src_index), count,
                packed_dst_.begin() + int64_t(dst_index));
}

void ElementMover::fill(size_t dst_index, size_t src_index, size_t count) {
  for (size_t i = 0; i < count; ++i) (*this)(dst_index + i, src_index);
}

void ElementMover::finish() {
  if (dst_.get_element_type().is_packed()) store(dst_, packed_dst_);
}

std::vector<int64_t> walk_strides(const Shape& shape) {
  const std::vector<size_t> strides = element_strides(shape);
  return {strides.begin(), strides.end()};
}

namespace {

// Axes that both sides step over densely are copied in one go: how many trailing axes, and how many
// elements they hold.
size_t dense_tail(const Shape& extents, const ElementWalk& dst, const ElementWalk& src,
                  size_t& block) {
  size_t axes = extents.size();
  block = 1;
  while (axes > 0 && dst.strides[axes - 1] == int64_t(block) &&
         src.strides[axes - 1] == int64_t(block)) {
    block *= extents[axes - 1];
    --axes;
  }
  return axes;
}

}  // namespace

void copy_walk(ElementMover& mover, const Shape& extents, const ElementWalk& dst,
               const ElementWalk& src) {
  if (std::count(extents.begin(), extents.end(), size_t(0)) > 0) return;
  size_t block = 1;
  const size_t axes = dense_tail(extents, dst, src, block);
  std::vector<size_t> index(axes, 0);
  int64_t to = dst.base, at = src.base;
  for (;;) {
    mover(size_t(to), size_t(at), block);
    size_t k = axes;
    for (; k > 0; --k) {
      to += dst.strides[k - 1];
      at += src.strides[k - 1];
      if (++index[k - 1] < extents[k - 1]) break;
      to -= dst.strides[k - 1] * int64_t(extents[k - 1]);
      at -= src.strides[k - 1] * int64_t(extents[k - 1]);
      index[k - 1] = 0;
    }
    if (k == 0) return;
  }
}

void copy_walk(Tensor& dst, const Shape& extents, const Tensor& src, const ElementWalk& walk) {
  ElementMover mover(dst, src);
  copy_walk(mover, extents, {0, walk_strides(extents)}, walk);
  mover.finish();
}

namespace {

// Neighbours of a map that stay neighbours.
struct Run {
  size_t to, from, count;
};

std::vector<Run> runs_of(const std::vector<int64_t>& map) {
  std::vector<Run> out;
  for (size_t i = 0; i < map.size(); ++i) {
    if (map[i] < 0) continue;
    const bool joins = !out.empty() && out.back().to + out.back().count == i &&
                       out.back().from + out.back().count == size_t(map[i]);
    if (joins)
      ++out.back().count;
    else
      out.push_back({i, size_t(map[i]), 1});
  }
  return out;
}

}  // namespace

void copy_mapped(ElementMover& mover, const Shape& src_shape,
                 const std::vector<std::vector<int64_t>>& maps) {
  Shape extents;
  for (const auto& map : maps) extents.push_back(map.size());
  if (maps.empty()) return mover(0, 0);
  const std::vector<int64_t> strides = walk_strides(src_shape);
  const size_t row = extents.back();
  const std::vector<Run> runs = runs_of(maps.back());
  extents.pop_back();
  size_t to = 0;
  for_each_index(extents, [&](const std::vector<size_t>& index) {
    int64_t at = 0;
    for (size_t k = 0; k < index.size() && at >= 0; ++k) {
      const int64_t i = maps[k][index[k]];
      at = i < 0 ? -1 : at + i * strides[k];
    }
    for (const Run& run : runs)
      if (at >= 0) mover(to + run.to, size_t(at) + run.from, run.count);
    to += row;
  });
}

}  // namespace vireo::ops
