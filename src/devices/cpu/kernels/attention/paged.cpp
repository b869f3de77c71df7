// Cuts attention over pages into items and hands each task its share of them.
#include "devices/cpu/kernels/attention/paged.h"

#include <algorithm>

#include "base/arch/isa.h"
#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {
namespace {

// How the queries of a row that share a head are cut. Few of them go over each chunk apart, so that
// a long past keeps all threads busy; many go in blocks over all that they see.
struct Cut {
  int64_t group = 1, queries = 0;  // query rows per head: tokens times heads of the group
  int64_t first = 0, last = 0;     // chunks
  int64_t blocks = 0;              // of rows; 0: split over chunks
  int64_t rows_per_block = 0;

  int64_t units() const { return blocks ? blocks : last - first; }
  bool has_partials() const { return !blocks && last - first > 1; }
};

int64_t first_chunk(const PagedParams& p, int64_t position) {
  return p.window ? std::max<int64_t>(0, position - p.window + 1) / kChunkTokens : 0;
}

Cut cut(const PagedParams& p, const PagedRow& row) {
  Cut c;
  c.group = p.heads / p.layout.kv_heads;
  c.queries = row.fresh * c.group;
  c.first = first_chunk(p, row.past);
  c.last = divide_up(row.past + row.fresh, kChunkTokens);
  if (c.queries <= kAttentionRows) return c;
  c.rows_per_block = kAttentionRows / c.group * c.group;
  c.blocks = divide_up(c.queries, c.rows_per_block);
  return c;
}

int64_t out_stride(const PagedParams& p) { return round_up(p.layout.value_size, 16); }
int64_t unit_floats(const PagedParams& p, const Cut& c) { return c.queries * (out_stride(p) + 2); }

// Rows and chunks of a unit.
struct Unit {
  int64_t begin, end, first, last, cost;
};

Unit unit_of(const PagedParams& p, const PagedRow& row, const Cut& c, int64_t u) {
  if (!c.blocks) return {0, c.queries, c.first + u, c.first + u + 1, c.queries};
  const int64_t begin = u * c.rows_per_block, end = std::min(begin + c.rows_per_block, c.queries);
  const int64_t from = row.past + begin / c.group, to = row.past + (end - 1) / c.group;
  const int64_t last = p.causal ? to / kChunkTokens + 1 : c.last, first = first_chunk(p, from);
  return {begin, end, first, last, (end - begin) * (last - first)};
}

// Calls body(row, cut, head, unit, place of its partial) for all items whose middle lies in the
// share [begin, end) of `tasks`, by cost.
template <typename Body>
void for_share(const PagedPlan& plan, const PagedBatch& batch, int64_t begin, int64_t end,
               Body body) {
  const PagedParams& p = plan.params;
  int64_t total = 0;
  for (int64_t r = 0; r < batch.count; ++r) {
    const Cut c = cut(p, batch.rows[r]);
    for (int64_t u = 0; u < c.units(); ++u)
      total += unit_of(p, batch.rows[r], c, u).cost * p.layout.kv_heads;
  }
  const double share = double(total) / double(plan.tasks);
  const double from = share * double(begin), to = share * double(end);
  double done = 0;
  float* partial = batch.partials;
  for (int64_t r = 0; r < batch.count; ++r) {
    const Cut c = cut(p, batch.rows[r]);
    for (int64_t h = 0; h < p.layout.kv_heads; ++h)
      for (int64_t u = 0; u < c.units(); ++u) {
        const Unit unit = unit_of(p, batch.rows[r], c, u);
        const double middle = done + 0.5 * double(unit.cost);
        if (middle >= from && middle < to)
          body(batch.rows[r], h, unit, c.has_partials() ? partial : nullptr);
        done += double(unit.cost);
        if (c.has_partials()) partial += unit_floats(p, c);
      }
  }
}

size_t page_bytes(DataType type, int64_t size) {
  const size_t element = type == DataType::f32 ? 4 : type == DataType::bf16 ? 2 : 1;
  const size_t scales = type == DataType::u8 ? 2 * kPageTokens * sizeof(float) : 0;
  return (size_t(kPageTokens * size) * element + scales + kCacheLine - 1) / kCacheLine * kCacheLine;
}

}  // namespace

