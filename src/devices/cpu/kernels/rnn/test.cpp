// Recurrent layers against their formulas in double: whole sequences, positions one by one, rows of
// different lengths, both directions.
#include "devices/cpu/kernels/rnn/rnn.h"

#include <algorithm>

#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

struct Layer {
  RnnDesc d;
  std::vector<float> x, r, bias, state, cell;
  std::vector<int64_t> lengths;

  explicit Layer(const RnnDesc& desc) : d(desc) {
    const int64_t gates = rnn_gates(d.cell), states = d.batch * d.directions * d.hidden;
    x = random_floats(d.batch * d.length * d.directions * gates * d.hidden, -2, 2, 1);
    r = random_floats(d.directions * gates * d.hidden * d.hidden, -0.5, 0.5, 2);
    bias = random_floats(d.directions * d.hidden, -1, 1, 3);
    state = random_floats(states, -1, 1, 4);
    cell = random_floats(states, -1, 1, 5);
    for (int64_t b = 0; b < d.batch; ++b) lengths.push_back((b * 3 + 1) % (d.length + 1));
  }
};

struct Answer {
  std::vector<double> y, last, cell;
};

struct Formula {
  const Layer& l;
  double clip(double v) const {
    return l.d.clip > 0 ? std::clamp<double>(v, -l.d.clip, l.d.clip) : v;
  }

  // The product of a state with one gate's weights.
  double product(int64_t direction, int64_t gate, int64_t unit,
                 const std::vector<double>& h) const {
    const int64_t n = l.d.hidden, gates = rnn_gates(l.d.cell);
    double sum = 0;
    for (int64_t k = 0; k < n; ++k)
      sum += h[size_t(k)] * l.r[size_t(((direction * gates + gate) * n + unit) * n + k)];
    return sum;
  }

  void step(int64_t direction, const float* x, std::vector<double>* h,
            std::vector<double>* c) const {
    const int64_t n = l.d.hidden;
    std::vector<double> next(*h), reset(*h);
    const auto in = [&](int64_t g, int64_t u) { return double(x[g * n + u]); };
    const auto gate = [&](int64_t g, int64_t u) {
      return sigmoid(clip(in(g, u) + product(direction, g, u, *h)));
    };
    if (l.d.cell == RnnCell::gru)
      for (int64_t u = 0; u < n; ++u) reset[size_t(u)] *= gate(1, u);
    for (int64_t u = 0; u < n; ++u) {
      double& out = next[size_t(u)];
      if (l.d.cell == RnnCell::lstm) {
        double& cell = (*c)[size_t(u)];
        cell = gate(0, u) * cell +
               gate(1, u) * std::tanh(clip(in(2, u) + product(direction, 2, u, *h)));
        out = gate(3, u) * std::tanh(cell);
      } else if (l.d.cell == RnnCell::rnn) {
        out = std::tanh(clip(in(0, u) + product(direction, 0, u, *h)));
      } else {
        const double inner =
            l.d.cell == RnnCell::gru
                ? product(direction, 2, u, reset)
                : gate(1, u) * (product(direction, 2, u, *h) + l.bias[size_t(direction * n + u)]);
        const double z = gate(0, u), candidate = std::tanh(clip(in(2, u) + inner));
        out = (1 - z) * candidate + z * out;
      }
    }
    *h = next;
  }

  Answer all(bool with_lengths) const {
    const RnnDesc& d = l.d;
    const int64_t n = d.hidden, width = rnn_gates(d.cell) * n;
    Answer a{std::vector<double>(size_t(d.batch * d.directions * d.length * n)), {}, {}};
    for (int64_t b = 0; b < d.batch; ++b)
      for (int64_t direction = 0; direction < d.directions; ++direction) {
        const int64_t row = b * d.directions + direction;
        std::vector<double> h(l.state.begin() + row * n, l.state.begin() + (row + 1) * n);
        std::vector<double> c(l.cell.begin() + row * n, l.cell.begin() + (row + 1) * n);
        const int64_t length = with_lengths ? l.lengths[size_t(b)] : d.length;
        for (int64_t i = 0; i < length; ++i) {
          const int64_t t = d.reverse || direction == 1 ? length - 1 - i : i;
          step(direction, &l.x[size_t(((b * d.length + t) * d.directions + direction) * width)], &h,
               &c);
          std::copy(h.begin(), h.end(), a.y.begin() + (row * d.length + t) * n);
        }
        a.last.insert(a.last.end(), h.begin(), h.end());
        a.cell.insert(a.cell.end(), c.begin(), c.end());
      }
    return a;
  }
};

void expect_formula(const Layer& l, const IsaSet& isa, int threads, bool with_lengths) {
  const RnnDesc& d = l.d;
  const RnnKernel& kernel = get_rnn_kernel(isa);
  const int64_t size = rnn_packed_size(kernel, d.cell, d.hidden);
  std::vector<float> packed(size_t(d.directions * size));
  for (int64_t i = 0; i < d.directions; ++i)
    pack_rnn(kernel, d.cell, d.hidden, l.r.data() + i * rnn_gates(d.cell) * d.hidden * d.hidden,
             packed.data() + i * size);
  std::vector<float> y(size_t(d.batch * d.directions * d.length * d.hidden), NAN),
      last(l.state.size(), NAN), cell(l.state.size(), NAN), gates(2 * l.state.size(), NAN);
  const bool lstm = d.cell == RnnCell::lstm;
  RnnArgs args{l.x.data(),
               packed.data(),
               l.bias.data(),
               l.state.data(),
               lstm ? l.cell.data() : nullptr,
               with_lengths ? l.lengths.data() : nullptr,
               y.data(),
               last.data(),
               lstm ? cell.data() : nullptr,
               gates.data()};
  const RnnPlan plan = plan_rnn(d, kernel, threads);
  for (int64_t step = 0; step < plan.steps; ++step) {
    run_rnn(plan, args, step, plan.tasks / 2, plan.tasks);
    run_rnn(plan, args, step, 0, plan.tasks / 2);
  }
  const Answer want = Formula{l}.all(with_lengths);
  expect_near(y, want.y, 1e-5, "y");
  expect_near(last, want.last, 1e-5, "last");
  if (lstm) expect_near(cell, want.cell, 1e-5, "cell");
}

