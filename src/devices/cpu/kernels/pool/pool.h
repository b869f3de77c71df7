// Max and average pooling of channels-last f32 images of one to three spatial dimensions; max of u8
// codes too.
#pragma once

#include <cstddef>
#include <cstdint>

#include "devices/cpu/kernels/eltwise/types.h"

namespace vireo {
class IsaSet;
}

namespace vireo::cpu {

enum class PoolMode : uint8_t {
  max,
  average,               // divides by the cells of the window that lie in the image
  average_with_padding,  // divides by those that lie in the padded image
};

// Spatial arrays are [depth, height, width]; fewer dimensions fill from the right and leave the
// others at 1 (pads at 0).
struct PoolParams {
  PoolMode mode = PoolMode::max;
  DataType type = DataType::f32;  // of the images: f32, bf16, or u8 for max without indices
  int64_t batch = 0, channels = 0;
  int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1};
  int64_t kernel[3] = {1, 1, 1}, stride[3] = {1, 1, 1}, dilation[3] = {1, 1, 1};
  int64_t pad_begin[3] = {}, pad_end[3] = {};
  bool adaptive = false;  // windows [floor(i * in / out), ceil((i + 1) * in / out)); kernel, stride
                          // and pads are ignored
  int64_t src_stride = 0,
          // elements from pixel to pixel; 0: channels. Images follow each other densely
      dst_stride = 0;
  // With indices (max): value = batch * index_batch + channel * index_channel + position *
  // index_position, position being (d * H + h) * W + w in the image.
  bool indices = false;
  DataType index_type = DataType::i64;  // or i32
  int64_t index_batch = 0, index_channel = 0, index_position = 1;
};

struct PoolArgs {
  const void* src;
  void* dst;
  void* indices;  // [batch, out, channels] dense, or nullptr
};

// One output pixel: a window of the image, already clipped.
struct PoolWindow {
  int64_t begin[3], count[3], step[3];  // in pixels
  float scale;                          // of the sum, for averages
};

using PoolFn = void (*)(const PoolParams& params, const void* image, const PoolWindow& window,
                        void* dst);
struct PoolTable {
  PoolFn max[2], average[2];  // of f32 and bf16 images
  PoolFn max_u8;
  // position[c] is the place in the image of the first maximum.
  void (*max_index[2])(const PoolParams& params, const void* image, const PoolWindow& window,
                       void* dst, int32_t* position);
};

struct PoolPlan {
  int64_t tasks = 0;  // output rows
  size_t scratch_bytes = 0;
  const PoolTable* table = nullptr;
  PoolParams params;
};

PoolPlan plan_pool(const PoolParams& params, const IsaSet& isa);
void run_pool(const PoolPlan& plan, const PoolArgs& args, int64_t task_begin, int64_t task_end,
              void* scratch) noexcept;

#define VIREO_POOL_TABLE(isa, tier) \
  namespace isa {                   \
  const PoolTable& pool_table();    \
  }
#include "devices/cpu/kernels/pool/kernels.inc"
#undef VIREO_POOL_TABLE

}  // namespace vireo::cpu
