// Plans and runs pooling: a task is one row of output pixels; windows are clipped here, summed or
// compared by the kernels.
#include "devices/cpu/kernels/pool/pool.h"

#include "base/arch/isa.h"

namespace vireo::cpu {
namespace {

const PoolTable* table_for(const IsaSet& isa) {
#define VIREO_POOL_TABLE(ns, tier) \
  if (isa.has(Isa::tier)) return &ns::pool_table();
#include "devices/cpu/kernels/pool/kernels.inc"
#undef VIREO_POOL_TABLE
  return nullptr;
}

// One axis of a window: the cells inside the image, and how many cells an average counts.
struct Extent {
  int64_t begin, count, step, counted;
};

Extent extent_of(const PoolParams& p, int axis, int64_t out) {
  const int64_t in = p.in[axis];
  if (p.adaptive) {
    const int64_t begin = out * in / p.out[axis],
                  end = ((out + 1) * in + p.out[axis] - 1) / p.out[axis];
    return {begin, end - begin, 1, end - begin};
  }
  const int64_t step = p.dilation[axis], start = out * p.stride[axis] - p.pad_begin[axis];
  int64_t first = 0, last = p.kernel[axis], counted = 0;  // cells [first, last) of the kernel
  while (first < last && start + first * step < 0) ++first;
  while (last > first && start + (last - 1) * step >= in) --last;
  for (int64_t k = 0; k < p.kernel[axis]; ++k) counted += start + k * step < in + p.pad_end[axis];
  if (p.mode != PoolMode::average_with_padding) counted = last - first;
  return {start + first * step, last - first, step, counted};
}

template <typename T>
void store_indices(const PoolParams& p, T* dst, const int32_t* position, int64_t image) {
  for (int64_t c = 0; c < p.channels; ++c)
    dst[c] = static_cast<T>(image * p.index_batch + c * p.index_channel +
                            position[c] * p.index_position);
}

void run_pixel(const PoolPlan& plan, const PoolArgs& args, const PoolWindow& window, int64_t image,
               int64_t pixel, int32_t* position) {
  const PoolParams& p = plan.params;
  const int64_t bytes = size_of(p.type);
  const int type = p.type == DataType::bf16;
  const void* src = static_cast<const char*>(args.src) +
                    image * p.in[0] * p.in[1] * p.in[2] * p.src_stride * bytes;
  void* dst = static_cast<char*>(args.dst) + pixel * p.dst_stride * bytes;
  if (p.type == DataType::u8) return plan.table->max_u8(p, src, window, dst);
  if (p.mode != PoolMode::max) return plan.table->average[type](p, src, window, dst);
  if (!p.indices || !args.indices) return plan.table->max[type](p, src, window, dst);
  plan.table->max_index[type](p, src, window, dst, position);
  if (p.index_type == DataType::i32)
    store_indices(p, static_cast<int32_t*>(args.indices) + pixel * p.channels, position, image);
  else
    store_indices(p, static_cast<int64_t*>(args.indices) + pixel * p.channels, position, image);
}

}  // namespace

PoolPlan plan_pool(const PoolParams& params, const IsaSet& isa) {
  PoolPlan plan;
  plan.table = table_for(isa);
  plan.params = params;
  PoolParams& p = plan.params;
  if (p.src_stride == 0) p.src_stride = p.channels;
  if (p.dst_stride == 0) p.dst_stride = p.channels;
  plan.tasks = p.batch * p.out[0] * p.out[1];
  if (p.indices) plan.scratch_bytes = static_cast<size_t>(p.channels) * sizeof(int32_t);
  return plan;
}

void run_pool(const PoolPlan& plan, const PoolArgs& args, int64_t task_begin, int64_t task_end,
              void* scratch) noexcept {
  const PoolParams& p = plan.params;
  for (int64_t task = task_begin; task < task_end; ++task) {
    const int64_t h = task % p.out[1], d = task / p.out[1] % p.out[0],
                  image = task / (p.out[1] * p.out[0]);
    const Extent depth = extent_of(p, 0, d), height = extent_of(p, 1, h);
    for (int64_t w = 0; w < p.out[2]; ++w) {
      const Extent width = extent_of(p, 2, w);
      const int64_t counted = depth.counted * height.counted * width.counted;
      const PoolWindow window = {{depth.begin, height.begin, width.begin},
                                 {depth.count, height.count, width.count},
                                 {depth.step, height.step, width.step},
                                 counted > 0 ? 1.0f / static_cast<float>(counted) : 0.0f};
      run_pixel(plan, args, window, image, task * p.out[2] + w, static_cast<int32_t*>(scratch));
    }
  }
}

}  // namespace vireo::cpu