RnnDesc desc_of(RnnCell cell, int64_t batch, int64_t length, int64_t directions, int64_t hidden) {
  RnnDesc d;
  d.cell = cell;
  d.functions[0] = d.functions[1] = d.functions[2] = {RnnActivation::tanh};
  if (cell != RnnCell::rnn) d.functions[0] = {RnnActivation::sigmoid};
  d.clip = 1.5f;
  d.batch = batch, d.length = length, d.directions = directions, d.hidden = hidden;
  d.length_type = DataType::i64;
  return d;
}

constexpr RnnCell kCells[] = {RnnCell::lstm, RnnCell::gru, RnnCell::gru_linear, RnnCell::rnn};

TEST(Rnn, MatchesTheFormulaForAllLengths) {
  for (const IsaSet& isa : tiers())
    for (const RnnCell cell : kCells)
      for (const int64_t hidden : {1, 7, 16, 33})
        for (const bool with_lengths : {false, true}) {
          Layer layer(desc_of(cell, 5, 4, 2, hidden));
          expect_formula(layer, isa, 1, with_lengths);
          layer.d.directions = 1, layer.d.reverse = true;
          expect_formula(Layer(layer.d), isa, 2, with_lengths);
        }
}

TEST(Rnn, WorksByPositionWhereThreadsWouldIdle) {
  for (const IsaSet& isa : tiers())
    for (const RnnCell cell : kCells) {
      const RnnDesc d = desc_of(cell, 2, 3, 1, 260);
      ASSERT_GT(plan_rnn(d, get_rnn_kernel(isa), 4).steps, 1);
      expect_formula(Layer(d), isa, 4, false);
      expect_formula(Layer(d), isa, 4, true);
    }
}

TEST(Rnn, ARowHasTheSameBitsAloneAndInABatch) {
  for (const IsaSet& isa : tiers()) {
    const RnnKernel& kernel = get_rnn_kernel(isa);
    const Layer batch(desc_of(RnnCell::lstm, 8, 2, 1, 20));
    std::vector<float> packed(size_t(rnn_packed_size(kernel, batch.d.cell, 20)));
    pack_rnn(kernel, batch.d.cell, 20, batch.r.data(), packed.data());
    const auto run = [&](int64_t first, int64_t count) {
      std::vector<float> y(size_t(count * 40)), last(size_t(count * 20)), cell(last);
      RnnDesc d = batch.d;
      d.batch = count;
      const RnnPlan plan = plan_rnn(d, kernel, 1);
      run_rnn(
          plan,
          {batch.x.data() + first * 160, packed.data(), nullptr, batch.state.data() + first * 20,
           batch.cell.data() + first * 20, nullptr, y.data(), last.data(), cell.data(), nullptr},
          0, 0, plan.tasks);
      return y;
    };
    const std::vector<float> all = run(0, 8);
    for (int64_t b = 0; b < 8; ++b)
      EXPECT_EQ(run(b, 1), std::vector<float>(all.begin() + b * 40, all.begin() + (b + 1) * 40));
  }
}

TEST(Rnn, KnowsEveryActivation) {
  const struct {
    RnnFunction function;
    double (*formula)(double);
  } kFunctions[] = {
      {{RnnActivation::relu}, [](double x) { return std::fmax(x, 0); }},
      {{RnnActivation::hard_sigmoid, 0.2f, 0.5f},
       [](double x) { return std::clamp(0.2 * x + 0.5, 0.0, 1.0); }},
      {{RnnActivation::elu, 0.7f}, [](double x) { return x < 0 ? 0.7 * std::expm1(x) : x; }},
      {{RnnActivation::softsign}, [](double x) { return x / (1 + std::fabs(x)); }},
      {{RnnActivation::softplus}, [](double x) { return std::log1p(std::exp(x)); }},
      {{RnnActivation::leaky_relu, 0.1f}, [](double x) { return x < 0 ? 0.1 * x : x; }},
      {{RnnActivation::affine, 2, 0.25f}, [](double x) { return 2 * x + 0.25; }},
      {{RnnActivation::scaled_tanh, 1.5f, 0.5f}, [](double x) { return 1.5 * std::tanh(x / 2); }},
      {{RnnActivation::thresholded_relu, 0.5f}, [](double x) { return x > 0.5 ? x : 0; }}};
  for (const IsaSet& isa : tiers())
    for (const auto& f : kFunctions) {
      RnnDesc d = desc_of(RnnCell::rnn, 1, 1, 1, 19);
      d.functions[0] = f.function, d.clip = 0;
      const Layer layer(d);
      const std::vector<float> no_weights(size_t(rnn_packed_size(get_rnn_kernel(isa), d.cell, 19)));
      std::vector<float> y(19);
      std::vector<double> want;
      for (float x : layer.x) want.push_back(f.formula(x));
      RnnArgs args{};
      args.x = layer.x.data(), args.r = no_weights.data(), args.state = layer.state.data();
      args.y = y.data();
      run_rnn(plan_rnn(d, get_rnn_kernel(isa), 1), args, 0, 0, 1);
      expect_near(y, want, 2e-6, "activation");
    }
}

}  // namespace
}  // namespace vireo::cpu
