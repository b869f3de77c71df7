// Compiles: clone, passes, lowering; and answers what the runtime asks of the result.
#include "devices/cpu/executable.h"

#include <algorithm>

#include "base/arch/isa_text.h"
#include "base/threads/machine.h"
#include "core/text.h"
#include "devices/cpu/inference.h"
#include "devices/cpu/lower/kv_layout.h"
#include "devices/cpu/precision.h"
#include "passes/passes.h"
#include "passes/states/states.h"

namespace vireo::cpu {

CompileConfig settle(CompileConfig config) {
  if (config.threads <= 0) config.threads = available_cores();
  if (config.streams <= 0) config.streams = 1;
  config.key_cache = kv_type(config.key_cache, config);
  config.value_cache = kv_type(config.value_cache, config);
  return config;
}

IsaSet isa_of(const CompileConfig& config) {
  const IsaSet isa = active_isa();
  if (config.isa_cap.empty()) return isa;
  return IsaSet(isa.bits() & parse_isa_cap(config.isa_cap).bits());
}

namespace {

// What plans read as it came, bodies included.
size_t constants_of(const Program& program) {
  size_t bytes = program.weight_bytes - program.released_bytes;
  for (const BoundNode& node : program.nodes)
    for (const auto& body : node.bodies) bytes += constants_of(*body);
  return bytes;
}

}  // namespace

CpuExecutable::CpuExecutable(const Graph& imported, const CompileConfig& config)
    : inputs_(input_ports(imported)), outputs_(output_ports(imported)) {
  std::shared_ptr<Graph> graph = normalise(imported);
  page_states(*graph);
  const IsaSet isa = isa_of(config);
  CompileConfig settled = settle(config);
  settled.quantised_group = quantised_group_of(config);
  settled.precision = choose_precision(*graph, config, isa);
  if (settled.precision == element::bf16)
    lower_to_bf16(*graph, isa, config.precision == element::bf16);
  lower(std::move(graph), settled, isa, std::make_shared<PackedWeights>());
}

void CpuExecutable::lower(std::shared_ptr<const Graph> graph, const CompileConfig& settled,
                          IsaSet isa, std::shared_ptr<PackedWeights> packed) {
  CompileConfig stream = settled;  // what one inference has
  stream.threads = std::max(1, settled.threads / settled.streams);
  program_ = make_program(std::move(graph), stream, isa, packed);
  packed->run(settled.threads);
  streams_ = std::make_shared<Streams>(settled.streams, stream.threads, settled.pin_threads);
}

std::unique_ptr<Inference> CpuExecutable::create() {
  return std::make_unique<CpuInference>(program_, streams_);
}

std::vector<std::pair<std::string, std::string>> CpuExecutable::properties() const {
  const CompileConfig& c = program_->config;
  return {{"EXECUTION_DEVICES", "CPU"},
          {"NUM_STREAMS", std::to_string(c.streams)},
          {"INFERENCE_NUM_THREADS", std::to_string(c.threads * c.streams)},
          {"INFERENCE_PRECISION_HINT", c.precision.to_string()},
          {"KV_CACHE_PRECISION", c.key_cache.to_string()},
          {"EXECUTION_MODE_HINT", c.mode == ExecutionMode::Accuracy ? "ACCURACY" : "PERFORMANCE"},
          {"DYNAMIC_QUANTIZATION_GROUP_SIZE", std::to_string(c.quantised_group.value_or(0))},
          {"PERF_COUNT", c.perf_count ? "YES" : "NO"},
          {"OPTIMAL_NUMBER_OF_INFER_REQUESTS", std::to_string(c.streams)}};
}

MemoryFigures CpuExecutable::memory() const {
  MemoryFigures figures;
  figures.weights = constants_of(*program_);
  for (const PackedWeights::Entry& entry : program_->packed->entries())
    figures.weights += entry.bytes;
  std::lock_guard<std::mutex> lock(program_->plan_mutex);
  figures.arena = program_->plans.largest_arena();
  return figures;
}

std::string CpuExecutable::dump(std::string_view stage) const {
  if (stage == "normalised") return to_text(*program_->graph, 16);
  if (stage == "lowered") return dump_program(*program_);
  fail(ErrorCode::NotFound, "stage '{}' is unknown, expected normalised or lowered", stage);
}

}  // namespace vireo::cpu
