// Bucketize and SearchSorted: where values belong among sorted ones.
#include <algorithm>

#include "core/op.h"
#include "core/values.h"

namespace vireo::ops {

struct Bucketize {
  element::Type output_type = element::i64;
  bool with_right_bound = true;
};
void visit(AttrVisitor& v, Bucketize& a) {
  v.on("output_type", a.output_type);
  v.on("with_right_bound", a.with_right_bound);
}

struct SearchSorted {
  bool right_mode = false;
  element::Type output_type = element::i64;
};
void visit(AttrVisitor& v, SearchSorted& a) {
  v.on("right_mode", a.right_mode);
  v.on("output_type", a.output_type);
}

namespace {

void check_index_type(const InferContext& c, element::Type type) {
  if (type != element::i32 && type != element::i64)
    c.fail("output_type must be i32 or i64, got {}", type.name());
}

int64_t position(const double* first, const double* last, double x, bool after_equals) {
  return (after_equals ? std::upper_bound(first, last, x) : std::lower_bound(first, last, x)) -
         first;
}

void infer_bucketize(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_rank(1, 1, 1);
  check_index_type(c, c.attrs<Bucketize>().output_type);
  c.set_output(0, c.attrs<Bucketize>().output_type, c.shape(0));
}
void evaluate_bucketize(EvalContext& c) {
  const std::vector<double> x = load<double>(c.input(0)), bounds = load<double>(c.input(1));
  std::vector<int64_t> r(x.size());
  for (size_t i = 0; i < x.size(); ++i)
    r[i] = position(bounds.data(), bounds.data() + bounds.size(), x[i],
                    !c.attrs<Bucketize>().with_right_bound);
  store(c.output(0), r);
}

void infer_search(InferContext& c) {
  c.expect_inputs(2, 2);
  c.common_type(0, 2);
  c.expect_rank(0, 1, 64);
  const PartialShape &sorted = c.shape(0), &values = c.shape(1);
  check_index_type(c, c.attrs<SearchSorted>().output_type);
  if (sorted.rank_is_static() && values.rank_is_static() && sorted.size() > 1) {
    if (sorted.size() != values.size())
      c.fail("shapes {} and {} have different ranks", sorted.to_string(), values.to_string());
    for (size_t i = 0; i + 1 < sorted.size(); ++i)
      if (!sorted[i].compatible(values[i]))
        c.fail("shapes {} and {} differ in axis {}", sorted.to_string(), values.to_string(), i);
  }
  PartialShape out = values;
  if (!values.rank_is_static() && sorted.rank_is_static() && sorted.size() > 1) {
    out = sorted;
    out[out.size() - 1] = Dimension();
  }
  c.set_output(0, c.attrs<SearchSorted>().output_type, out);
}
void evaluate_search(EvalContext& c) {
  const std::vector<double> sorted = load<double>(c.input(0)), x = load<double>(c.input(1));
  const bool shared = c.shape(0).size() == 1;
  const size_t width = c.shape(0).back(), row = c.shape(1).empty() ? 1 : c.shape(1).back();
  std::vector<int64_t> r(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const double* first = sorted.data() + (shared ? 0 : i / row * width);
    r[i] = position(first, first + width, x[i], c.attrs<SearchSorted>().right_mode);
  }
  store(c.output(0), r);
}

}  // namespace

VIREO_DEFINE_OP(bucketize_3){"Bucketize", 3, &kAttrType<Bucketize>, infer_bucketize,
                             evaluate_bucketize};
VIREO_DEFINE_OP(search_sorted_15){"SearchSorted", 15, &kAttrType<SearchSorted>, infer_search,
                                  evaluate_search};

}  // namespace vireo::ops
