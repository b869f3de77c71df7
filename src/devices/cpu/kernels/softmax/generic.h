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
    const F e0 = exp_nonpositive(F::load(x + i) - shift),
            e1 = exp_nonpositive(F::load(x + i + F::lanes) - shift);
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

// Columns [begin, end), at most kSoftmaxColumns, by way of a dense copy: in place their stride may
// map every row to the same cache lines.
void softmax_columns(const float* src, float* dst, int64_t axis, int64_t inner, int64_t begin,
                     int64_t end, bool is_log, float* scratch) {
  constexpr int64_t kWidth = kSoftmaxColumns;
  float *maximum = scratch, *sum = scratch + kWidth, *copy = scratch + 2 * kWidth;
  const int64_t width = end - begin;
  src += begin;
  dst += begin;
  for_lanes<F>(0, kWidth, [&](int64_t c, int64_t) VIREO_LAMBDA {
    F(-__builtin_inff()).store(maximum + c);
    F::zero().store(sum + c);
  });
  for (int64_t a = 0; a < axis; ++a)
    for_lanes<F>(0, width, [&](int64_t c, int64_t n) VIREO_LAMBDA {
      const F x = F::load(src + a * inner + c, n);
      x.store(copy + a * kWidth + c);
      max(x, F::load(maximum + c)).store(maximum + c);
    });
  for (int64_t a = 0; a < axis; ++a)
    for_lanes<F>(0, width, [&](int64_t c, int64_t) VIREO_LAMBDA {
      const F d = F::load(copy + a * kWidth + c) - F::load(maximum + c), e = exp_nonpositive(d);
      (is_log ? d : e).store(copy + a * kWidth + c);
      (F::load(sum + c) + e).store(sum + c);
    });
  for_lanes<F>(0, width, [&](int64_t c, int64_t) VIREO_LAMBDA {
    const F s = F::load(sum + c);
    (is_log ? log(s) : F(1.0f) / s).store(sum + c);
  });
  for (int64_t a = 0; a < axis; ++a)
    for_lanes<F>(0, width, [&](int64_t c, int64_t n) VIREO_LAMBDA {
      const F x = F::load(copy + a * kWidth + c), s = F::load(sum + c);
      (is_log ? x - s : x * s).store(dst + a * inner + c, n);
    });
}

constexpr SoftmaxTable kTable = {softmax_rows, softmax_columns};
