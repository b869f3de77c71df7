// Recurrent cells over F = vec<float, N>; included inside the unnamed namespace of each ISA file.

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

// x + h + bias at one column; h and bias may be missing.
VIREO_SIMD F pre_activation(const float* x, const float* h, const float* bias, int64_t at,
                            int64_t n) {
  F v = F::load(x + at, n);
  if (h) v = v + F::load(h + at, n);
  if (bias) v = v + F::load(bias + at, n);
  return v;
}

VIREO_SIMD void lstm_columns(const LstmParams& p, const LstmArgs& a, int64_t row, int64_t c,
                             int64_t n) {
  const float* x = a.x + row * p.x_stride;
  const float* h = a.h ? a.h + row * p.h_stride : nullptr;
  const int64_t size = p.hidden;
  const F cell = F::load(a.cell + row * p.cell_stride + c, n);
  F i = pre_activation(x, h, a.bias, p.gate_i * size + c, n),
    f = pre_activation(x, h, a.bias, p.gate_f * size + c, n);
  F g = pre_activation(x, h, a.bias, p.gate_c * size + c, n),
    o = pre_activation(x, h, a.bias, p.gate_o * size + c, n);
  if (a.peepholes) {
    i = fma(F::load(a.peepholes + c, n), cell, i);
    f = fma(F::load(a.peepholes + 2 * size + c, n), cell, f);
  }
  i = activate(p.gates, clipped(i, p.clip));
  f = p.input_forget ? F(1.0f) - i : activate(p.gates, clipped(f, p.clip));
  g = activate(p.cell, clipped(g, p.clip));
  const F next = fma(f, cell, i * g);
  if (a.peepholes) o = fma(F::load(a.peepholes + size + c, n), next, o);
  o = activate(p.gates, clipped(o, p.clip));
  next.store(a.new_cell + row * p.new_cell_stride + c, n);
  (o * activate(p.out, next)).store(a.out + row * p.out_stride + c, n);
}

void lstm(const LstmParams& p, const LstmArgs& a, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row)
    for_lanes<F>(0, p.hidden,
                 [&](int64_t c, int64_t n) VIREO_LAMBDA { lstm_columns(p, a, row, c, n); });
}

void gru_gates(const GruParams& p, const GruArgs& a, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row)
    for_lanes<F>(0, p.hidden, [&](int64_t c, int64_t n) VIREO_LAMBDA {
      const F r =
          pre_activation(a.x + row * p.x_stride, a.h + row * p.h_stride, a.bias, p.hidden + c, n);
      const F state = F::load(a.state + row * p.state_stride + c, n);
      (activate(p.gates, clipped(r, p.clip)) * state).store(a.reset + row * p.reset_stride + c, n);
    });
}

VIREO_SIMD void gru_columns(const GruParams& p, const GruArgs& a, int64_t row, int64_t c,
                            int64_t n) {
  const float *x = a.x + row * p.x_stride, *h = a.h + row * p.h_stride;
  const int64_t size = p.hidden;
  const F z = activate(p.gates, clipped(pre_activation(x, h, a.bias, c, n), p.clip));
  const F state = F::load(a.state + row * p.state_stride + c, n);
  F t = pre_activation(x, nullptr, a.bias, 2 * size + c, n);
  if (p.linear_before_reset) {
    const F r = activate(p.gates, clipped(pre_activation(x, h, a.bias, size + c, n), p.clip));
    F hidden = F::load(h + 2 * size + c, n);
    if (a.bias) hidden = hidden + F::load(a.bias + 3 * size + c, n);
    t = fma(r, hidden, t);
  } else {
    t = t + F::load(a.h_n + row * p.n_stride + c, n);
  }
  const F candidate = activate(p.out, clipped(t, p.clip));
  fma(z, state - candidate, candidate).store(a.out + row * p.out_stride + c, n);
}

void gru_out(const GruParams& p, const GruArgs& a, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row)
    for_lanes<F>(0, p.hidden,
                 [&](int64_t c, int64_t n) VIREO_LAMBDA { gru_columns(p, a, row, c, n); });
}

void rnn(const RnnParams& p, const RnnArgs& a, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row)
    for_lanes<F>(0, p.hidden, [&](int64_t c, int64_t n) VIREO_LAMBDA {
      const F v = pre_activation(a.x + row * p.x_stride, a.h ? a.h + row * p.h_stride : nullptr,
                                 a.bias, c, n);
      activate(p.out, clipped(v, p.clip)).store(a.out + row * p.out_stride + c, n);
    });
}

constexpr RnnTable kTable = {lstm, gru_gates, gru_out, rnn};
