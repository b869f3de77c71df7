// 3x3 convolution of stride 1 as 36 matrix products over tiles of 4x4 outputs (F(4x4, 3x3)): 2.25
// times fewer multiplications, at an error of about 1e-5 of the largest output, and weights four
// times as big. Drop-in for conv: same description and arguments.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/arch/isa.h"
#include "devices/cpu/kernels/conv/conv.h"
#include "devices/cpu/kernels/winograd/tile.h"

namespace vireo::cpu {

// Why this convolution should not go this way; nullptr if it should. The caller minds precision
// (not for bit-equal rows) and memory.
const char* refuse_winograd(const ConvDesc& desc);

struct WinogradPlan {
  ConvDesc desc;
  const WinogradKernel* kernel = nullptr;
  const GemmKernel* gemm = nullptr;
  int64_t tasks = 0;  // blocks of tiles, over all images
  size_t scratch_bytes = 0;
  int64_t tile_rows = 0, tile_columns = 0;  // of an image
  int64_t tiles = 0;                        // of all images
  int64_t src_step = 0, dst_step = 0;       // rows of points in scratch
  int64_t block = 0;                        // tiles of the largest task
};

// The best of these tiers for images of this type, f32 or bf16; never null.
const WinogradKernel* get_winograd(DataType type, IsaSet isa, KernelRefusal* refused = nullptr);

size_t winograd_packed_bytes(const ConvDesc& desc, const GemmKernel& gemm);
// Panels of output channels [panel_begin, panel_end) of gemm_panels(gemm, oc): a thread's share.
void pack_winograd_weights(const WinogradKernel& kernel, const ConvDesc& desc,
                           const GemmKernel& gemm, const float* weights,
                           const WeightStrides& strides, void* packed, int64_t panel_begin = 0,
                           int64_t panel_end = INT32_MAX);

WinogradPlan plan_winograd(const ConvDesc& desc, const WinogradKernel* kernel,
                           const GemmKernel* gemm, int threads);
void run_winograd(const WinogradPlan& plan, const ConvArgs& args, int64_t task_begin,
                  int64_t task_end, void* scratch) noexcept;

}  // namespace vireo::cpu
