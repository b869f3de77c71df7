// Scaled dot-product attention in f32, a block of keys at a time: scores never exist beyond a
// block.
#pragma once

#include <cstddef>
#include <cstdint>

#include "devices/cpu/kernels/eltwise/types.h"

namespace vireo {
class IsaSet;
}

namespace vireo::cpu {

// Elements from batch to batch, head to head and position to position; the head dimension is
// contiguous.
struct AttentionStrides {
  int64_t batch = 0, head = 0, position = 0;
};

enum class AttentionMask : uint8_t {
  none,
  additive,  // f32, added to the scaled scores
  boolean,   // one byte; 0 excludes
};

struct AttentionParams {
  DataType type = DataType::f32;               // of q, k, v and out: f32 or bf16
  int64_t batch = 0, heads = 0, kv_heads = 0;  // heads is a multiple of kv_heads
  int64_t q_length = 0, head_size = 0, value_size = 0;
  float scale = 1.0f;
  bool causal = false;  // query i sees keys 0 .. i + (kv_length - q_length)
  AttentionMask mask = AttentionMask::none;
  AttentionStrides q, k, v, out;
  int64_t mask_batch = 0, mask_head = 0, mask_row = 0, mask_col = 1;  // elements; 0 broadcasts
};

struct AttentionArgs {
  const void *q, *k, *v;
  const void* mask;
  void* out;
  int64_t kv_length;  // keys present; may differ from call to call of one plan
};

struct AttentionTable {
  // Rows [begin, end) of the queries of one head, at most kAttentionRows.
  void (*rows)(const AttentionParams& params, const AttentionArgs& args, int64_t batch,
               int64_t head, int64_t begin, int64_t end, float* scratch);
};

constexpr int64_t kAttentionRows = 96, kAttentionKeys = 128;

struct AttentionPlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  const AttentionTable* table = nullptr;
  AttentionParams params;
  int64_t row_blocks = 1, rows_per_task = 1;
};

// A query that sees no key gives zeros.
AttentionPlan plan_attention(const AttentionParams& params, const IsaSet& isa);
void run_attention(const AttentionPlan& plan, const AttentionArgs& args, int64_t task_begin,
                   int64_t task_end, void* scratch) noexcept;

#define VIREO_ATTENTION_TABLE(isa, tier)   \
  namespace isa {                          \
  const AttentionTable& attention_table(); \
  }
#include "devices/cpu/kernels/attention/kernels.inc"
#undef VIREO_ATTENTION_TABLE

}  // namespace vireo::cpu
