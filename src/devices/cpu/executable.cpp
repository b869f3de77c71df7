// Compiles: clone, passes, lowering; and answers what the runtime asks of the result.
#include "devices/cpu/executable.h"

#include <algorithm>
#include <thread>

#include "core/text.h"
#include "devices/cpu/inference.h"

namespace vireo::cpu {

namespace {

CompileConfig settle(CompileConfig config) {
  if (config.threads <= 0) config.threads = int(std::max(1u, std::thread::hardware_concurrency()));
  if (config.streams <= 0) config.streams = 1;
  config.precision = element::f32;
  return config;
}

}  // namespace

CpuExecutable::CpuExecutable(const Graph& imported, const CompileConfig& config)
    : inputs_(input_ports(imported)), outputs_(output_ports(imported)) {
  std::shared_ptr<const Graph> graph = imported.clone();
  program_ = make_program(std::move(graph), settle(config));
}

std::unique_ptr<Inference> CpuExecutable::create() { return std::make_unique<CpuInference>(program_); }

std::vector<std::pair<std::string, std::string>> CpuExecutable::properties() const {
  const CompileConfig& c = program_->config;
  return {{"EXECUTION_DEVICES", "CPU"},
          {"NUM_STREAMS", std::to_string(c.streams)},
          {"INFERENCE_NUM_THREADS", std::to_string(c.threads)},
          {"INFERENCE_PRECISION_HINT", c.precision.to_string()},
          {"EXECUTION_MODE_HINT", c.mode == ExecutionMode::Accuracy ? "ACCURACY" : "PERFORMANCE"},
          {"PERF_COUNT", c.perf_count ? "YES" : "NO"},
          {"OPTIMAL_NUMBER_OF_INFER_REQUESTS", std::to_string(c.streams)}};
}

MemoryFigures CpuExecutable::memory() const {
  MemoryFigures figures;
  figures.weights = program_->weight_bytes;
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
