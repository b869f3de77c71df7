// Attributes of the reductions, and what other families need of them: axes, and the loop over
// groups.
#pragma once

#include "ops/arithmetic/broadcast.h"

namespace vireo::ops {

struct Reduce {
  bool keep_dims = false;
};
void visit(AttrVisitor& v, Reduce& a);

struct CumSum {
  bool exclusive = false, reverse = false;
};
void visit(AttrVisitor& v, CumSum& a);

// Which axes are in a list, 1 for those; negative ones count from the end. Throws on one out of
// range.
std::vector<char> axis_mask(const std::vector<int64_t>& axes, size_t rank, std::string_view where);
// `shape` with the marked axes set to 1.
Shape reduced_shape(Shape shape, const std::vector<char>& mask);

// f(i, g) for every element i of `shape` and the group g that it is in, groups being numbered as
// `reduced` is.
template <typename F>
void for_groups(const Shape& shape, const Shape& reduced, F&& f) {
  BroadcastLoop<1>(shape, {reduced})
      .run([&](size_t at, size_t count, const auto& from, const auto& step) {
        for (size_t i = 0; i < count; ++i) f(at + i, from[0] + i * step[0]);
      });
}

extern const OpDef reduce_sum_1, reduce_mean_1, reduce_max_1, reduce_min_1, reduce_prod_1,
    reduce_l1_4, reduce_l2_4, reduce_logical_and_1, reduce_logical_or_1, cum_sum_3;

}  // namespace vireo::ops
