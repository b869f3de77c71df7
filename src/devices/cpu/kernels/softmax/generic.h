// Softmax over F = vec<float, N>; included inside the unnamed namespace of each ISA file.

using namespace simd;

VIREO_SIMD float row_maximum(const float* x, int64_t n) {
  F m0(-__builtin_inff()), m1 = m0;
  int64_t i = 0;
  for (; i + 2 * F::lanes <= n; i += 2 * F::lanes) {
    m0 = max(F::load(x + i), m0);
    m1 = max(F::load(x + i + F::lanes), m1);
  }
  for (; i + F::lanes <= n; i += F::lanes) m0 = max(F::load(x + i), m0);
  if (i < n) m1 = max(select(first_lanes<F>(n - i), F::load(x + i, n - i), m1), m1);
  return reduce_max(max(m0, m1));
}

// exp(x - shift) to y (if Keep); returns the sum.
template <bool Keep>
VIREO_SIMD float exp_sum(const float* x, float* y, int64_t n, F shift) {
  F s0 = F::zero(), s1 = s0;
  int64_t i = 0;
  for (; i + 2 * F::lanes <= n; i += 2 * F::lanes) {
    const F e0 = exp_nonpositive(F::load(x + i) - shift), e1 = exp_nonpositive(F::load(x + i + F::lanes) - shift);
    if (Keep) e0.store(y + i), e1.store(y + i + F::lanes);
    s0 = s0 + e0;
    s1 = s1 + e1;
  }
  for (; i + F::lanes <= n; i += F::lanes) {
    const F e = exp_nonpositive(F::load(x + i) - shift);
    if (Keep) e.store(y + i);
    s0 = s0 + e;
  }
  if (i < n) {
    const F e = exp_nonpositive(F::load(x + i, n - i) - shift);
    if (Keep) e.store(y + i, n - i);
    s1 = s1 + select(first_lanes<F>(n - i), e, F::zero());
  }
  return reduce_add(s0 + s1);
}

VIREO_SIMD void scale_row(const float* x, float* y, int64_t n, F factor, F offset) {
  int64_t i = 0;
  for (; i + F::lanes <= n; i += F::lanes) fma(F::load(x + i), factor, offset).store(y + i);
  if (i < n) fma(F::load(x + i, n - i), factor, offset).store(y + i, n - i);
}

// A row of at most one vector.
VIREO_SIMD void short_row(const float* src, float* dst, int64_t axis, bool is_log) {
  const F::mask present = first_lanes<F>(axis);
  const F x = F::load(src, axis);
  const F d = x - F(reduce_max(select(present, x, F(-__builtin_inff()))));
  const F e = select(present, exp_nonpositive(d), F::zero());
  const F sum(reduce_add(e));
  (is_log ? d - log(sum) : e * (F(1.0f) / sum)).store(dst, axis);
}

void softmax_rows(const float* src, float* dst, int64_t rows, int64_t axis, bool is_log) {
  if (axis <= F::lanes) {
    for (int64_t r = 0; r < rows; ++r) short_row(src + r * axis, dst + r * axis, axis, is_log);
    return;
  }
  for (int64_t r = 0; r < rows; ++r, src += axis, dst += axis) {
    const float m = row_maximum(src, axis);
    if (is_log) {
      const F sum(exp_sum<false>(src, dst, axis, F(m)));
      float log_sum[F::lanes];
      log(sum).store(log_sum);
      scale_row(src, dst, axis, F(1.0f), F(-m - log_sum[0]));
    } else {
      const float sum = exp_sum<true>(src, dst, axis, F(m));
      scale_row(dst, dst, axis, F(1.0f / sum), F::zero());
    }
  }
}

void softmax_columns(const float* src, float* dst, int64_t axis, int64_t inner, int64_t begin, int64_t end, bool is_log) {
  for_lanes<F>(begin, end, [&](int64_t i, int64_t n) VIREO_LAMBDA {
    F m(-__builtin_inff());
    for (int64_t a = 0; a < axis; ++a) m = max(F::load(src + a * inner + i, n), m);
    F sum = F::zero();
    for (int64_t a = 0; a < axis; ++a) {
      const F e = exp_nonpositive(F::load(src + a * inner + i, n) - m);
      sum = sum + e;
      if (!is_log) e.store(dst + a * inner + i, n);
    }
    if (is_log) {
      const F offset = m + log(sum);
      for (int64_t a = 0; a < axis; ++a) (F::load(src + a * inner + i, n) - offset).store(dst + a * inner + i, n);
    } else {
      const F factor = F(1.0f) / sum;
      for (int64_t a = 0; a < axis; ++a) (F::load(dst + a * inner + i, n) * factor).store(dst + a * inner + i, n);
    }
  });
}

constexpr SoftmaxTable kTable = {softmax_rows, softmax_columns};
