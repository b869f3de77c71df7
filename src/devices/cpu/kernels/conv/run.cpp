// Runs the tasks of a convolution: blocks of lines, the panels of the weights, the tiles of a line.
#include "devices/cpu/kernels/conv/conv.h"

namespace vireo::cpu {
namespace {

struct Image {
  const char* src;
  const char* weights;
  char* dst;
  const char* residual;
  const float* bias;
  const float* slope;
  const float* scale;
  const int32_t* start;
  int64_t start_stride;
  const float* shift;
  const float* out_scale;
};

void run_line(const ConvPlan& plan, const ConvLine& line, const Image& image,
              const GemmTileFn* tiles_by_rows, GemmTile& tile) {
  const ConvLineKind& kind = plan.lines.kinds[line.kind];
  tile.runs = plan.lines.runs.data() + kind.run_begin;
  tile.run_count = kind.run_count;
  tile.a_stride = kind.src_step;
  tile.c_stride = kind.dst_step;
  tile.args.residual_stride = kind.residual_step;
  const int64_t c_bytes = size_of(plan.desc.dst_type);
  tile.args.start = image.start + line.kind * image.start_stride;
  const int64_t vectors = divide_up(tile.n, plan.kernel->lanes);
  const int64_t tiles = divide_up(line.count, plan.kernel->rows_of(vectors));
  for (int64_t i = 0; i < tiles; ++i) {
    const int64_t first = plan.kernel->tile_begin(line.count, tiles, i),
                  rows = plan.kernel->tile_begin(line.count, tiles, i + 1) - first;
    tile.rows = static_cast<int>(rows);
    tile.a = image.src + (line.src + first * kind.src_step) * plan.kernel->a_bytes();
    tile.c = image.dst + (line.dst + first * kind.dst_step) * c_bytes;
    tile.args.residual = image.residual + (line.residual + first * kind.residual_step) * c_bytes;
    tiles_by_rows[rows - 1](tile);
    if (tile.next) tile.next += tile.next_step * plan.k;
  }
}

// Lines [line0, line1) times panels [panel0, panel1) of one group of one image.
void run_task(const ConvPlan& plan, const Image& image, int64_t line0, int64_t line1,
              int64_t panel0, int64_t panel1) {
  const GemmKernel& kernel = *plan.kernel;
  const ConvDesc& d = plan.desc;
  const int64_t k = kernel.padded_k(plan.k), oc = d.oc / d.groups;
  GemmTile tile;
  tile.panel_stride = 0;
  tile.c_type = d.dst_type;
  tile.accumulate = false;
  tile.finish = true;
  tile.epilogue = &d.epilogue;
  for (int64_t block = line0; block < line1; block += plan.lines_per_block) {
    const int64_t block_end =
        block + plan.lines_per_block < line1 ? block + plan.lines_per_block : line1;
    int64_t tiles = 0;
    for (int64_t i = block; i < block_end; ++i)
      tiles += divide_up(plan.lines.lines[i].count, kernel.rows);  // or fewer, if they are taller
    for (int64_t panel = panel0; panel < panel1; ++panel) {
      const int64_t n0 = panel * kernel.columns;
      tile.n = oc - n0 < kernel.columns ? oc - n0 : kernel.columns;
      const int64_t vectors = divide_up(tile.n, kernel.lanes);
      tile.b = image.weights + n0 * k * kernel.b_bytes();
      tile.b_stride = vectors * kernel.lanes;
      // The tiles of this panel bring the next one from memory, each its share.
      const int64_t bytes = tile.b_stride * kernel.b_bytes();
      tile.next = panel + 1 < panel1 ? static_cast<const char*>(tile.b) + bytes * k : nullptr;
      tile.next_step = tile.next ? divide_up(bytes, tiles) : 0;
      tile.args.bias = image.bias + n0;
      tile.args.slope = image.slope + n0;
      tile.args.scale = image.scale + n0;
      tile.args.shift = image.shift + n0;
      tile.args.out_scale = image.out_scale + n0;
      Image at = image;
      at.dst += n0 * size_of(d.dst_type);
      at.residual += n0 * size_of(d.dst_type);
      at.start += n0;
      for (int64_t i = block; i < block_end; ++i)
        run_line(plan, plan.lines.lines[i], at, kernel.tile[vectors - 1], tile);
    }
  }
}

}  // namespace

void run_conv(const ConvPlan& plan, const ConvArgs& args, int64_t task_begin, int64_t task_end,
              void* scratch) noexcept {
  if (plan.pointwise) {
    run_gemm(plan.gemm,
             {args.src, args.weights, args.dst, args.bias, args.residual, args.slope, args.scale,
              args.start, args.shift, args.out_scale},
             task_begin, task_end, scratch);
    return;
  }
  const ConvDesc& d = plan.desc;
  const GemmKernel& kernel = *plan.kernel;
  const GemmThread thread(kernel);
  const int64_t line_parts = static_cast<int64_t>(plan.line_parts.size()) - 1, ic = d.ic / d.groups,
                oc = d.oc / d.groups;
  const int64_t panels = divide_up(oc, kernel.columns);
  for (int64_t task = task_begin; task < task_end; ++task) {
    const int64_t line = task % line_parts, n = task / line_parts % plan.n_parts,
                  unit = task / (line_parts * plan.n_parts);
    const int64_t group = unit % d.groups, batch = unit / d.groups;
    Image image;
    image.src = static_cast<const char*>(args.src) +
                (batch * d.src.batch + group * ic * d.src.channel) * kernel.a_bytes();
    image.weights =
        static_cast<const char*>(args.weights) + group * static_cast<int64_t>(plan.group_bytes);
    const int64_t c_bytes = size_of(d.dst_type);
    image.dst = static_cast<char*>(args.dst) + (batch * d.dst.batch + group * oc) * c_bytes;
    image.residual =
        static_cast<const char*>(args.residual) + (batch * d.residual.batch + group * oc) * c_bytes;
    image.bias = args.bias + group * oc;
    image.slope = args.slope + group * oc;
    const int64_t column = group * round_up(oc, kernel.lanes);
    image.scale = args.scale + column;
    image.start = args.start + column;
    image.start_stride = args.start_stride;
    image.shift = args.shift + column;
    image.out_scale = args.out_scale + column;
    if (kernel.a_type == DataType::u8) image.bias = args.bias + column;
    run_task(plan, image, plan.line_parts[line], plan.line_parts[line + 1],
             part_begin(panels, plan.n_parts, n), part_begin(panels, plan.n_parts, n + 1));
  }
}

}  // namespace vireo::cpu
