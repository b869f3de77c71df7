// Pictures of f32 planes to 8-bit codes, four channels to a pixel.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vireo {
class IsaSet;
}

namespace vireo::cpu {

struct ImageParams {
  int64_t images = 0, channels = 0, pixels = 0;  // src [images, channels, pixels]; up to 4 channels
  float inverse_scale = 1, zero = 0;  // code = clamp(round(x * inverse_scale + zero), low, high)
  float low = 0, high = 255;
};

struct ImagePlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  ImageParams params;
  void (*fn)(const ImageParams& params, const float* src, uint8_t* dst, int64_t pixels) = nullptr;
};

struct ImageArgs {
  const float* src;
  uint8_t* dst;  // [images, pixels, 4]; channels that src lacks hold the code of 0
};

ImagePlan plan_image(const ImageParams& params, const IsaSet& isa);
void run_image(const ImagePlan& plan, const ImageArgs& args, int64_t task_begin, int64_t task_end,
               void* scratch) noexcept;

#define VIREO_IMAGE_FN(isa, tier)                                                                 \
  namespace isa {                                                                                 \
  void quantise_image(const ImageParams& params, const float* src, uint8_t* dst, int64_t pixels); \
  }
#include "devices/cpu/kernels/image/kernels.inc"
#undef VIREO_IMAGE_FN

}  // namespace vireo::cpu
