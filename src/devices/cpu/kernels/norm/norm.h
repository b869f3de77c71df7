// Normalisations of f32 tensors: layer and RMS norm over rows, group and instance norm over
// channels-last images, L2 normalisation, local response normalisation.
#pragma once

#include <cstddef>
#include <cstdint>

#include "devices/cpu/kernels/eltwise/types.h"

namespace vireo {
class IsaSet;
}

namespace vireo::cpu {

// y = (x - mean) / sqrt(variance + epsilon) * scale + shift over each of `rows` dense rows of
// `size`.
struct LayerNormParams {
  DataType type = DataType::f32;  // of src, residual, dst and sum: f32 or bf16
  int64_t rows = 0, size = 0;
  float epsilon = 1e-5f;
  bool subtract_mean = true;        // false: RMS norm, y = x / sqrt(mean(x^2) + epsilon)
  bool divide_by_deviation = true;  // false: the mean is subtracted only
  bool epsilon_inside = true;       // false: sqrt(variance) + epsilon
};

struct LayerNormArgs {
  const void* src;
  const void* residual;  // [rows, size] added to src first, or nullptr
  const float* scale;    // [size] or nullptr
  const float* shift;    // [size] or nullptr
  void* dst;             // may be src or residual
  void* sum;  // where src + residual is stored too, or nullptr; may be src or residual, not dst
};

// Statistics over the spatial positions and the channels of each group; groups == channels:
// instance norm.
struct GroupNormParams {
  int64_t batch = 0, spatial = 0, channels = 0, groups = 1;
  float epsilon = 1e-5f;
  bool divide_by_deviation = true;
  bool epsilon_inside = true;
};

struct GroupNormArgs {
  const float* src;    // [batch, spatial, channels]
  const float* scale;  // [channels] or nullptr
  const float* shift;  // [channels] or nullptr
  float* dst;          // may be src
};

// y = x / sqrt(max(sum, epsilon)) or x / sqrt(sum + epsilon), sum of x^2 over the middle axis of
// [outer, axis, inner].
struct NormalizeL2Params {
  int64_t outer = 0, axis = 0, inner = 1;
  float epsilon = 1e-12f;
  bool epsilon_is_maximum = false;
};

// y = x / (bias + alpha / size * sum of x^2 over `size` channels around)^beta on [rows, channels];
// window as OpenVINO and ONNX have it: channels c - (size - 1) / 2 .. c + size / 2.
struct LrnParams {
  int64_t rows = 0, channels = 0, size = 1;
  float alpha = 1e-4f, beta = 0.75f, bias = 1.0f;
};

struct NormArgs {
  const float* src;
  float* dst;  // may be src for NormalizeL2, not for LRN
};

struct NormTable {
  // scratch holds `size` floats where a residual is added or the type is not f32.
  void (*layer_rows)(const LayerNormParams& params, const LayerNormArgs& args, int64_t begin,
                     int64_t end, float* scratch);
  // One image, channels [begin, end) made of whole groups; scratch holds 2 * (end - begin) floats.
  void (*group_channels)(const GroupNormParams& params, const GroupNormArgs& args, int64_t image,
                         int64_t begin, int64_t end, float* scratch);
  void (*l2_rows)(const NormalizeL2Params& params, const NormArgs& args, int64_t begin,
                  int64_t end);
  // Inner positions [begin, end) of one [axis, inner] block.
  void (*l2_columns)(const NormalizeL2Params& params, const NormArgs& args, int64_t outer,
                     int64_t begin, int64_t end);
  // scratch holds channels + size + 32 floats.
  void (*lrn_rows)(const LrnParams& params, const NormArgs& args, int64_t begin, int64_t end,
                   float* scratch);
};

struct LayerNormPlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  const NormTable* table = nullptr;
  LayerNormParams params;
  int64_t rows_per_task = 1;
};
struct GroupNormPlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  const NormTable* table = nullptr;
  GroupNormParams params;
  int64_t channels_per_task = 1;
};
struct NormalizeL2Plan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  const NormTable* table = nullptr;
  NormalizeL2Params params;
  int64_t per_task = 1;  // rows (inner == 1) or inner positions
};
struct LrnPlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  const NormTable* table = nullptr;
  LrnParams params;
  int64_t rows_per_task = 1;
};

LayerNormPlan plan_layer_norm(const LayerNormParams& params, const IsaSet& isa);
GroupNormPlan plan_group_norm(const GroupNormParams& params, const IsaSet& isa);
NormalizeL2Plan plan_normalize_l2(const NormalizeL2Params& params, const IsaSet& isa);
LrnPlan plan_lrn(const LrnParams& params, const IsaSet& isa);
void run_layer_norm(const LayerNormPlan& plan, const LayerNormArgs& args, int64_t task_begin,
                    int64_t task_end, void* scratch) noexcept;
void run_group_norm(const GroupNormPlan& plan, const GroupNormArgs& args, int64_t task_begin,
                    int64_t task_end, void* scratch) noexcept;
void run_normalize_l2(const NormalizeL2Plan& plan, const NormArgs& args, int64_t task_begin,
                      int64_t task_end, void* scratch) noexcept;
void run_lrn(const LrnPlan& plan, const NormArgs& args, int64_t task_begin, int64_t task_end,
             void* scratch) noexcept;

#define VIREO_NORM_TABLE(isa, tier) \
  namespace isa {                   \
  const NormTable& norm_table();    \
  }
#include "devices/cpu/kernels/norm/kernels.inc"
#undef VIREO_NORM_TABLE

}  // namespace vireo::cpu
