// Names of properties and typed ways to give them: compile_model(model, "CPU",
// {hint::performance_mode("LATENCY")}). Text works everywhere: {{"PERFORMANCE_HINT", "LATENCY"}}.
#pragma once

#include <string>
#include <utility>

#include "vireo/any.h"

namespace vireo {

// A property's name that makes a pair when called with a value.
struct Property {
  const char* name;
  std::pair<const std::string, Any> operator()(Any value) const { return {name, std::move(value)}; }
  operator std::string() const { return name; }
};

namespace hint {
inline constexpr Property performance_mode{
    "PERFORMANCE_HINT"};  // LATENCY, THROUGHPUT, CUMULATIVE_THROUGHPUT
inline constexpr Property num_requests{"PERFORMANCE_HINT_NUM_REQUESTS"};  // 0: no cap on streams
inline constexpr Property inference_precision{
    "INFERENCE_PRECISION_HINT"};                                  // f32, bf16, f16, dynamic
inline constexpr Property execution_mode{"EXECUTION_MODE_HINT"};  // PERFORMANCE, ACCURACY
inline constexpr Property enable_cpu_pinning{"ENABLE_CPU_PINNING"};
inline constexpr Property model_priority{"MODEL_PRIORITY"};
inline constexpr Property kv_cache_precision{"KV_CACHE_PRECISION"};
inline constexpr Property dynamic_quantization_group_size{"DYNAMIC_QUANTIZATION_GROUP_SIZE"};
}  // namespace hint

inline constexpr Property num_streams{"NUM_STREAMS"};  // a number or AUTO
inline constexpr Property inference_num_threads{
    "INFERENCE_NUM_THREADS"};  // a number, 0 or AUTO: all
inline constexpr Property enable_profiling{"PERF_COUNT"};
inline constexpr Property cache_dir{"CACHE_DIR"};
inline constexpr Property cache_mode{
    "CACHE_MODE"};  // OPTIMIZE_SPEED; OPTIMIZE_SIZE: nothing is kept
inline constexpr Property loaded_from_cache{"LOADED_FROM_CACHE"};  // of compiled models
inline constexpr Property enable_mmap{"ENABLE_MMAP"};

}  // namespace vireo
