// Tile: repeats the whole tensor along each axis.
#include <algorithm>
#include "core/op.h"

#include "ops/movement/rearrange.h"

namespace vireo::ops {
namespace {

void infer(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_integral(1);
  c.expect_rank(1, 0, 1);
  const PartialShape& in = c.shape(0);
  std::optional<std::vector<Dimension>> repeats;
  if (const auto exact = c.ints(1)) {
    repeats.emplace();
    for (int64_t r : *exact) repeats->push_back(Dimension(std::max<int64_t>(r, 0)));
  } else {
    repeats = c.dims(1);
  }
  const PartialShape& count = c.shape(1);
  if (!in.rank_is_static() || (!repeats && count.is_dynamic()))
    return c.set_output(0, c.type(0), PartialShape::dynamic());
  const size_t given = repeats ? repeats->size() : shape_size(count.to_shape());
  const size_t rank = std::max(in.size(), given);
  PartialShape out;
  for (size_t i = 0; i < rank; ++i) {
    const Dimension d = i + in.size() < rank ? Dimension(1) : in[i + in.size() - rank];
    const Dimension r = i + given < rank ? Dimension(1)
                        : repeats        ? (*repeats)[i + given - rank]
                                         : Dimension();
    out.push_back(r == Dimension(1) ? d : d == Dimension(1) ? r : d * r);
  }
  c.set_output(0, c.type(0), out);
}

void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape &from = c.shape(0), &to = out.get_shape();
  const std::vector<int64_t> strides = walk_strides(from);
  Shape extents;  // every axis as [repeats, extent]
  ElementWalk walk;
  for (size_t i = 0; i < to.size(); ++i) {
    const bool fresh = i + from.size() < to.size();
    const size_t axis = i + from.size() - to.size();
    const size_t extent = fresh ? 1 : from[axis];
    extents.push_back(extent == 0 ? 0 : to[i] / extent);
    extents.push_back(extent);
    walk.strides.push_back(0);
    walk.strides.push_back(fresh ? 0 : strides[axis]);
  }
  copy_walk(out, extents, c.input(0), walk);
}

}  // namespace

VIREO_DEFINE_OP(tile_1){"Tile",           1,           &kAttrType<NoAttrs>, infer, evaluate,
                        Tolerance::Exact, kMovesInput0};

}  // namespace vireo::ops
