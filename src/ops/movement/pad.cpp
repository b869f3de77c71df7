// Pad: adds elements before and after each axis; opset 12 also takes them away with negative pads.
#include <algorithm>

#include "ops/movement/movement.h"
#include "ops/movement/rearrange.h"

namespace vireo::ops {

namespace {
constexpr const char* kModes[] = {"constant", "edge", "reflect", "symmetric"};
}

void visit(AttrVisitor& v, Pad& a) { v.on("pad_mode", a.mode, kModes); }

namespace {

Dimension padded(const Dimension& d, int64_t by) {
  if (by == 0) return d;
  return Dimension(std::max<int64_t>(d.min() + by, 0),
                   d.bounded() ? std::max<int64_t>(d.max() + by, 0) : -1);
}

void check_extent(InferContext& c, const Dimension& d, int64_t before, int64_t after, size_t axis) {
  if (!d.is_static()) return;
  const int64_t n = d.get_length();
  if (n + before + after < 0)
    c.fail("pads {} and {} take more than axis {} of extent {} has", before, after, axis, n);
  const PadMode mode = c.attrs<Pad>().mode;
  const int64_t most = std::max(before, after);
  if (mode == PadMode::Edge && n == 0 && most > 0)
    c.fail("axis {} is empty and has no edge to repeat", axis);
  if (mode == PadMode::Reflect && most > 0 && most >= n)
    c.fail("a reflecting pad of {} needs axis {} longer than its extent {}", most, axis, n);
  if (mode == PadMode::Symmetric && most > n)
    c.fail("a symmetric pad of {} is longer than axis {} of extent {}", most, axis, n);
}

void infer(InferContext& c) {
  c.expect_inputs(3, 4);
  c.expect_integral(1);
  c.expect_integral(2);
  c.expect_rank(1, 1, 1);
  c.expect_rank(2, 1, 1);
  element::Type type = c.type(0);
  if (c.inputs() > 3) {
    c.expect_rank(3, 0, 0);
    if (type.is_static() && c.type(3).is_static() && type != c.type(3))
      c.fail("pad value is {}, data is {}", c.type(3).name(), type.name());
    if (type.is_dynamic()) type = c.type(3);
  }
  const PartialShape& in = c.shape(0);
  const auto before = c.ints(1), after = c.ints(2);
  if (!in.rank_is_static()) {
    const auto& known = before ? before : after;
    return c.set_output(
        0, type, known ? PartialShape::dynamic(int64_t(known->size())) : PartialShape::dynamic());
  }
  for (const auto& pads : {before, after})
    if (pads && pads->size() != in.size())
      c.fail("{} pads do not fit rank {}", pads->size(), in.size());
  if (!before || !after) return c.set_output(0, type, PartialShape::dynamic(int64_t(in.size())));
  constexpr int64_t kMost = int64_t(1) << 40;
  PartialShape out;
  for (size_t i = 0; i < in.size(); ++i) {
    const int64_t b = (*before)[i], a = (*after)[i];
    if (std::abs(b) > kMost || std::abs(a) > kMost)
      c.fail("pads {} and {} of axis {} are out of range", b, a, i);
    check_extent(c, in[i], b, a, i);
    out.push_back(padded(in[i], b + a));
  }
  c.set_output(0, type, out);
}

// The source position of an output position, -1 for the pad value.
int64_t source(PadMode mode, int64_t at, int64_t extent) {
  if (at >= 0 && at < extent) return at;
  switch (mode) {
    case PadMode::Constant: return -1;
    case PadMode::Edge: return std::clamp<int64_t>(at, 0, extent - 1);
    case PadMode::Reflect: return at < 0 ? -at : 2 * (extent - 1) - at;
    case PadMode::Symmetric: return at < 0 ? -at - 1 : 2 * extent - 1 - at;
  }
  return -1;
}

void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape& shape = c.shape(0);
  const auto before = load<int64_t>(c.input(1));
  const PadMode mode = c.attrs<Pad>().mode;
  ElementMover move(out);
  if (mode == PadMode::Constant) {
    Tensor zero = Tensor(out.get_element_type(), Shape{});
    if (zero.get_element_type() != element::string) store<int64_t>(zero, {0});
    const Tensor value = c.inputs() > 3 ? c.input(3) : zero;
    move.from(value);
    move.fill(0, 0, out.get_size());
  }
  std::vector<std::vector<int64_t>> maps;
  for (size_t i = 0; i < shape.size(); ++i) {
    maps.emplace_back(out.get_shape()[i]);
    for (size_t k = 0; k < maps[i].size(); ++k) {
      maps[i][k] = source(mode, int64_t(k) - before[i], int64_t(shape[i]));
      if (maps[i][k] >= int64_t(shape[i])) maps[i][k] = -1;
    }
  }
  move.from(c.input(0));
  copy_mapped(move, shape, maps);
  move.finish();
}

}  // namespace

VIREO_DEFINE_OP(pad_1){"Pad", 1, &kAttrType<Pad>, infer, evaluate};
VIREO_DEFINE_OP(pad_12){"Pad", 12, &kAttrType<Pad>, infer, evaluate};

}  // namespace vireo::ops
