// Rates of CPU families, and the decision per product.
#include "devices/cpu/precision.h"

#include <algorithm>

#include "base/arch/cpu_model.h"
#include "ops/fused/compressed.h"
#include "passes/precision/precision.h"

namespace vireo::cpu {

namespace {

// GFLOP/s of dense products on one thread. Measured where bench/README.md names the machine, else
// the instruction's width times a usual clock; what counts is their ratio.
struct Rates {
  const char* vendor;
  uint32_t family, first_model, last_model;
  double f32, bf16, amx_bf16;
};
constexpr Rates kRates[] = {
    {"AuthenticAMD", 26, 0x00, 0xff, 264, 529, 0},    // Zen 5
    {"AuthenticAMD", 25, 0x10, 0xaf, 118, 236, 0},    // Zen 4: 512 bits in two passes
    {"GenuineIntel", 6, 0x8f, 0x8f, 190, 190, 1600},  // Sapphire Rapids
    {"GenuineIntel", 6, 0xcf, 0xcf, 190, 190, 1600},  // Emerald Rapids
    {"GenuineIntel", 6, 0xad, 0xae, 211, 107, 2300},  // Granite Rapids
};
constexpr Rates kUnknown = {"", 0, 0, 0, 100, 100, 800};

const Rates& rates() {
  const CpuModel& cpu = cpu_model();
  for (const Rates& r : kRates)
    if (cpu.vendor == r.vendor && cpu.family == r.family && cpu.model >= r.first_model &&
        cpu.model <= r.last_model)
      return r;
  return kUnknown;
}

double bf16_rate(IsaSet isa) {
  return isa.has(Isa::AmxBf16) ? rates().amx_bf16 : isa.has(Isa::Avx512Bf16) ? rates().bf16 : 0;
}

// Twice the multiply-adds of a product with constant weights. Extents that are not known yet count
// as 64 rows in all.
double flop_of(const Graph& graph, const GraphNode& n) {
  const Fact& weights = graph.fact(n.inputs[1]);
  const PartialShape& out = n.fact().shape;
  if (!weights.value || !out.rank_is_static() || out.size() == 0) return 0;
  double elements = double(weights.value.get_size());
  if (n.op == &ops::compressed_matmul_0) {  // blocks count as bytes
    const Dimension &columns = out[out.size() - 1],
                    &depth = graph.fact(n.inputs[0]).shape[out.size() - 1];
    if (columns.is_dynamic() || depth.is_dynamic()) return 0;
    elements = double(columns.get_length()) * double(depth.get_length());
  }
  double rows = 1;
  bool known = true;
  for (size_t i = 0; i + 1 < out.size(); ++i) {
    known = known && out[i].is_static();
    if (out[i].is_static()) rows *= double(out[i].get_length());
  }
  return 2 * rows * (known ? 1 : 64) * elements;
}

// A conversion is a step of its own. For less in all than the second, f32 is worth more.
constexpr double kConversionSeconds = 0.3e-6, kModelSeconds = 50e-6;

// What a product saves on one thread, in seconds.
double gain_of(const Graph& graph, const GraphNode& n, IsaSet isa) {
  if (!n.is("vireo.MatMul") && !n.is("vireo.Conv") && !n.is("vireo.ConvTranspose") &&
      !n.is("vireo.CompressedMatMul"))
    return 0;
  return flop_of(graph, n) * (1e-9 / rates().f32 - 1e-9 / bf16_rate(isa)) - kConversionSeconds;
}

}  // namespace

uint64_t quantised_group_of(const CompileConfig& config) {
  if (config.quantised_group) return *config.quantised_group;
  const bool exact = config.mode == ExecutionMode::Accuracy || config.precision == element::f32;
  return exact ? 0 : 32;
}

element::Type choose_precision(const Graph& graph, const CompileConfig& config, IsaSet isa) {
  if (!isa.has(Isa::Avx512Bf16)) return element::f32;
  if (config.precision.is_static())
    return config.precision == element::bf16 ? element::bf16 : element::f32;
  if (config.mode == ExecutionMode::Accuracy) return element::f32;
  double gain = 0;
  for (NodeId id : graph.order()) gain += std::max(0.0, gain_of(graph, graph[id], isa));
  return gain > kModelSeconds ? element::bf16 : element::f32;
}

void lower_to_bf16(Graph& graph, IsaSet isa, bool asked) {
  narrow_activations(graph, {element::bf16, [&](const Graph& g, NodeId id) {
                               const double flop = g[id].inputs.size() > 1 ? flop_of(g, g[id]) : 0;
                               return asked ? flop > 0 : gain_of(g, g[id], isa) > 0;
                             }});
}

}  // namespace vireo::cpu
