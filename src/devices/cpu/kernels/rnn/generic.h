// Recurrent cells over F = vec<float, N>; included inside the unnamed namespace of each ISA file,
// which says kRows, the rows of the batch that share a pass over the weights, and kBlocks.

using namespace simd;

VIREO_SIMD F activate(const RnnFunction& f, F x) {
  const F alpha(f.alpha), beta(f.beta), zero = F::zero();
  switch (f.kind) {
    case RnnActivation::sigmoid: return sigmoid(x);
    case RnnActivation::tanh: return tanh(x);
    case RnnActivation::relu: return max(zero, x);
    case RnnActivation::hard_sigmoid: return min(F(1.0f), max(zero, fma(alpha, x, beta)));
    case RnnActivation::elu: return select(lt(x, zero), alpha * expm1(x), x);
    case RnnActivation::softsign: return x / (F(1.0f) + abs(x));
    case RnnActivation::softplus: return softplus(x);
    case RnnActivation::leaky_relu: return select(lt(x, zero), alpha * x, x);
    case RnnActivation::affine: return fma(alpha, x, beta);
    case RnnActivation::scaled_tanh: return alpha * tanh(beta * x);
    case RnnActivation::thresholded_relu: return select(gt(x, alpha), x, zero);
  }
  return x;
}

VIREO_SIMD F clipped(F x, float clip) { return clip > 0 ? min(F(clip), max(F(-clip), x)) : x; }

VIREO_SIMD void store_state(const RnnRow& row, int64_t at, int64_t n, F state) {
  state.store(row.out + at, n);
  if (row.last) state.store(row.last + at, n);
}

// What becomes of the sums of one vector of units: `sums` are R * state, gate by gate.
struct Lstm {
  static VIREO_SIMD void finish(const RnnPanel& p, const RnnRow& row, int64_t at, int64_t n,
                                const F* sums) {
    const RnnDesc& d = *p.desc;
    const auto gate = [&](int g) VIREO_LAMBDA {
      return clipped(F::load(row.x + g * d.hidden + at, n) + sums[g], d.clip);
    };
    const F f = activate(d.functions[0], gate(0)), i = activate(d.functions[0], gate(1));
    const F c = activate(d.functions[1], gate(2)), o = activate(d.functions[0], gate(3));
    const F cell = fma(f, F::load(row.cell + at, n), i * c);
    cell.store(row.new_cell + at, n);
    store_state(row, at, n, o * activate(d.functions[2], cell));
  }
};

// The first phase of gru leaves z and r * state.
struct GruGates {
  static VIREO_SIMD void finish(const RnnPanel& p, const RnnRow& row, int64_t at, int64_t n,
                                const F* sums) {
    const RnnDesc& d = *p.desc;
    const F z = clipped(F::load(row.x + at, n) + sums[0], d.clip);
    const F r = clipped(F::load(row.x + d.hidden + at, n) + sums[1], d.clip);
    activate(d.functions[0], z).store(row.gates + at, n);
    (activate(d.functions[0], r) * F::load(row.state + at, n)).store(row.gates + d.hidden + at, n);
  }
};

struct GruOut {
  static VIREO_SIMD void finish(const RnnPanel& p, const RnnRow& row, int64_t at, int64_t n,
                                const F* sums) {
    const RnnDesc& d = *p.desc;
    const F z = F::load(row.gates + at, n), state = F::load(row.state + at, n);
    const F candidate =
        activate(d.functions[1], clipped(F::load(row.x + 2 * d.hidden + at, n) + sums[0], d.clip));
    store_state(row, at, n, fma(z, state - candidate, candidate));
  }
};

struct GruLinear {
  static VIREO_SIMD void finish(const RnnPanel& p, const RnnRow& row, int64_t at, int64_t n,
                                const F* sums) {
    const RnnDesc& d = *p.desc;
    const F z = activate(d.functions[0], clipped(F::load(row.x + at, n) + sums[0], d.clip));
    const F r =
        activate(d.functions[0], clipped(F::load(row.x + d.hidden + at, n) + sums[1], d.clip));
    const F inner =
        fma(r, sums[2] + F::load(p.bias + at, n), F::load(row.x + 2 * d.hidden + at, n));
    const F candidate = activate(d.functions[1], clipped(inner, d.clip));
    store_state(row, at, n, fma(z, F::load(row.state + at, n) - candidate, candidate));
  }
};

struct Plain {
  static VIREO_SIMD void finish(const RnnPanel& p, const RnnRow& row, int64_t at, int64_t n,
                                const F* sums) {
    const RnnDesc& d = *p.desc;
    store_state(row, at, n,
                activate(d.functions[0], clipped(F::load(row.x + at, n) + sums[0], d.clip)));
  }
};

// The left factor of a phase.
template <typename Cell>
VIREO_SIMD const float* factor(const RnnPanel&, const RnnRow& row) {
  return row.state;
}
template <>
VIREO_SIMD const float* factor<GruOut>(const RnnPanel& p, const RnnRow& row) {
  return row.gates + p.desc->hidden;
}

// Some rows at once: each weight is loaded once for them. A sum is one chain in the order of k,
// however many rows share the pass.
template <typename Cell, int kGates, int kVectors, int kCount>
VIREO_SIMD void rows_of_panel(const RnnPanel& p, const RnnRow* rows) {
  F sums[kCount][kVectors];
  const float* state[kCount];
  for (int r = 0; r < kCount; ++r) {
    state[r] = factor<Cell>(p, rows[r]);
    for (int v = 0; v < kVectors; ++v) sums[r][v] = F::zero();
  }
  const float* weights = p.weights;
  for (int64_t k = 0; k < p.desc->hidden; ++k, weights += kVectors * F::lanes) {
    F left[kCount];
    for (int r = 0; r < kCount; ++r) left[r] = F(state[r][k]);
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      const F w = F::load(weights + v * F::lanes);
#pragma GCC unroll 4
      for (int r = 0; r < kCount; ++r) sums[r][v] = fma(left[r], w, sums[r][v]);
    }
  }
  for (int r = 0; r < kCount; ++r)
    for (int b = 0; b * F::lanes < p.units; ++b) {
      const int64_t at = b * F::lanes, n = p.units - at;
      Cell::finish(p, rows[r], p.unit + at, n < F::lanes ? n : F::lanes, sums[r] + b * kGates);
    }
}

template <typename Cell, int kGates, int kVectors>
void panel(const RnnPanel& p, const RnnRow* rows, int64_t count) {
  for (; count >= kRows; rows += kRows, count -= kRows)
    rows_of_panel<Cell, kGates, kVectors, kRows>(p, rows);
  for (; count > 0; ++rows, --count) rows_of_panel<Cell, kGates, kVectors, 1>(p, rows);
}

template <typename Cell, int kGates, int kVectors>
constexpr RnnPhase phase(int first_gate) {
  return {first_gate, kGates, panel<Cell, kGates, kVectors>};
}

constexpr RnnKernel make_rnn(const char* name) {
  return {name,
          F::lanes,
          {{kBlocks, {phase<Lstm, 4, 4 * kBlocks>(0), {}}},
           {2 * kBlocks, {phase<GruGates, 2, 4 * kBlocks>(0), phase<GruOut, 1, 2 * kBlocks>(2)}},
           {kBlocks, {phase<GruLinear, 3, 3 * kBlocks>(0), {}}},
           {4 * kBlocks, {phase<Plain, 1, 4 * kBlocks>(0), {}}}}};
}
