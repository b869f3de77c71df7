// Prints the speed of recurrences for each tier: one direction, 128 positions, on one thread.
#include "devices/cpu/kernels/rnn/rnn.h"

#include "devices/cpu/kernels/vector_bench.h"

int main() {
  using namespace vireo::cpu;
  const char* names[] = {"lstm", "gru", "gru_linear", "rnn"};
  bench::for_tiers([&](const vireo::IsaSet& isa) {
    const RnnKernel& kernel = get_rnn_kernel(isa);
    for (const RnnCell cell : {RnnCell::lstm, RnnCell::gru, RnnCell::gru_linear, RnnCell::rnn})
      for (const int64_t batch : {1, 12}) {
        RnnDesc d;
        d.cell = cell, d.batch = batch, d.length = 128, d.hidden = 256;
        const int64_t gates = rnn_gates(cell), states = batch * d.hidden;
        const auto x = bench::random_floats(batch * d.length * gates * d.hidden);
        const auto r = bench::random_floats(rnn_packed_size(kernel, cell, d.hidden));
        auto state = bench::random_floats(states), last = state, cells = state, next = state;
        std::vector<float> y(size_t(states * d.length)), scratch(size_t(2 * states));
        const bool lstm = cell == RnnCell::lstm;
        const RnnArgs args{x.data(),
                           r.data(),
                           state.data(),
                           state.data(),
                           lstm ? cells.data() : nullptr,
                           nullptr,
                           y.data(),
                           last.data(),
                           lstm ? next.data() : nullptr,
                           scratch.data()};
        bench::measure(
            std::string(names[int(cell)]) + " 256 x " + std::to_string(batch), "GFLOP/s",
            2.0 * double(batch * d.length * gates * d.hidden * d.hidden),
            [](const RnnPlan& p, const RnnArgs& a, int64_t begin, int64_t end, void*) {
              run_rnn(p, a, 0, begin, end);
            },
            plan_rnn(d, kernel, 1), args);
      }
  });
}
