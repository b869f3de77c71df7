// Reductions over F = vec<float, N>; included inside the unnamed namespace of each ISA file.

using namespace simd;

// Element, accumulate, combine lanes, finish. `total` is wider than a lane where many partial sums
// meet.
struct SumOp {
  static constexpr float identity = 0;
  static VIREO_SIMD F map(F x) { return x; }
  static VIREO_SIMD F join(F a, F b) { return a + b; }
  static VIREO_SIMD float lanes(F a) { return reduce_add(a); }
  static VIREO_SIMD double total(double a, double b) { return a + b; }
  static VIREO_SIMD F finish(F x, float n) { return x; }
};
struct MeanOp : SumOp {
  static VIREO_SIMD F finish(F x, float n) { return x / F(n); }
};
struct L1Op : SumOp {
  static VIREO_SIMD F map(F x) { return abs(x); }
};
struct SumSquareOp : SumOp {
  static VIREO_SIMD F map(F x) { return x * x; }
};
struct L2Op : SumSquareOp {
  static VIREO_SIMD F finish(F x, float n) { return sqrt(x); }
};
struct LogSumOp : SumOp {
  static VIREO_SIMD F finish(F x, float n) { return log(x); }
};
struct ProdOp : SumOp {
  static constexpr float identity = 1;
  static VIREO_SIMD F join(F a, F b) { return a * b; }
  static VIREO_SIMD float lanes(F a) { return reduce_mul(a); }
  static VIREO_SIMD double total(double a, double b) { return a * b; }
};
// A NaN on either side stays: max(b, a) gives a if either is NaN.
struct MaxOp : SumOp {
  static constexpr float identity = -__builtin_inff();
  static VIREO_SIMD F join(F a, F b) { return select(eq(b, b), max(b, a), b); }
  static VIREO_SIMD float lanes(F a) { return all(eq(a, a)) ? reduce_max(a) : __builtin_nanf(""); }
  static VIREO_SIMD double total(double a, double b) { return a > b || a != a ? a : b; }
};
struct MinOp : SumOp {
  static constexpr float identity = __builtin_inff();
  static VIREO_SIMD F join(F a, F b) { return select(eq(b, b), min(b, a), b); }
  static VIREO_SIMD float lanes(F a) { return all(eq(a, a)) ? reduce_min(a) : __builtin_nanf(""); }
  static VIREO_SIMD double total(double a, double b) { return a < b || a != a ? a : b; }
};

// Lanes beyond n take the identity.
template <typename Op>
VIREO_SIMD F load_element(const float* p, int64_t n) {
  return n >= F::lanes ? Op::map(F::load(p))
                       : select(first_lanes<F>(n), Op::map(F::load(p, n)), F(Op::identity));
}

// Parts of 4096 elements in four accumulators; the parts meet in double.
template <typename Op>
VIREO_SIMD double reduce_run(const float* x, int64_t n) {
  constexpr int64_t kPart = 4096;
  double total = Op::identity;
  for (int64_t begin = 0; begin < n; begin += kPart) {
    const int64_t end = begin + kPart < n ? begin + kPart : n;
    F a[4] = {F(Op::identity), F(Op::identity), F(Op::identity), F(Op::identity)};
    int64_t i = begin;
    for (; i + 4 * F::lanes <= end; i += 4 * F::lanes)
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) a[k] = Op::join(a[k], Op::map(F::load(x + i + k * F::lanes)));
    for (; i < end; i += F::lanes) a[0] = Op::join(a[0], load_element<Op>(x + i, end - i));
    total = Op::total(total, Op::lanes(Op::join(Op::join(a[0], a[1]), Op::join(a[2], a[3]))));
  }
  return total;
}

VIREO_SIMD float first_lane(F x) {
  float lanes[F::lanes];
  x.store(lanes);
  return lanes[0];
}

