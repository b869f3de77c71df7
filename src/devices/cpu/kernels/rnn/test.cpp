// Recurrent cells against their formulas in double.
#include "devices/cpu/kernels/rnn/rnn.h"

#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double clip(double x, double limit) { return std::fmin(limit, std::fmax(-limit, x)); }

TEST(Lstm, MatchesFormula) {
  for (const IsaSet& isa : tiers())
    for (const int64_t n : {1, 7, 16, 33})
      for (const bool peepholes : {false, true}) {
        LstmParams p;
        p.batch = 3, p.hidden = n, p.clip = 1.5f;
        p.x_stride = 4 * n + 1, p.h_stride = 4 * n,
        p.cell_stride = p.new_cell_stride = p.out_stride = n;
        auto x = random_floats(3 * p.x_stride, -2, 2, 1), h = random_floats(12 * n, -2, 2, 2),
             bias = random_floats(4 * n, -1, 1, 3), peep = random_floats(3 * n, -1, 1, 4),
             cell = random_floats(3 * n, -2, 2, 5);
        std::vector<float> out(cell.size());
        std::vector<double> want_cell, want;
        for (int64_t b = 0; b < 3; ++b)
          for (int64_t c = 0; c < n; ++c) {
            auto gate = [&](int g) {
              const int64_t at = g * n + c;
              return static_cast<double>(x[static_cast<size_t>(b * p.x_stride + at)]) +
                     h[static_cast<size_t>(b * 4 * n + at)] + bias[static_cast<size_t>(at)];
            };
            auto weight = [&](int64_t k) {
              return peepholes ? peep[static_cast<size_t>(k * n + c)] : 0.0;
            };
            const double before = cell[static_cast<size_t>(b * n + c)];
            const double i = sigmoid(clip(gate(1) + weight(0) * before, 1.5)),
                         f = sigmoid(clip(gate(0) + weight(2) * before, 1.5));
            const double next = f * before + i * std::tanh(clip(gate(2), 1.5));
            want_cell.push_back(next);
            want.push_back(sigmoid(clip(gate(3) + weight(1) * next, 1.5)) * std::tanh(next));
          }
        get_rnn_kernels(isa).lstm(
            p,
            {x.data(), h.data(), bias.data(), peepholes ? peep.data() : nullptr, cell.data(),
             cell.data(), out.data()},
            0, 3);
        expect_near(out, want, 2e-6, "lstm");
        expect_near(cell, want_cell, 2e-6, "lstm cell");
      }
}

TEST(Gru, BothOrdersOfResetMatchTheFormula) {
  for (const IsaSet& isa : tiers())
    for (const int64_t n : {1, 9, 32})
      for (const bool before : {false, true}) {
        GruParams p;
        p.batch = 2, p.hidden = n, p.linear_before_reset = before;
        p.x_stride = p.h_stride = 3 * n,
        p.n_stride = p.state_stride = p.reset_stride = p.out_stride = n;
        auto x = random_floats(6 * n, -2, 2, 1), h = random_floats(6 * n, -2, 2, 2),
             bias = random_floats(4 * n, -1, 1, 3), state = random_floats(2 * n, -1, 1, 4),
             h_n = random_floats(2 * n, -1, 1, 5);
        std::vector<float> reset(state.size()), out(state.size());
        std::vector<double> want, want_reset;
        for (int64_t b = 0; b < 2; ++b)
          for (int64_t c = 0; c < n; ++c) {
            auto at = [&](const std::vector<float>& v, int64_t g) {
              return static_cast<double>(v[static_cast<size_t>(b * 3 * n + g * n + c)]);
            };
            auto bias_at = [&](int64_t g) {
              return static_cast<double>(bias[static_cast<size_t>(g * n + c)]);
            };
            const double z = sigmoid(at(x, 0) + at(h, 0) + bias_at(0)),
                         r = sigmoid(at(x, 1) + at(h, 1) + bias_at(1));
            const double s = state[static_cast<size_t>(b * n + c)];
            const double inner =
                before ? r * (at(h, 2) + bias_at(3)) : h_n[static_cast<size_t>(b * n + c)];
            want_reset.push_back(r * s);
            want.push_back((1 - z) * std::tanh(at(x, 2) + bias_at(2) + inner) + z * s);
          }
        const GruArgs a = {x.data(),     h.data(),     bias.data(), h_n.data(),
                           state.data(), reset.data(), out.data()};
        get_rnn_kernels(isa).gru_gates(p, a, 0, 2);
        get_rnn_kernels(isa).gru_out(p, a, 0, 2);
        expect_near(out, want, 2e-6, "gru");
        expect_near(reset, want_reset, 2e-6, "gru reset");
      }
}

TEST(Rnn, ActivatesTheSum) {
  for (const IsaSet& isa : tiers()) {
    RnnParams p;
    p.batch = 2, p.hidden = 19, p.x_stride = p.h_stride = p.out_stride = 19;
    p.out = {RnnActivation::scaled_tanh, 1.5f, 0.5f};
    auto x = random_floats(38, -2, 2, 1), h = random_floats(38, -2, 2, 2);
    std::vector<float> out(38);
    std::vector<double> want;
    for (size_t i = 0; i < 38; ++i)
      want.push_back(1.5 * std::tanh(0.5 * (static_cast<double>(x[i]) + h[i])));
    get_rnn_kernels(isa).rnn(p, {x.data(), h.data(), nullptr, out.data()}, 0, 2);
    expect_near(out, want, 2e-6, "rnn");
  }
}

}  // namespace
}  // namespace vireo::cpu
