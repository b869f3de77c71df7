// The epilogue on vectors. Included inside an ISA file's unnamed namespace, after `using F =
// simd::vec<float, N>`. C is the type that outputs and residuals are stored in: float or
// simd::bf16_t. The sums are f32.

using simd::bf16_t;

// n lanes of a stored row; a whole vector where n is the constant F::lanes.
static VIREO_SIMD F read_lanes(const float* p, int64_t n) { return F::load(p, n); }
static VIREO_SIMD F read_lanes(const bf16_t* p, int64_t n) { return simd::load_as<F>(p, n); }
static VIREO_SIMD void write_lanes(float* p, F x, int64_t n) { x.store(p, n); }
static VIREO_SIMD void write_lanes(bf16_t* p, F x, int64_t n) { simd::store_as(p, x, n); }
static VIREO_SIMD F read_lanes(const uint8_t* p, int64_t n) { return simd::load_as<F>(p, n); }
// 8-bit codes round and saturate.
static VIREO_SIMD void write_lanes(uint8_t* p, F x, int64_t n) {
  const F::ints codes = to_int_round(min(max(x, F::zero()), F(255.0f)));
  if (n >= F::lanes) return narrow(p, codes);
  simd::narrow_first(p, codes, n);
}

// Clamping is done in registers; what needs more than a compare runs over the tile of sums while it
// is in L1. The sums wait in a buffer of their own, because the residual may lie where they will be
// stored.
struct Clamp {
  float low, high;
  bool complete;  // the activation is nothing but this clamp
};

static inline Clamp clamp_of(const Epilogue& e) {
  const float infinity = __builtin_inff();
  switch (e.activation) {
    case Activation::None: return {-infinity, infinity, true};
    case Activation::Relu: return {0.0f, infinity, true};
    case Activation::Clamp: return {e.alpha, e.beta, true};
    default: return {-infinity, infinity, false};
  }
}

// In this order of operands a NaN passes.
static VIREO_SIMD F clamp(F x, F low, F high) { return min(high, max(low, x)); }

template <Activation A>
static VIREO_SIMD F activate(F x, F alpha, F beta) {
  using namespace simd;
  switch (A) {
    case Activation::LeakyRelu:
    case Activation::PRelu: return select(lt(x, F::zero()), alpha * x, x);
    case Activation::Elu: return select(lt(x, F::zero()), alpha * expm1(min(F::zero(), x)), x);
    case Activation::Sigmoid: return sigmoid(x);
    case Activation::Silu: return silu(x, alpha);
    case Activation::Tanh: return tanh(x);
    case Activation::GeluErf: return gelu_erf(x);
    case Activation::GeluTanh: return gelu_tanh(x);
    case Activation::HSwish:
      return fma(x * clamp(x + F(3.0f), F::zero(), F(6.0f)), alpha * F(1.0f / 6.0f), beta);
    case Activation::HSigmoid: return clamp(fma(alpha, x, beta), F::zero(), F(1.0f));
    case Activation::Mish: return mish(x);
    case Activation::Softplus: return softplus(x);
    default: return x;
  }
}

template <typename C>
struct SumTile {
  const float* sums;
  int64_t sums_stride;
  C* c;
  int64_t c_stride;
  int64_t rows, columns;
  const C* residual;  // added after the activation; or nullptr
  int64_t residual_stride;
  const float* slope;
};

// Rows of sums are whole vectors.
template <Activation A, typename C>
static void activate_tile(const Epilogue& e, const SumTile<C>& t) {
  const F beta(e.beta);
  for (int64_t i = 0; i < t.rows; ++i) {
    const float* sums = t.sums + i * t.sums_stride;
    C* c = t.c + i * t.c_stride;
    for (int64_t j = 0; j < t.columns; j += F::lanes) {
      const int64_t n = t.columns - j;
      const F alpha =
          A == Activation::PRelu ? F::load(t.slope + j, n < F::lanes ? n : F::lanes) : F(e.alpha);
      F x = activate<A>(F::load(sums + j), alpha, beta);
      if (t.residual) {
        const C* r = t.residual + i * t.residual_stride + j;
        x = x + (n < F::lanes ? read_lanes(r, n) : read_lanes(r, F::lanes));
      }
      if (n < F::lanes)
        write_lanes(c + j, x, n);
      else
        write_lanes(c + j, x, F::lanes);
    }
  }
}

template <typename C>
static void activate_rows(const Epilogue& e, const SumTile<C>& t) {
  switch (e.activation) {
    case Activation::LeakyRelu: return activate_tile<Activation::LeakyRelu>(e, t);
    case Activation::PRelu: return activate_tile<Activation::PRelu>(e, t);
    case Activation::Elu: return activate_tile<Activation::Elu>(e, t);
    case Activation::Sigmoid: return activate_tile<Activation::Sigmoid>(e, t);
    case Activation::Silu: return activate_tile<Activation::Silu>(e, t);
    case Activation::Tanh: return activate_tile<Activation::Tanh>(e, t);
    case Activation::GeluErf: return activate_tile<Activation::GeluErf>(e, t);
    case Activation::GeluTanh: return activate_tile<Activation::GeluTanh>(e, t);
    case Activation::HSwish: return activate_tile<Activation::HSwish>(e, t);
    case Activation::HSigmoid: return activate_tile<Activation::HSigmoid>(e, t);
    case Activation::Mish: return activate_tile<Activation::Mish>(e, t);
    case Activation::Softplus: return activate_tile<Activation::Softplus>(e, t);
    case Activation::None:
    case Activation::Relu:
    case Activation::Clamp: return;
  }
}

// A tile of few columns is activated as one row: one output channel would otherwise cost as much as
// a vector of them.
template <typename C>
static void activate_narrow(const Epilogue& e, const SumTile<C>& t) {
  alignas(64) float row[16 * F::lanes];
  const int64_t n = t.rows * t.columns;
  for (int64_t i = 0; i < t.rows; ++i) {
    for (int64_t j = 0; j < t.columns; ++j) row[i * t.columns + j] = t.sums[i * t.sums_stride + j];
  }
  if (t.c_stride == t.columns && !t.residual)  // the tile is one row of C as well
    return activate_rows(e, SumTile<C>{row, 0, t.c, 0, 1, n, nullptr, 0, nullptr});
  activate_rows(e, SumTile<float>{row, 0, row, 0, 1, n, nullptr, 0, nullptr});
  for (int64_t i = 0; i < t.rows; ++i) {
    for (int64_t j = 0; j < t.columns; ++j) {
      F x(row[i * t.columns + j]);
      if (t.residual) x = x + read_lanes(t.residual + i * t.residual_stride + j, 1);
      write_lanes(t.c + i * t.c_stride + j, x, 1);
    }
  }
}

template <typename C>
static void activate_sums(const Epilogue& e, const SumTile<C>& t) {
  const bool narrow = 4 * t.columns <= F::lanes && t.rows > 1 && t.rows <= 16;
  if (narrow && e.activation != Activation::PRelu) return activate_narrow(e, t);
  activate_rows(e, t);
}
