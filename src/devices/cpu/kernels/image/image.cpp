// Plans and runs the quantisation of pictures: a task is a stretch of pixels of one image.
#include "devices/cpu/kernels/image/image.h"

#include "base/arch/isa.h"
#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {
namespace {

constexpr int64_t kPixelsPerTask = 8192;

int64_t tasks_per_image(const ImageParams& p) { return divide_up(p.pixels, kPixelsPerTask); }

}  // namespace

ImagePlan plan_image(const ImageParams& params, const IsaSet& isa) {
  ImagePlan plan;
  plan.params = params;
  plan.tasks = params.images * tasks_per_image(params);
#define VIREO_IMAGE_FN(ns, tier) \
  if (!plan.fn && isa.has(Isa::tier)) plan.fn = ns::quantise_image;
#include "devices/cpu/kernels/image/kernels.inc"
#undef VIREO_IMAGE_FN
  return plan;
}

void run_image(const ImagePlan& plan, const ImageArgs& args, int64_t task_begin, int64_t task_end,
               void*) noexcept {
  const ImageParams& p = plan.params;
  const int64_t per_image = tasks_per_image(p);
  for (int64_t task = task_begin; task < task_end; ++task) {
    const int64_t image = task / per_image, first = task % per_image * kPixelsPerTask;
    const int64_t left = p.pixels - first;
    plan.fn(p, args.src + image * p.channels * p.pixels + first,
            args.dst + (image * p.pixels + first) * 4,
            left < kPixelsPerTask ? left : kPixelsPerTask);
  }
}

}  // namespace vireo::cpu
