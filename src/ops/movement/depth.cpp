// Blocks of space folded into channels or batch and back: DepthToSpace, SpaceToDepth, SpaceToBatch,
// BatchToSpace, ShuffleChannels. Each is a transpose of a finer view.
#include <algorithm>

#include "ops/movement/movement.h"
#include "ops/movement/rearrange.h"

namespace vireo::ops {

namespace {
constexpr const char* kBlockModes[] = {"blocks_first", "depth_first"};
}

void visit(AttrVisitor& v, DepthBlock& a) {
  v.on("block_size", a.block_size);
  v.on("mode", a.mode, kBlockModes);
}
void visit(AttrVisitor& v, ShuffleChannels& a) {
  v.on("axis", a.axis);
  v.on("group", a.group);
}

namespace {

Dimension divided(InferContext& c, const Dimension& d, int64_t by, const char* what) {
  if (by == 1) return d;
  if (d.is_static() && d.get_length() % by != 0)
    c.fail("{} of {} is no multiple of {}", what, d.get_length(), by);
  return Dimension((d.min() + by - 1) / by, d.bounded() ? d.max() / by : -1);
}

int64_t checked_power(InferContext& c, int64_t block, size_t axes) {
  if (block < 1) c.fail("block_size is {}, at least 1 is needed", block);
  int64_t power = 1;
  for (size_t i = 0; i < axes; ++i) {
    if (power > (int64_t(1) << 40) / block) c.fail("block_size {} is out of range", block);
    power *= block;
  }
  return power;
}

void infer_depth(InferContext& c, bool to_space) {
  c.expect_inputs(1, 1);
  const int64_t block = c.attrs<DepthBlock>().block_size;
  PartialShape out = c.shape(0);
  if (!out.rank_is_static()) return c.set_output(0, c.type(0), out);
  if (out.size() < 3) c.fail("rank {} has no spatial axes, at least 3 is needed", out.size());
  const int64_t power = checked_power(c, block, out.size() - 2);
  out[1] = to_space     ? divided(c, out[1], power, "depth")
           : power == 1 ? out[1]
                        : out[1] * Dimension(power);
  for (size_t i = 2; i < out.size(); ++i)
    out[i] = block == 1 ? out[i]
             : to_space ? out[i] * Dimension(block)
                        : divided(c, out[i], block, "an extent");
  c.set_output(0, c.type(0), out);
}
void infer_depth_to_space(InferContext& c) { infer_depth(c, true); }
void infer_space_to_depth(InferContext& c) { infer_depth(c, false); }

// Walks the space tensor [N, C, H, W...] as the depth tensor's view: [N, b..., C, H/b...] or [N, C,
// b..., H/b...].
struct DepthView {
  Shape extents;
  std::vector<int64_t> space_strides;
};

DepthView depth_view(const Shape& space, const DepthBlock& a) {
  const size_t axes = space.size() - 2;
  const size_t block = size_t(a.block_size);
  const std::vector<int64_t> strides = walk_strides(space);
  DepthView v{{space[0]}, {strides[0]}};
  const auto channels = [&] {
    v.extents.push_back(space[1]);
    v.space_strides.push_back(strides[1]);
  };
  if (a.mode == BlockMode::DepthFirst) channels();
  for (size_t i = 0; i < axes; ++i) {
    v.extents.push_back(block);
    v.space_strides.push_back(strides[i + 2]);
  }
  if (a.mode == BlockMode::BlocksFirst) channels();
  for (size_t i = 0; i < axes; ++i) {
    v.extents.push_back(space[i + 2] / block);
    v.space_strides.push_back(strides[i + 2] * int64_t(block));
  }
  return v;
}

void evaluate_depth_to_space(EvalContext& c) {
  Tensor& out = c.output(0);
  const DepthView v = depth_view(out.get_shape(), c.attrs<DepthBlock>());
  ElementMover move(out, c.input(0));
  copy_walk(move, v.extents, {0, v.space_strides}, {0, walk_strides(v.extents)});
  move.finish();
}

void evaluate_space_to_depth(EvalContext& c) {
  const DepthView v = depth_view(c.shape(0), c.attrs<DepthBlock>());
  copy_walk(c.output(0), v.extents, c.input(0), {0, v.space_strides});
}

void infer_shuffle(InferContext& c) {
  c.expect_inputs(1, 1);
  const auto& a = c.attrs<ShuffleChannels>();
  if (a.group < 1) c.fail("group is {}, at least 1 is needed", a.group);
  if (c.shape(0).rank_is_static()) {
    const size_t axis = size_t(c.axis(a.axis, int64_t(c.shape(0).size())));
    divided(c, c.shape(0)[axis], a.group, "an extent");
  }
  c.set_output(0, c.type(0), c.shape(0));
}

void evaluate_shuffle(EvalContext& c) {
  const auto& a = c.attrs<ShuffleChannels>();
  Tensor& out = c.output(0);
  const Shape& shape = out.get_shape();
  const size_t axis = wrap_axis(a.axis, shape.size()), group = size_t(a.group),
               per_group = shape[axis] / group;
  size_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= shape[i];
  for (size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  const int64_t step = int64_t(per_group * inner);
  copy_walk(out, {outer, per_group, group, inner}, c.input(0),
            {0, {int64_t(shape[axis] * inner), int64_t(inner), step, 1}});
}

// Batch operators: block, begins and ends (pads of SpaceToBatch, crops of BatchToSpace) are inputs
// 1, 2, 3.
void infer_batch(InferContext& c, bool to_space) {
  c.expect_inputs(4, 4);
  for (size_t i = 1; i < 4; ++i) {
    c.expect_integral(i);
    c.expect_rank(i, 1, 1);
  }
  const PartialShape& in = c.shape(0);
  const auto block = c.ints(1), begin = c.ints(2), end = c.ints(3);
  if (!in.rank_is_static())
    return c.set_output(
        0, c.type(0),
        block ? PartialShape::dynamic(int64_t(block->size())) : PartialShape::dynamic());
  for (const auto& given : {block, begin, end})
    if (given && given->size() != in.size())
      c.fail("{} block entries do not fit rank {}", given->size(), in.size());
  PartialShape out = PartialShape::dynamic(int64_t(in.size()));
  if (!block || !begin || !end) return c.set_output(0, c.type(0), out);
  int64_t power = 1;
  for (size_t i = 0; i < in.size(); ++i) {
    const int64_t b = (*block)[i], before = (*begin)[i], after = (*end)[i];
    constexpr int64_t kMost = int64_t(1) << 31;
    if (b < 1 || b > kMost || power > kMost) c.fail("block entry {} is out of range", b);
    if (before < 0 || after < 0 || before > kMost || after > kMost)
      c.fail("pads or crops {} and {} are out of range", before, after);
    power *= b;
    const Dimension& d = in[i];
    if (to_space) {
      const Dimension grown = b == 1 ? d : d * Dimension(b);
      if (grown.is_static() && grown.get_length() < before + after)
        c.fail("crops {} and {} take more than axis {} has", before, after, i);
      out[i] = before + after == 0 ? grown : grown - Dimension(before + after);
    } else {
      const Dimension grown = before + after == 0 ? d : d + Dimension(before + after);
      out[i] = divided(c, grown, b, "a padded extent");
    }
  }
  if (in.size() > 0)
    out[0] = power == 1 ? in[0]
             : to_space ? divided(c, in[0], power, "batch")
                        : in[0] * Dimension(power);
  c.set_output(0, c.type(0), out);
}
void infer_batch_to_space(InferContext& c) { infer_batch(c, true); }
void infer_space_to_batch(InferContext& c) { infer_batch(c, false); }

// Space element [n, i...] lies in the batch tensor at [(i % b) blocks..., n] and [i / b].
template <typename F>
void for_each_pair(const Shape& space, const Shape& batch, const std::vector<int64_t>& block,
                   const std::vector<int64_t>& begin, F&& f) {
  const std::vector<int64_t> strides = walk_strides(batch);
  size_t at = 0;
  for_each_index(space, [&](const std::vector<size_t>& index) {
    int64_t folded = 0, to = 0;
    for (size_t k = 1; k < index.size(); ++k) {
      const int64_t i = int64_t(index[k]) + begin[k];
      folded = folded * block[k] + i % block[k];
      to += i / block[k] * strides[k];
    }
    to += (folded * int64_t(space[0]) + int64_t(index[0])) * strides[0];
    f(at++, size_t(to));
  });
}

void evaluate_batch_to_space(EvalContext& c) {
  Tensor& out = c.output(0);
  ElementMover move(out, c.input(0));
  for_each_pair(out.get_shape(), c.shape(0), load<int64_t>(c.input(1)), load<int64_t>(c.input(2)),
                [&](size_t space, size_t batch) { move(space, batch); });
  move.finish();
}

void evaluate_space_to_batch(EvalContext& c) {
  Tensor& out = c.output(0);
  Tensor zero(out.get_element_type(), Shape{});
  if (zero.get_element_type() != element::string) store<int64_t>(zero, {0});
  ElementMover move(out, zero);
  move.fill(0, 0, out.get_size());
  move.from(c.input(0));
  for_each_pair(c.shape(0), out.get_shape(), load<int64_t>(c.input(1)), load<int64_t>(c.input(2)),
                [&](size_t space, size_t batch) { move(batch, space); });
  move.finish();
}

}  // namespace

VIREO_DEFINE_OP(depth_to_space_1){"DepthToSpace",
                                  1,
                                  &kAttrType<DepthBlock>,
                                  infer_depth_to_space,
                                  evaluate_depth_to_space,
                                  Tolerance::Exact,
                                  kMovesInput0};
VIREO_DEFINE_OP(space_to_depth_1){"SpaceToDepth",
                                  1,
                                  &kAttrType<DepthBlock>,
                                  infer_space_to_depth,
                                  evaluate_space_to_depth,
                                  Tolerance::Exact,
                                  kMovesInput0};
VIREO_DEFINE_OP(shuffle_channels_1){
    "ShuffleChannels", 1,           &kAttrType<ShuffleChannels>, infer_shuffle, evaluate_shuffle,
    Tolerance::Exact,  kMovesInput0};
VIREO_DEFINE_OP(batch_to_space_2){"BatchToSpace",
                                  2,
                                  &kAttrType<NoAttrs>,
                                  infer_batch_to_space,
                                  evaluate_batch_to_space,
                                  Tolerance::Exact,
                                  kMovesInput0};
VIREO_DEFINE_OP(space_to_batch_2){"SpaceToBatch", 2, &kAttrType<NoAttrs>, infer_space_to_batch,
                                  evaluate_space_to_batch};

}  // namespace vireo::ops
