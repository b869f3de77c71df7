// Reverse along axes, ReverseSequence along each sequence's own length, Roll around the ends.
#include "ops/movement/movement.h"
#include "ops/movement/rearrange.h"

namespace vireo::ops {

void visit(AttrVisitor& v, ReverseSequence& a) {
  v.on("batch_axis", a.batch_axis);
  v.on("seq_axis", a.seq_axis);
}

namespace {

enum class ReverseMode { Index, Mask };
struct Reverse {
  ReverseMode mode = ReverseMode::Index;
};
constexpr const char* kReverseModes[] = {"index", "mask"};
void visit(AttrVisitor& v, Reverse& a) { v.on("mode", a.mode, kReverseModes); }

void infer_reverse(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_rank(1, 1, 1);
  const bool mask = c.attrs<Reverse>().mode == ReverseMode::Mask;
  if (mask && c.type(1).is_static() && c.type(1) != element::boolean)
    c.fail("a mask must be boolean, got {}", c.type(1).name());
  if (!mask) c.expect_integral(1);
  const auto axes = c.ints(1);
  if (axes && c.shape(0).rank_is_static()) {
    const int64_t rank = int64_t(c.shape(0).size());
    if (mask && int64_t(axes->size()) != rank)
      c.fail("a mask of {} does not fit rank {}", axes->size(), rank);
    for (size_t i = 0; !mask && i < axes->size(); ++i) c.axis((*axes)[i], rank);
  }
  c.set_output(0, c.type(0), c.shape(0));
}

void evaluate_reverse(EvalContext& c) {
  const Shape& shape = c.shape(0);
  c.facts();
  std::vector<bool> back(shape.size(), false);
  const auto axes = load<int64_t>(c.input(1));
  if (c.attrs<Reverse>().mode == ReverseMode::Mask)
    for (size_t i = 0; i < axes.size(); ++i) back[i] = axes[i] != 0;
  else
    for (int64_t axis : axes) back[wrap_axis(axis, shape.size())] = true;
  ElementWalk walk{0, walk_strides(shape)};
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!back[i] || shape[i] == 0) continue;
    walk.base += int64_t(shape[i] - 1) * walk.strides[i];
    walk.strides[i] = -walk.strides[i];
  }
  copy_walk(c.output(0, c.input(0).get_element_type(), shape), shape, c.input(0), walk);
}

void infer_sequence(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_rank(1, 1, 1);
  PartialShape out = c.shape(0);
  if (out.rank_is_static()) {
    const auto& a = c.attrs<ReverseSequence>();
    if (out.size() < 2) c.fail("data of rank {} has no batch and sequence axes", out.size());
    Dimension& batch = out[size_t(c.axis(a.batch_axis, int64_t(out.size())))];
    c.axis(a.seq_axis, int64_t(out.size()));
    if (c.shape(1).rank_is_static() && !Dimension::merge(batch, batch, c.shape(1)[0]))
      c.fail("{} lengths do not fit a batch of {}", c.shape(1)[0].to_string(), batch.to_string());
  }
  c.set_output(0, c.type(0), out);
}

void evaluate_sequence(EvalContext& c) {
  const auto& a = c.attrs<ReverseSequence>();
  Tensor& out = c.output(0);
  const Shape& shape = c.shape(0);
  const size_t batch = wrap_axis(a.batch_axis, shape.size()),
               seq = wrap_axis(a.seq_axis, shape.size());
  const auto lengths = load<int64_t>(c.input(1));
  for (int64_t length : lengths)
    if (length < 0 || size_t(length) > shape[seq])
      c.fail("length {} is out of range for a sequence of {}", length, shape[seq]);
  const std::vector<int64_t> strides = walk_strides(shape);
  ElementMover move(out, c.input(0));
  size_t to = 0;
  for_each_index(shape, [&](const std::vector<size_t>& index) {
    const int64_t length = lengths[index[batch]], at = int64_t(index[seq]);
    const int64_t from = at < length ? length - 1 - at : at;
    move(to, size_t(int64_t(to) + (from - at) * strides[seq]));
    ++to;
  });
  move.finish();
}

void infer_roll(InferContext& c) {
  c.expect_inputs(3, 3);
  c.expect_integral(1);
  c.expect_integral(2);
  c.expect_rank(1, 0, 1);
  c.expect_rank(2, 0, 1);
  const auto shift = c.ints(1), axes = c.ints(2);
  if (shift && axes && shift->size() != axes->size() && shift->size() != 1)
    c.fail("{} shifts do not fit {} axes", shift->size(), axes->size());
  if (axes && c.shape(0).rank_is_static())
    for (int64_t axis : *axes) c.axis(axis, int64_t(c.shape(0).size()));
  c.set_output(0, c.type(0), c.shape(0));
}

void evaluate_roll(EvalContext& c) {
  const Shape& shape = c.shape(0);
  const auto shift = load<int64_t>(c.input(1)), axes = load<int64_t>(c.input(2));
  c.facts();
  std::vector<int64_t> by(shape.size(), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = wrap_axis(axes[i], shape.size());
    if (shape[axis] > 0)
      by[axis] = (by[axis] + shift[shift.size() == 1 ? 0 : i] % int64_t(shape[axis])) %
                 int64_t(shape[axis]);
  }
  std::vector<std::vector<int64_t>> maps;
  for (size_t i = 0; i < shape.size(); ++i) {
    const int64_t n = int64_t(shape[i]);
    maps.emplace_back(shape[i]);
    for (int64_t k = 0; k < n; ++k) maps[i][size_t(k)] = ((k - by[i]) % n + n) % n;
  }
  ElementMover move(c.output(0, c.input(0).get_element_type(), shape), c.input(0));
  copy_mapped(move, shape, maps);
  move.finish();
}

}  // namespace

VIREO_DEFINE_OP(reverse_1){
    "Reverse",        1,           &kAttrType<Reverse>, infer_reverse, evaluate_reverse,
    Tolerance::Exact, kMovesInput0};
VIREO_DEFINE_OP(reverse_sequence_1){
    "ReverseSequence", 1,           &kAttrType<ReverseSequence>, infer_sequence, evaluate_sequence,
    Tolerance::Exact,  kMovesInput0};
VIREO_DEFINE_OP(roll_7){
    "Roll", 7, &kAttrType<NoAttrs>, infer_roll, evaluate_roll, Tolerance::Exact, kMovesInput0};

}  // namespace vireo::ops