template <typename Op>
void reduce_rows(const float* src, float* dst, int64_t rows, int64_t axis) {
  for (int64_t r = 0; r < rows; ++r)
    dst[r] = first_lane(Op::finish(F((float)reduce_run<Op>(src + r * axis, axis)), (float)axis));
}

// `Vectors` neighbouring vectors of columns, the last of n lanes. Parts of 64 positions, so that
// long sums keep their low digits.
template <typename Op, int Vectors>
VIREO_SIMD void reduce_column_block(const float* src, float* dst, int64_t axis, int64_t inner,
                                    int64_t n) {
  F total[Vectors];
#pragma GCC unroll 4
  for (int v = 0; v < Vectors; ++v) total[v] = F(Op::identity);
  for (int64_t a = 0; a < axis; a += 64) {
    const int64_t stop = a + 64 < axis ? a + 64 : axis;
    F part[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) part[v] = F(Op::identity);
    for (int64_t k = a; k < stop; ++k) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        const float* x = src + k * inner + v * F::lanes;
        part[v] = Op::join(part[v], Op::map(Vectors == 1 ? F::load(x, n) : F::load(x)));
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) total[v] = Op::join(total[v], part[v]);
  }
#pragma GCC unroll 4
  for (int v = 0; v < Vectors; ++v) Op::finish(total[v], (float)axis).store(dst + v * F::lanes, n);
}

template <typename Op>
void reduce_columns(const float* src, float* dst, int64_t axis, int64_t inner, int64_t begin,
                    int64_t end) {
  int64_t i = begin;
  for (; i + 4 * F::lanes <= end; i += 4 * F::lanes)
    reduce_column_block<Op, 4>(src + i, dst + i, axis, inner, F::lanes);
  for_lanes<F>(i, end, [&](int64_t at, int64_t n) VIREO_LAMBDA {
    reduce_column_block<Op, 1>(src + at, dst + at, axis, inner, n);
  });
}

void log_sum_exp_rows(const float* src, float* dst, int64_t rows, int64_t axis) {
  for (int64_t r = 0; r < rows; ++r, src += axis) {
    const float m = (float)reduce_run<MaxOp>(src, axis), shift = __builtin_isinf(m) ? 0.0f : m;
    F s = F::zero();
    for (int64_t i = 0; i < axis; i += F::lanes) {
      const F e = exp(F::load(src + i, axis - i < F::lanes ? axis - i : F::lanes) - F(shift));
      s = s + select(first_lanes<F>(axis - i), e, F::zero());
    }
    dst[r] = shift + first_lane(log(F(reduce_add(s))));
  }
}

void log_sum_exp_columns(const float* src, float* dst, int64_t axis, int64_t inner, int64_t begin,
                         int64_t end) {
  const F infinity(__builtin_inff());
  for_lanes<F>(begin, end, [&](int64_t i, int64_t n) VIREO_LAMBDA {
    F m = neg(infinity), s = F::zero();
    for (int64_t a = 0; a < axis; ++a) m = max(F::load(src + a * inner + i, n), m);
    m = select(lt(abs(m), infinity), m, F::zero());
    for (int64_t a = 0; a < axis; ++a) s = s + exp(F::load(src + a * inner + i, n) - m);
    (m + log(s)).store(dst + i, n);
  });
}

constexpr ReduceTable kTable = {
    {reduce_rows<SumOp>, reduce_rows<MeanOp>, reduce_rows<MaxOp>, reduce_rows<MinOp>,
     reduce_rows<ProdOp>, reduce_rows<L1Op>, reduce_rows<L2Op>, reduce_rows<SumSquareOp>,
     reduce_rows<LogSumOp>, log_sum_exp_rows},
    {reduce_columns<SumOp>, reduce_columns<MeanOp>, reduce_columns<MaxOp>, reduce_columns<MinOp>,
     reduce_columns<ProdOp>, reduce_columns<L1Op>, reduce_columns<L2Op>,
     reduce_columns<SumSquareOp>, reduce_columns<LogSumOp>, log_sum_exp_columns},
};
