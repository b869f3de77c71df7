// Prints the bandwidth of the LSTM cell for each tier.
#include "devices/cpu/kernels/rnn/rnn.h"

#include "devices/cpu/kernels/vector_bench.h"

int main() {
  using namespace vireo::cpu;
  bench::for_tiers([](const vireo::IsaSet& isa) {
    LstmParams p;
    p.batch = 32, p.hidden = 256, p.x_stride = p.h_stride = 1024,
    p.cell_stride = p.new_cell_stride = p.out_stride = 256;
    auto x = bench::random_floats(32 * 1024), h = x, cell = bench::random_floats(32 * 256),
         out = cell, next = cell;
    const LstmArgs a = {x.data(), h.data(), nullptr, nullptr, cell.data(), next.data(), out.data()};
    const double time = bench::median_seconds([&] { get_rnn_kernels(isa).lstm(p, a, 0, p.batch); });
    std::printf("  lstm 32x256 %10.2f us %8.1f GB/s\n", time * 1e6,
                11.0 * 4 * 32 * 256 / time * 1e-9);
  });
}