PagedLayout paged_layout(DataType key_type, DataType value_type, int64_t kv_heads,
                         int64_t head_size, int64_t value_size, size_t begin) {
  PagedLayout l{key_type, value_type, kv_heads, head_size, value_size};
  l.key_page = page_bytes(key_type, head_size);
  l.value_page = page_bytes(value_type, value_size);
  l.keys = begin;
  l.values = begin + size_t(kv_heads) * l.key_page;
  l.end = l.values + size_t(kv_heads) * l.value_page;
  return l;
}

const PagedTable& paged_table(const IsaSet& isa) {
#define VIREO_PAGED_TABLE(ns, tier) \
  if (isa.has(Isa::tier)) return ns::paged_table();
#include "devices/cpu/kernels/attention/paged_kernels.inc"
#undef VIREO_PAGED_TABLE
  return scalar::paged_table();
}

PagedPlan plan_paged(const PagedParams& params, const IsaSet& isa) {
  PagedPlan plan;
  plan.params = params;
  plan.table = &paged_table(isa);
  const int64_t d = round_up(params.layout.head_size, 16), e = out_stride(params);
  // Queries, scores, two sets of sums and their maxima; a chunk of keys and one of values in f32.
  const int64_t floats = kAttentionRows * (d + kChunkTokens + 2 * e + 6) + kChunkTokens * (d + e);
  plan.scratch_bytes = size_t(floats) * sizeof(float);
  return plan;
}

int64_t partial_floats(const PagedParams& params, const PagedBatch& batch) {
  int64_t floats = 0;
  for (int64_t r = 0; r < batch.count; ++r) {
    const Cut c = cut(params, batch.rows[r]);
    if (c.has_partials()) floats += params.layout.kv_heads * c.units() * unit_floats(params, c);
  }
  return floats;
}

void run_paged_append(const PagedPlan& plan, const PagedBatch& batch, const float* k,
                      const float* v, int64_t task_begin, int64_t task_end) noexcept {
  const int64_t heads = plan.params.layout.kv_heads;
  for (int64_t r = 0; r < batch.count; ++r) {
    const PagedRow& row = batch.rows[r];
    const int64_t items = heads * row.fresh;
    int64_t at = items * task_begin / plan.tasks;
    const int64_t stop = items * task_end / plan.tasks;
    while (at < stop) {
      const int64_t head = at / row.fresh, begin = at % row.fresh,
                    end = std::min(row.fresh, begin + stop - at);
      plan.table->append(plan.params, row, head, k, v, begin, end);
      at += end - begin;
    }
  }
}

void run_paged(const PagedPlan& plan, const PagedBatch& batch, const float* q, float* out,
               int64_t task_begin, int64_t task_end, void* scratch) noexcept {
  for_share(plan, batch, task_begin, task_end,
            [&](const PagedRow& row, int64_t head, const Unit& u, float* partial) {
              plan.table->attend(plan.params, row, head, u.begin, u.end, u.first, u.last, q,
                                 partial, out, static_cast<float*>(scratch));
            });
}

void run_paged_merge(const PagedPlan& plan, const PagedBatch& batch, float* out, int64_t task_begin,
                     int64_t task_end) noexcept {
  const PagedParams& p = plan.params;
  const float* partial = batch.partials;
  const int64_t items = batch.count * p.layout.kv_heads;
  const int64_t from = items * task_begin / plan.tasks, to = items * task_end / plan.tasks;
  int64_t item = 0;
  for (int64_t r = 0; r < batch.count; ++r) {
    const Cut c = cut(p, batch.rows[r]);
    for (int64_t h = 0; h < p.layout.kv_heads; ++h, ++item) {
      if (!c.has_partials()) continue;
      if (item >= from && item < to)
        plan.table->merge(p, batch.rows[r], h, c.units(), partial, out);
      partial += c.units() * unit_floats(p, c);
    }
  }
}

}  // namespace vireo::cpu
