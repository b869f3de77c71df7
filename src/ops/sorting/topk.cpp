// TopK: the k largest or smallest elements along an axis, with their indices. Equal values keep the
// lower index.
#include <algorithm>
#include <numeric>

#include "core/values.h"
#include "ops/movement/rearrange.h"
#include "ops/sorting/sorting.h"

namespace vireo::ops {

namespace {
constexpr const char* kModes[] = {"max", "min"};
constexpr const char* kSorts[] = {"none", "value", "index"};

// Opsets 1 and 3 have no `stable`.
struct TopKOld : TopK {};
void visit(AttrVisitor& v, TopKOld& a) {
  v.on("axis", a.axis);
  v.on("mode", a.mode, kModes);
  v.on("sort", a.sort, kSorts);
  v.on("index_element_type", a.index_element_type);
}
}  // namespace

void visit(AttrVisitor& v, TopK& a) {
  v.on("axis", a.axis);
  v.on("mode", a.mode, kModes);
  v.on("sort", a.sort, kSorts);
  v.on("index_element_type", a.index_element_type);
  v.on("stable", a.stable);
}

namespace {

template <typename Context>
const TopK& attrs_of(Context& c) {
  return c.version() < 11 ? static_cast<const TopK&>(c.template attrs<TopKOld>())
                          : c.template attrs<TopK>();
}

void infer(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_integral(1);
  c.expect_rank(1, 0, 1);
  const TopK& a = attrs_of(c);
  if (a.index_element_type != element::i32 && a.index_element_type != element::i64)
    c.fail("index_element_type must be i32 or i64, got {}", a.index_element_type.name());
  PartialShape out = c.shape(0);
  if (out.rank_is_static()) {
    Dimension& d = out[size_t(c.axis(a.axis, int64_t(out.size())))];
    const auto k = c.scalar_int(1);
    const auto dims = k ? std::nullopt : c.dims(1);
    if (k && *k < 0) c.fail("k is {}, below 0", *k);
    // k over the extent gives what there is.
    if (k)
      d = d.min() >= *k   ? Dimension(*k)
          : d.is_static() ? d
                          : Dimension(std::min(d.min(), *k), std::min(d.max(), *k));
    else if (dims && dims->size() == 1)
      d = (*dims)[0];
    else
      d = Dimension(0, d.bounded() ? d.max() : -1);
  }
  c.set_output(0, c.type(0), out);
  c.set_output(1, a.index_element_type, out);
}

void evaluate(EvalContext& c) {
  const TopK& a = attrs_of(c);
  const Shape& shape = c.shape(0);
  const size_t axis = wrap_axis(a.axis, shape.size()), extent = shape[axis];
  c.facts();
  const int64_t given = load<int64_t>(c.input(1)).at(0);
  const size_t k = std::min(size_t(std::max<int64_t>(given, 0)), extent);
  Shape out_shape = shape;
  out_shape[axis] = k;
  size_t inner = 1;
  for (size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  const size_t outer =
      extent == 0 ? 0 : c.input(0).get_size() / std::max<size_t>(extent * inner, 1);
  Tensor& values = c.output(0, c.input(0).get_element_type(), out_shape);
  std::vector<int64_t> found(shape_size(out_shape));
  ElementMover move(values, c.input(0));
  with_domain(c.input(0).get_element_type(), [&](auto zero) {
    const auto x = load<decltype(zero)>(c.input(0));
    std::vector<size_t> order(extent);
    for (size_t o = 0; o < outer; ++o)
      for (size_t i = 0; i < inner; ++i) {
        const auto at = [&](size_t n) { return x[(o * extent + n) * inner + i]; };
        std::iota(order.begin(), order.end(), size_t(0));
        std::partial_sort(order.begin(), order.begin() + int64_t(k), order.end(),
                          [&](size_t m, size_t n) {
                            const auto x_m = at(m), x_n = at(n);
                            if (x_m != x_m || x_n != x_n)
                              return x_n != x_n && (x_m == x_m || m < n);  // NaN comes last
                            if (x_m != x_n) return a.mode == TopKMode::Max ? x_m > x_n : x_m < x_n;
                            return m < n;
                          });
        if (a.sort == TopKSort::Index) std::sort(order.begin(), order.begin() + int64_t(k));
        for (size_t n = 0; n < k; ++n) {
          found[(o * k + n) * inner + i] = int64_t(order[n]);
          move((o * k + n) * inner + i, (o * extent + order[n]) * inner + i);
        }
      }
  });
  move.finish();
  store(c.output(1, a.index_element_type, out_shape), found);
}

}  // namespace

VIREO_DEFINE_OP(topk_1){"TopK", 1, &kAttrType<TopKOld>, infer, evaluate};
VIREO_DEFINE_OP(topk_3){"TopK", 3, &kAttrType<TopKOld>, infer, evaluate};
VIREO_DEFINE_OP(topk_11){"TopK", 11, &kAttrType<TopK>, infer, evaluate};

}  // namespace vireo::ops
