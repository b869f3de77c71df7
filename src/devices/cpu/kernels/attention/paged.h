// Attention over keys and values in pages: a few queries at a time (decode) split over heads and
// stretches of the past, many (prefill) over blocks of rows.
#pragma once

#include <cstddef>
#include <cstdint>

#include "devices/cpu/kernels/attention/attention.h"

namespace vireo::cpu {

// A page holds the keys or values of kPageTokens tokens of one head. Keys lie transposed,
// [head_size, kPageTokens], so that scores of a page are sums of whole vectors; values lie
// [kPageTokens, value_size]. Pages of u8 end with a scale and a zero per token, kPageTokens floats
// each: x = scale * (code - zero).
constexpr int64_t kPageTokens = 32;

// Keys of a multiple of so many positions are summed up apart from the rest, whoever computes them:
// the bits of a row do not depend on how a prompt was cut, on the other rows or on threads.
constexpr int64_t kChunkTokens = 128;

// Where a block has one layer's pages: those of the keys of each head, then those of the values.
struct PagedLayout {
  DataType key_type = DataType::f32, value_type = DataType::f32;  // f32, bf16, u8
  int64_t kv_heads = 0, head_size = 0, value_size = 0;
  size_t keys = 0, values = 0;          // bytes from the start of the block to head 0's page
  size_t key_page = 0, value_page = 0;  // bytes
  size_t end = 0;                       // where the next layer may begin
};
// Fills in where the pages lie, if they begin at byte `begin`.
PagedLayout paged_layout(DataType key_type, DataType value_type, int64_t kv_heads,
                         int64_t head_size, int64_t value_size, size_t begin);

struct PagedParams {
  PagedLayout layout;
  int64_t heads = 0;              // a multiple of layout.kv_heads
  float scale = 1, soft_cap = 0;  // soft_cap * tanh(score / soft_cap), unless 0
  bool causal = true;
  int64_t window = 0;             // sees the last `window` keys, its own included; 0: all
  const float* slopes = nullptr;  // of the heads: slope * position of the key joins the score
  AttentionStrides q, k, v, out;  // f32
};

// One sequence in a run.
struct PagedRow {
  uint8_t* const* blocks = nullptr;  // of past and fresh tokens
  int64_t past = 0, fresh = 0;
  int64_t batch = 0, first = 0;    // where its fresh tokens lie in q, k, v and out
  const uint8_t* shown = nullptr;  // [past + fresh], 0 hides a key; null hides none
};

struct PagedBatch {
  const PagedRow* rows = nullptr;
  int64_t count = 0;
  float* partials = nullptr;  // partial_floats() of them
};

struct PagedTable {
  // Writes fresh tokens [begin, end) of one head into its pages.
  void (*append)(const PagedParams& p, const PagedRow& row, int64_t head, const float* k,
                 const float* v, int64_t begin, int64_t end);
  // Query rows [begin, end) of the group of a head, a row being (token, head of the group), over
  // the chunks [first, last): into `partial`, or into `out` if that is null.
  void (*attend)(const PagedParams& p, const PagedRow& row, int64_t head, int64_t begin,
                 int64_t end, int64_t first, int64_t last, const float* q, float* partial,
                 float* out, float* scratch);
  // Sums up the partials of the chunks of one head, which lie behind one another.
  void (*merge)(const PagedParams& p, const PagedRow& row, int64_t head, int64_t chunks,
                const float* partials, float* out);
  // Dense [tokens, size] from pages and back, for tokens [begin, end).
  void (*read_keys)(const PagedLayout& l, const uint8_t* page, int64_t begin, int64_t end,
                    float* to);
  void (*read_values)(const PagedLayout& l, const uint8_t* page, int64_t begin, int64_t end,
                      float* to);
};

struct PagedPlan {
  PagedParams params;
  const PagedTable* table = nullptr;
  // The work of a run hangs on lengths that no plan knows: tasks are shares of it.
  int64_t tasks = 64;
  size_t scratch_bytes = 0;
};

// heads / kv_heads is at most kAttentionRows.
PagedPlan plan_paged(const PagedParams& params, const IsaSet& isa);
const PagedTable& paged_table(const IsaSet& isa);
// What PagedBatch::partials must hold for a layer.
int64_t partial_floats(const PagedParams& params, const PagedBatch& batch);

// Three steps, one after the other: fresh keys and values into pages, attention, and what remains
// to be summed up.
void run_paged_append(const PagedPlan& plan, const PagedBatch& batch, const float* k,
                      const float* v, int64_t task_begin, int64_t task_end) noexcept;
void run_paged(const PagedPlan& plan, const PagedBatch& batch, const float* q, float* out,
               int64_t task_begin, int64_t task_end, void* scratch) noexcept;
void run_paged_merge(const PagedPlan& plan, const PagedBatch& batch, float* out, int64_t task_begin,
                     int64_t task_end) noexcept;

#define VIREO_PAGED_TABLE(isa, tier) \
  namespace isa {                    \
  const PagedTable& paged_table();   \
  }
#include "devices/cpu/kernels/attention/paged_kernels.inc"
#undef VIREO_PAGED_TABLE

}  // namespace vireo::cpu
