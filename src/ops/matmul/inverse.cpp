// Inverse: of square matrices, by Gauss-Jordan elimination with pivots; adjoint transposes it.
#include <cmath>
#include <limits>

#include "core/op.h"
#include "core/values.h"

namespace vireo::ops {

struct Inverse {
  bool adjoint = false;
};
void visit(AttrVisitor& v, Inverse& a) { v.on("adjoint", a.adjoint); }

namespace {

void infer(InferContext& c) {
  c.expect_inputs(1, 1);
  c.expect_real(0);
  c.expect_rank(0, 2, std::numeric_limits<int64_t>::max());
  const PartialShape& s = c.shape(0);
  if (s.rank_is_static() && !s[s.size() - 1].compatible(s[s.size() - 2]))
    c.fail("matrices of {} are not square", s.to_string());
  c.set_output(0, c.type(0), s);
}

// Replaces m by its inverse; infinities where there is none.
void invert(double* m, size_t n) {
  std::vector<double> right(n * n);
  for (size_t i = 0; i < n; ++i) right[i * n + i] = 1;
  for (size_t k = 0; k < n; ++k) {
    size_t pivot = k;
    for (size_t i = k + 1; i < n; ++i)
      if (std::fabs(m[i * n + k]) > std::fabs(m[pivot * n + k])) pivot = i;
    for (size_t j = 0; j < n && pivot != k; ++j) {
      std::swap(m[k * n + j], m[pivot * n + j]);
      std::swap(right[k * n + j], right[pivot * n + j]);
    }
    const double at = m[k * n + k];
    for (size_t j = 0; j < n; ++j) m[k * n + j] /= at, right[k * n + j] /= at;
    for (size_t i = 0; i < n; ++i) {
      const double by = m[i * n + k];
      if (i == k || by == 0) continue;
      for (size_t j = 0; j < n; ++j)
        m[i * n + j] -= by * m[k * n + j], right[i * n + j] -= by * right[k * n + j];
    }
  }
  std::copy(right.begin(), right.end(), m);
}

void evaluate(EvalContext& c) {
  std::vector<double> x = load<double>(c.input(0));
  const size_t n = c.shape(0).back();
  for (size_t at = 0; n > 0 && at < x.size(); at += n * n) {
    double* m = x.data() + at;
    invert(m, n);
    for (size_t i = 0; c.attrs<Inverse>().adjoint && i < n; ++i)
      for (size_t j = 0; j < i; ++j) std::swap(m[i * n + j], m[j * n + i]);
  }
  store(c.output(0), x);
}

}  // namespace

VIREO_DEFINE_OP(inverse_14){"Inverse", 14,       &kAttrType<Inverse>,
                            infer,     evaluate, Tolerance::Accumulate};

}  // namespace vireo::ops
