// The reductions: a start value, a step and an end for each, over doubles or wrapping integers.
#include "ops/reduction/reduce.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "core/values.h"

namespace vireo::ops {

void visit(AttrVisitor& v, Reduce& a) { v.on("keep_dims", a.keep_dims); }

std::vector<char> axis_mask(const std::vector<int64_t>& axes, size_t rank, std::string_view where) {
  std::vector<char> mask(rank);
  for (int64_t axis : axes) {
    const int64_t at = axis < 0 ? axis + int64_t(rank) : axis;
    if (at < 0 || at >= int64_t(rank))
      fail(ErrorCode::InvalidModel, "{}: axis {} is out of range for rank {}", where, axis, rank);
    mask[size_t(at)] = true;
  }
  return mask;
}

Shape reduced_shape(Shape shape, const std::vector<char>& mask) {
  for (size_t i = 0; i < shape.size(); ++i)
    if (mask[i]) shape[i] = 1;
  return shape;
}

namespace {

PartialShape output_shape(InferContext& c) {
  const PartialShape& shape = c.shape(0);
  const bool keep = c.attrs<Reduce>().keep_dims;
  const auto axes = c.ints(1);
  if (!shape.rank_is_static()) return PartialShape::dynamic();
  const int64_t rank = int64_t(shape.size());
  if (!axes) {
    if (keep) return PartialShape::dynamic(rank);
    // Distinct axes may not be repeated, so their number tells the rank; only a single one is
    // certain.
    const bool single = c.shape(1).is_static() && shape_size(c.shape(1).to_shape()) == 1;
    return single && rank > 0 ? PartialShape::dynamic(rank - 1) : PartialShape::dynamic();
  }
  std::vector<char> mask(shape.size());
  for (int64_t axis : *axes) mask[size_t(c.axis(axis, rank))] = true;
  PartialShape out;
  for (size_t i = 0; i < shape.size(); ++i)
    if (!mask[i] || keep) out.push_back(mask[i] ? Dimension(1) : shape[i]);
  return out;
}

void infer(InferContext& c) {
  c.expect_inputs(2, 2);
  if (c.type(0) == element::boolean || c.type(0) == element::string)
    c.fail("numbers are needed, got {}", c.type(0).name());
  c.expect_integral(1);
  c.set_output(0, c.type(0), output_shape(c));
}
void infer_logical(InferContext& c) {
  c.expect_inputs(2, 2);
  if (c.type(0).is_static() && c.type(0) != element::boolean)
    c.fail("a boolean input is needed, got {}", c.type(0).name());
  c.expect_integral(1);
  c.set_output(0, element::boolean, output_shape(c));
}

struct SumOp {
  template <typename T>
  static T start(element::Type) {
    return 0;
  }
  template <typename T>
  static void step(T& r, T x) {
    r += x;
  }
  template <typename T>
  static T end(T r, size_t) {
    return r;
  }
};
struct MeanOp : SumOp {
  template <typename T>
  static T end(T r, size_t n) {
    if constexpr (!std::is_same_v<T, double>)
      if (n == 0) return 0;
    return r / T(n);
  }
};
struct ProdOp : SumOp {
  template <typename T>
  static T start(element::Type) {
    return 1;
  }
  template <typename T>
  static void step(T& r, T x) {
    r *= x;
  }
};
// An empty maximum is the least value of the type.
template <typename T>
T least(element::Type type) {
  if constexpr (std::is_same_v<T, double>) return -std::numeric_limits<double>::infinity();
  return type.is_signed() ? T(uint64_t(~0ull) << (type.bitwidth() - 1)) : T(0);
}
template <typename T>
T most(element::Type type) {
  if constexpr (std::is_same_v<T, double>) return std::numeric_limits<double>::infinity();
  return T(~0ull >> (64 - type.bitwidth() + (type.is_signed() ? 1 : 0)));
}
struct MaxOp : SumOp {
  template <typename T>
  static T start(element::Type type) {
    return least<T>(type);
  }
  template <typename T>
  static void step(T& r, T x) {
    r = x > r ? x : r;
  }
};
struct MinOp : SumOp {
  template <typename T>
  static T start(element::Type type) {
    return most<T>(type);
  }
  template <typename T>
  static void step(T& r, T x) {
    r = x < r ? x : r;
  }
};
struct L1Op : SumOp {
  template <typename T>
  static void step(T& r, T x) {
    r += x < T(0) ? T(0) - x : x;
  }
};
struct L2Op : SumOp {
  template <typename T>
  static void step(T& r, T x) {
    r += x * x;
  }
  template <typename T>
  static T end(T r, size_t) {
    return T(std::sqrt(double(r)));
  }
};
struct AndOp : SumOp {
  template <typename T>
  static T start(element::Type) {
    return 1;
  }
  template <typename T>
  static void step(T& r, T x) {
    r = T(r != T(0) && x != T(0));
  }
};
struct OrOp : SumOp {
  template <typename T>
  static void step(T& r, T x) {
    r = T(r != T(0) || x != T(0));
  }
};

template <typename Op>
void evaluate(EvalContext& c) {
  const Shape& shape = c.shape(0);
  Tensor& out = c.output(0);
  const std::vector<char> mask =
      axis_mask(load<int64_t>(c.input(1)), shape.size(), c.op().full_name());
  const Shape kept = reduced_shape(shape, mask);
  size_t group = 1;
  for (size_t i = 0; i < shape.size(); ++i)
    if (mask[i]) group *= shape[i];
  const element::Type type = out.get_element_type();
  with_domain(type, [&](auto zero) {
    using T = decltype(zero);
    const std::vector<T> x = load<T>(c.input(0));
    std::vector<T> r(shape_size(kept), Op::template start<T>(type));
    for_groups(shape, kept, [&](size_t i, size_t g) { Op::template step<T>(r[g], x[i]); });
    for (T& v : r) v = Op::template end<T>(v, group);
    store(out, r);
  });
}

constexpr const AttrType* kAttrs = &kAttrType<Reduce>;

}  // namespace

VIREO_DEFINE_OP(reduce_sum_1){"ReduceSum",          1, kAttrs, infer, evaluate<SumOp>,
                              Tolerance::Accumulate};
VIREO_DEFINE_OP(reduce_mean_1){"ReduceMean",         1, kAttrs, infer, evaluate<MeanOp>,
                               Tolerance::Accumulate};
VIREO_DEFINE_OP(reduce_prod_1){"ReduceProd",         1, kAttrs, infer, evaluate<ProdOp>,
                               Tolerance::Accumulate};
VIREO_DEFINE_OP(reduce_max_1){"ReduceMax", 1, kAttrs, infer, evaluate<MaxOp>};
VIREO_DEFINE_OP(reduce_min_1){"ReduceMin", 1, kAttrs, infer, evaluate<MinOp>};
VIREO_DEFINE_OP(reduce_l1_4){"ReduceL1", 4, kAttrs, infer, evaluate<L1Op>, Tolerance::Accumulate};
VIREO_DEFINE_OP(reduce_l2_4){"ReduceL2", 4, kAttrs, infer, evaluate<L2Op>, Tolerance::Accumulate};
VIREO_DEFINE_OP(reduce_logical_and_1){"ReduceLogicalAnd", 1, kAttrs, infer_logical,
                                      evaluate<AndOp>};
VIREO_DEFINE_OP(reduce_logical_or_1){"ReduceLogicalOr", 1, kAttrs, infer_logical, evaluate<OrOp>};

}  // namespace vireo::ops
