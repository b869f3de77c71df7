// Broadcast: repeats elements along axes until a target shape is filled.
#include <algorithm>

#include "ops/movement/movement.h"
#include "ops/movement/rearrange.h"

namespace vireo::ops {

namespace {
constexpr const char* kModes[] = {"numpy", "explicit", "bidirectional", "pdpd", "none"};
}

void visit(AttrVisitor& v, Broadcast& a) {
  v.on("mode", a.mode, kModes);
  v.on("mode.auto_broadcast_axis", a.axis);
}

namespace {

bool is_explicit(const Broadcast& a) {
  return a.mode == BroadcastMode::Explicit || a.mode == BroadcastMode::None;
}

// The output axis that each input axis becomes, empty if only known when running.
std::optional<std::vector<int64_t>> mapping(const Broadcast& a, size_t in_rank, size_t out_rank,
                                            const std::optional<std::vector<int64_t>>& given) {
  if (is_explicit(a)) return given;
  std::vector<int64_t> map;
  const int64_t first =
      a.mode == BroadcastMode::Pdpd && a.axis >= 0 ? a.axis : int64_t(out_rank) - int64_t(in_rank);
  for (size_t i = 0; i < in_rank; ++i) map.push_back(first + int64_t(i));
  return map;
}

void infer_known(InferContext& c, const std::vector<Dimension>& target) {
  const auto& a = c.attrs<Broadcast>();
  const PartialShape& in = c.shape(0);
  PartialShape out{target};
  if (!in.rank_is_static())
    return c.set_output(0, c.type(0),
                        a.mode == BroadcastMode::Bidirectional ? PartialShape::dynamic() : out);
  if (a.mode == BroadcastMode::Bidirectional) {
    if (!PartialShape::broadcast_merge_into(out, in))
      c.fail("shape {} and target {} do not broadcast", in.to_string(),
             PartialShape{target}.to_string());
    return c.set_output(0, c.type(0), out);
  }
  const auto map = mapping(a, in.size(), target.size(), c.inputs() > 2 ? c.ints(2) : std::nullopt);
  if (map && map->size() != in.size())
    c.fail("axes_mapping has {} entries for rank {}", map->size(), in.size());
  for (size_t i = 0; map && i < in.size(); ++i) {
    const int64_t axis = (*map)[i];
    if (axis < 0 || size_t(axis) >= target.size())
      c.fail("shape {} has more axes than target {}", in.to_string(), out.to_string());
    if (i > 0 && axis <= (*map)[i - 1])
      c.fail("axes_mapping does not grow: {} after {}", axis, (*map)[i - 1]);
    Dimension merged;
    if (in[i] == Dimension(1)) continue;
    if (!in[i].compatible(Dimension(1)) && !Dimension::merge(merged, in[i], out[size_t(axis)]))
      c.fail("shape {} does not broadcast to {}", in.to_string(), PartialShape{target}.to_string());
    // An extent that cannot be 1 is the target's.
    if (!in[i].compatible(Dimension(1)) && out[size_t(axis)].is_dynamic())
      out[size_t(axis)] = merged;
  }
  c.set_output(0, c.type(0), out);
}

void infer(InferContext& c) {
  const auto& a = c.attrs<Broadcast>();
  c.expect_inputs(is_explicit(a) ? 3 : 2, 3);
  c.expect_integral(1);
  c.expect_rank(1, 0, 1);
  if (c.version() == 1 && a.mode == BroadcastMode::Bidirectional)
    c.fail("mode bidirectional needs opset3");
  if (const auto exact = c.ints(1)) {
    for (int64_t d : *exact)
      if (d < 0) c.fail("target extent {} is negative", d);
    return infer_known(c, {exact->begin(), exact->end()});
  }
  if (const auto dims = c.dims(1)) return infer_known(c, *dims);
  const PartialShape& count = c.shape(1);
  const bool known =
      count.is_static() && (a.mode != BroadcastMode::Bidirectional || c.shape(0).rank_is_static());
  if (!known) return c.set_output(0, c.type(0), PartialShape::dynamic());
  size_t rank = shape_size(count.to_shape());
  if (a.mode == BroadcastMode::Bidirectional) rank = std::max(rank, c.shape(0).size());
  c.set_output(0, c.type(0), PartialShape::dynamic(int64_t(rank)));
}

void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape &from = c.shape(0), &to = out.get_shape();
  std::optional<std::vector<int64_t>> given;
  if (c.inputs() > 2) given = load<int64_t>(c.input(2));
  const auto map = mapping(c.attrs<Broadcast>(), from.size(), to.size(), given);
  ElementWalk walk{0, std::vector<int64_t>(to.size(), 0)};
  const std::vector<int64_t> strides = walk_strides(from);
  for (size_t i = 0; i < from.size(); ++i) {
    const size_t axis = size_t((*map)[i]);
    if (from[i] != 1 && from[i] != to[axis])
      c.fail("extent {} does not broadcast to {}", from[i], to[axis]);
    if (from[i] != 1) walk.strides[axis] = strides[i];
  }
  copy_walk(out, to, c.input(0), walk);
}

}  // namespace

VIREO_DEFINE_OP(broadcast_1){"Broadcast",      1,           &kAttrType<Broadcast>, infer, evaluate,
                             Tolerance::Exact, kMovesInput0};
VIREO_DEFINE_OP(broadcast_3){"Broadcast",      3,           &kAttrType<Broadcast>, infer, evaluate,
                             Tolerance::Exact, kMovesInput0};

}  // namespace vireo::ops
