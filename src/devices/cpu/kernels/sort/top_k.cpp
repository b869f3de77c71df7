// TopK by a heap of the best so far: most elements lose against its worst and cost one comparison.
#include "devices/cpu/kernels/sort/top_k.h"

#include <algorithm>

namespace vireo::cpu {
namespace {

template <typename T>
struct Found {
  T value;
  int64_t index;
};

template <typename T, bool kLargest>
struct Better {
  static bool value(T a, T b) {
    if (kLargest ? a > b : a < b) return true;
    return b != b && a == a;
  }
  bool operator()(const Found<T>& a, const Found<T>& b) const {
    if (value(a.value, b.value)) return true;
    if (value(b.value, a.value)) return false;
    return a.index < b.index;
  }
};

template <typename T, bool kLargest>
void find(const TopKParams& p, const T* src, Found<T>* heap) {
  const Better<T, kLargest> better;
  for (int64_t i = 0; i < p.k; ++i) heap[i] = {src[i * p.inner], i};
  std::make_heap(heap, heap + p.k, better);  // its top is the worst
  for (int64_t i = p.k; i < p.axis; ++i) {
    const T value = src[i * p.inner];
    if (!better.value(value, heap[0].value)) continue;
    std::pop_heap(heap, heap + p.k, better);
    heap[p.k - 1] = {value, i};
    std::push_heap(heap, heap + p.k, better);
  }
  if (p.by_index)
    std::sort(heap, heap + p.k, [](const auto& a, const auto& b) { return a.index < b.index; });
  else
    std::sort_heap(heap, heap + p.k, better);
}

template <typename T>
void run(const TopKParams& p, const TopKArgs& args, int64_t begin, int64_t end, void* scratch) {
  auto* heap = static_cast<Found<T>*>(scratch);
  for (int64_t row = begin; row < end; ++row) {
    const int64_t outer = row / p.inner, inner = row % p.inner;
    const T* src = static_cast<const T*>(args.src) + outer * p.axis * p.inner + inner;
    if (p.largest)
      find<T, true>(p, src, heap);
    else
      find<T, false>(p, src, heap);
    for (int64_t i = 0; i < p.k; ++i) {
      const int64_t to = (outer * p.k + i) * p.inner + inner;
      static_cast<T*>(args.values)[to] = heap[i].value;
      if (p.index_type == DataType::i32)
        static_cast<int32_t*>(args.indices)[to] = static_cast<int32_t>(heap[i].index);
      else
        static_cast<int64_t*>(args.indices)[to] = heap[i].index;
    }
  }
}

}  // namespace

TopKPlan plan_top_k(const TopKParams& params) {
  TopKPlan plan;
  plan.params = params;
  plan.tasks = params.k == 0 ? 0 : params.outer * params.inner;
  plan.scratch_bytes = static_cast<size_t>(params.k) * sizeof(Found<int64_t>);
  return plan;
}

void run_top_k(const TopKPlan& plan, const TopKArgs& args, int64_t task_begin, int64_t task_end,
               void* scratch) noexcept {
  switch (plan.params.type) {
    case DataType::i32: return run<int32_t>(plan.params, args, task_begin, task_end, scratch);
    case DataType::i64: return run<int64_t>(plan.params, args, task_begin, task_end, scratch);
    default: return run<float>(plan.params, args, task_begin, task_end, scratch);
  }
}

}  // namespace vireo::cpu
