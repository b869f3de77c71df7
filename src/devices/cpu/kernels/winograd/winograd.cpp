// Table, weights, plan and driver of Winograd convolution.
#include "devices/cpu/kernels/winograd/winograd.h"

#include <algorithm>
#include <vector>

namespace vireo::cpu {

#define VIREO_WINOGRAD(space, tier, type)      \
  namespace space {                            \
  extern const WinogradKernel winograd_##type; \
  }
#include "devices/cpu/kernels/winograd/kernels.inc"
#undef VIREO_WINOGRAD

namespace {

struct Row {
  Isa isa;
  const WinogradKernel* kernel;
};
constexpr Row kRows[] = {
#define VIREO_WINOGRAD(space, tier, type) {Isa::tier, &space::winograd_##type},
#include "devices/cpu/kernels/winograd/kernels.inc"
#undef VIREO_WINOGRAD
};

// Rows of points keep off a multiple of 4 KiB.
int64_t padded(int64_t channels) { return round_up(channels, 16) + 16; }

struct Scratch {
  float* src;  // [36][block][src_step]
  float* dst;  // [36][block][dst_step]
};

struct TilePlace {
  int64_t batch, row, column;  // of the tile
};

TilePlace place_of(const WinogradPlan& plan, int64_t tile) {
  const int64_t per_image = plan.tile_rows * plan.tile_columns;
  return {tile / per_image, tile % per_image / plan.tile_columns, tile % plan.tile_columns};
}

void transform_source(const WinogradPlan& plan, const ConvArgs& args, int64_t tile, float* points) {
  const ConvDesc& d = plan.desc;
  const TilePlace at = place_of(plan, tile);
  const int64_t y = at.row * kWinogradOut - d.pad[0], x = at.column * kWinogradOut - d.pad[1];
  WinogradSource t;
  t.src = static_cast<const char*>(args.src) +
          (at.batch * d.src.batch + y * d.src.spatial[0] + x * d.src.spatial[1]) *
              size_of(plan.kernel->type);
  t.row_step = d.src.spatial[0];
  t.pixel_step = d.src.spatial[1];
  t.row_begin = static_cast<int>(std::max<int64_t>(0, -y));
  t.row_end = static_cast<int>(std::min<int64_t>(kWinogradIn, d.in[0] - y));
  t.pixel_begin = static_cast<int>(std::max<int64_t>(0, -x));
  t.pixel_end = static_cast<int>(std::min<int64_t>(kWinogradIn, d.in[1] - x));
  t.points = points;
  t.point_step = plan.block * plan.src_step;
  t.channels = d.ic;
  plan.kernel->source(t);
}

void transform_output(const WinogradPlan& plan, const ConvArgs& args, int64_t tile,
                      const float* points) {
  const ConvDesc& d = plan.desc;
  const TilePlace at = place_of(plan, tile);
  const int64_t y = at.row * kWinogradOut, x = at.column * kWinogradOut;
  WinogradOutput t;
  t.points = points;
  t.point_step = plan.block * plan.dst_step;
  const int64_t bytes = size_of(plan.kernel->type);
  t.dst = static_cast<char*>(args.dst) +
          (at.batch * d.dst.batch + y * d.dst.spatial[0] + x * d.dst.spatial[1]) * bytes;
  t.row_step = d.dst.spatial[0];
  t.pixel_step = d.dst.spatial[1];
  t.rows = static_cast<int>(std::min<int64_t>(kWinogradOut, d.out[0] - y));
  t.pixels = static_cast<int>(std::min<int64_t>(kWinogradOut, d.out[1] - x));
  t.channels = d.oc;
  t.epilogue = &d.epilogue;
  t.args = {
      args.bias,
      static_cast<const char*>(args.residual) +
          (at.batch * d.residual.batch + y * d.residual.spatial[0] + x * d.residual.spatial[1]) *
              bytes,
      d.residual.spatial[1], args.slope};
  t.residual_row_step = d.residual.spatial[0];
  plan.kernel->output(t);
}

// One of the 36 products: `tiles` rows of source points times the packed weights of the point.
void multiply_point(const WinogradPlan& plan, const float* weights, const Scratch& scratch,
                    int64_t point, int64_t tiles) {
  static constexpr Epilogue kNone;
  const GemmKernel& gemm = *plan.gemm;
  const ConvDesc& d = plan.desc;
  const GemmRun run = {0, 0, d.ic};
  GemmTile t = {};
  t.c_type = DataType::f32;
  t.a_stride = plan.src_step;
  t.runs = &run;
  t.run_count = 1;
  t.c_stride = plan.dst_step;
  t.finish = true;
  t.epilogue = &kNone;
  const float* b = weights + point * round_up(d.oc, gemm.lanes) * d.ic;
  const int64_t parts = divide_up(tiles, gemm.rows);
  for (int64_t n = 0; n < d.oc; n += gemm.columns) {
    t.n = std::min<int64_t>(gemm.columns, d.oc - n);
    const int64_t vectors = divide_up(t.n, gemm.lanes);
    t.b = b + n * d.ic;
    t.b_stride = vectors * gemm.lanes;
    // Behind this panel lies the next, of this point or of the next one.
    t.next = reinterpret_cast<const char*>(t.b) + t.b_stride * d.ic * 4;
    t.next_step = divide_up(t.b_stride * 4, parts);
    for (int64_t i = 0; i < parts; ++i, t.next += t.next_step * d.ic) {
      const int64_t first = part_begin(tiles, parts, i),
                    rows = part_begin(tiles, parts, i + 1) - first;
      t.rows = static_cast<int>(rows);
      t.a = scratch.src + (point * plan.block + first) * plan.src_step;
      t.c = scratch.dst + (point * plan.block + first) * plan.dst_step + n;
      gemm.tile[vectors - 1][rows - 1](t);
    }
  }
}

}  // namespace

const char* refuse_winograd(const ConvDesc& d) {
  if (d.dims != 2 || d.groups != 1 || d.transposed || d.src.channel != 1)
    return "not a plain convolution of two dimensions";
  for (int i = 0; i < 2; ++i) {
    if (d.kernel[i] != 3 || d.stride[i] != 1 || d.dilation[i] != 1)
      return "not 3x3 with stride and dilation 1";
    if (d.out[i] < 6) return "the image is too small for its tiles";
  }
  if (d.ic < 16 || d.oc < 16) return "too few channels to pay for the transforms";
  // Every block of tiles, which half of L2 holds, reads all weights: from L3 that pays, from memory
  // it does not.
  const size_t bytes = static_cast<size_t>(kWinogradPoints * 4) * d.ic * d.oc;
  return bytes > std::min(10 * cache_sizes().l2, cache_sizes().l3 / 3)
             ? "the transformed weights are far bigger than L2"
             : nullptr;
}

const WinogradKernel* get_winograd(DataType type, IsaSet isa, KernelRefusal* refused) {
  const WinogradKernel* last = nullptr;
  for (const Row& row : kRows) {
    if (row.kernel->type != type) continue;
    if (isa.has(row.isa)) return row.kernel;
    if (refused) *refused++ = {row.kernel->name, "its instruction set is not active"};
    last = row.kernel;
  }
  return last;
}

size_t winograd_packed_bytes(const ConvDesc& d, const GemmKernel& gemm) {
  return kWinogradPoints * gemm_packed_bytes(gemm, d.oc, d.ic);
}

void pack_winograd_weights(const WinogradKernel& kernel, const ConvDesc& d, const GemmKernel& gemm,
                           const float* weights, const WeightStrides& s, void* packed,
                           int64_t panel_begin, int64_t panel_end) {
  // Input channels at a time: the nine taps and a line of each point stay near.
  constexpr int64_t kBlock = 32;
  std::vector<float> taps(static_cast<size_t>(9 * kBlock * gemm.columns));
  const int64_t end = std::min(d.oc, panel_end * gemm.columns);
  for (int64_t n = panel_begin * gemm.columns; n < end; n += gemm.columns) {
    const int64_t columns = std::min<int64_t>(gemm.columns, d.oc - n),
                  width = round_up(columns, gemm.lanes);
    for (int64_t k = 0; k < d.ic; k += kBlock) {
      const int64_t rows = std::min(kBlock, d.ic - k);
      for (int tap = 0; tap < 9; ++tap)
        gemm.pack_weights(weights + n * s.oc + k * s.ic + tap / 3 * s.tap[0] + tap % 3 * s.tap[1],
                          s.ic, s.oc, rows, columns, width, taps.data() + tap * rows * width);
      kernel.weights({taps.data(), static_cast<float*>(packed) + n * d.ic + k * width,
                      round_up(d.oc, gemm.lanes) * d.ic, rows * width});
    }
  }
}

WinogradPlan plan_winograd(const ConvDesc& d, const WinogradKernel* kernel, const GemmKernel* gemm,
                           int threads) {
  WinogradPlan plan;
  plan.desc = d;
  plan.kernel = kernel;
  plan.gemm = gemm;
  plan.tile_rows = divide_up(d.out[0], kWinogradOut);
  plan.tile_columns = divide_up(d.out[1], kWinogradOut);
  plan.tiles = d.batch * plan.tile_rows * plan.tile_columns;
  plan.src_step = padded(d.ic);
  plan.dst_step = padded(d.oc);
  if (plan.tiles == 0) return plan;
  // The points of a block stay in L2 beside the weights that stream by; whole tiles of rows if
  // there is room for one.
  const int64_t tile_bytes = kWinogradPoints * 4 * (plan.src_step + plan.dst_step);
  int64_t block = static_cast<int64_t>(cache_sizes().l2) * 6 / 10 / tile_bytes;
  block = std::max<int64_t>(block >= gemm->rows ? block / gemm->rows * gemm->rows : block,
                            std::min(6, gemm->rows));
  plan.tasks = round_up(divide_up(plan.tiles, block), threads);
  plan.tasks = std::min(plan.tasks, plan.tiles);
  plan.block = divide_up(plan.tiles, plan.tasks);
  plan.scratch_bytes = static_cast<size_t>(plan.block * tile_bytes);
  return plan;
}

void run_winograd(const WinogradPlan& plan, const ConvArgs& args, int64_t task_begin,
                  int64_t task_end, void* scratch_memory) noexcept {
  Scratch scratch;
  scratch.src = static_cast<float*>(scratch_memory);
  scratch.dst = scratch.src + kWinogradPoints * plan.block * plan.src_step;
  for (int64_t task = task_begin; task < task_end; ++task) {
    const int64_t first = part_begin(plan.tiles, plan.tasks, task),
                  count = part_begin(plan.tiles, plan.tasks, task + 1) - first;
    for (int64_t i = 0; i < count; ++i)
      transform_source(plan, args, first + i, scratch.src + i * plan.src_step);
    for (int64_t p = 0; p < kWinogradPoints; ++p)
      multiply_point(plan, static_cast<const float*>(args.weights), scratch, p, count);
    for (int64_t i = 0; i < count; ++i)
      transform_output(plan, args, first + i, scratch.dst + i * plan.dst_step);
  }
}

}  // namespace vireo::cpu
