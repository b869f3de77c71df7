// Broadcasting of element-wise operators.
#include "ops/arithmetic/broadcast.h"

namespace vireo::ops {

void visit(AttrVisitor& v, Broadcasting& a) {
  v.on("auto_broadcast", a.auto_broadcast, kAutoBroadcastNames);
  if (a.auto_broadcast == AutoBroadcast::Pdpd)
    v.on("auto_broadcast.auto_broadcast_axis", a.auto_broadcast_axis);
}

namespace {

// The second shape's trailing ones are dropped, the rest lies at the axis of the first.
bool merge_pdpd(PartialShape& out, const PartialShape& second, int64_t axis) {
  if (!out.rank_is_static() || !second.rank_is_static()) {
    return true;
  }
  if (out.size() == second.size() && out.compatible(second))
    return PartialShape::merge_into(out, second);
  if (axis < -1 || second.size() > out.size()) return false;
  if (axis == -1) axis = int64_t(out.size() - second.size());
  size_t length = second.size();
  while (length > 0 && second[length - 1] == Dimension(1)) --length;
  if (size_t(axis) + length > out.size()) return false;
  for (size_t i = 0; i < length; ++i)
    if (!Dimension::broadcast_merge(out[size_t(axis) + i], out[size_t(axis) + i], second[i]))
      return false;
  return true;
}

}  // namespace

PartialShape broadcast_shape(const InferContext& c, const PartialShape& first,
                             const PartialShape& second, const Broadcasting& b) {
  PartialShape out = first;
  bool fits = false;
  switch (b.auto_broadcast) {
    case AutoBroadcast::None: fits = PartialShape::merge_into(out, second); break;
    case AutoBroadcast::Numpy: fits = PartialShape::broadcast_merge_into(out, second); break;
    case AutoBroadcast::Pdpd: fits = merge_pdpd(out, second, b.auto_broadcast_axis); break;
  }
  if (!fits)
    c.fail("shapes {} and {} do not fit under broadcasting '{}'", first.to_string(),
           second.to_string(), kAutoBroadcastNames[size_t(b.auto_broadcast)]);
  return out;
}

Shape aligned_shape(const Shape& shape, size_t rank, const Broadcasting& b) {
  Shape out(rank, 1);
  if (b.auto_broadcast == AutoBroadcast::Pdpd && shape.size() < rank) {
    const size_t axis =
        b.auto_broadcast_axis < 0 ? rank - shape.size() : size_t(b.auto_broadcast_axis);
    for (size_t i = 0; i < shape.size() && axis + i < rank; ++i) out[axis + i] = shape[i];
    return out;
  }
  std::copy(shape.begin(), shape.end(), out.begin() + int64_t(rank - shape.size()));
  return out;
}

}  // namespace vireo::ops
