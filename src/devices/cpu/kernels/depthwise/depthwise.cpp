// Table, weights, plan and driver of depthwise convolutions.
#include "devices/cpu/kernels/depthwise/depthwise.h"

#include <algorithm>

namespace vireo::cpu {

#define VIREO_DEPTHWISE(space, tier, type)       \
  namespace space {                              \
  extern const DepthwiseKernel depthwise_##type; \
  }
#include "devices/cpu/kernels/depthwise/kernels.inc"
#undef VIREO_DEPTHWISE

namespace {

struct Row {
  Isa isa;
  const DepthwiseKernel* kernel;
};
constexpr Row kRows[] = {
#define VIREO_DEPTHWISE(space, tier, type) {Isa::tier, &space::depthwise_##type},
#include "devices/cpu/kernels/depthwise/kernels.inc"
#undef VIREO_DEPTHWISE
};

int64_t taps_of(const ConvDesc& d) {
  int64_t taps = 1;
  for (int i = 0; i < d.dims; ++i) taps *= d.kernel[i];
  return taps;
}

// Taps at one distance from each other become one run, as long as they are of one row of the
// window.
void add_runs(const ConvLines& lines, const ConvLineKind& kind, int64_t row_taps,
              std::vector<DepthwiseRun>* runs) {
  const size_t begin = runs->size();
  for (int32_t i = 0; i < kind.run_count; ++i) {
    const GemmRun& r = lines.runs[kind.run_begin + i];
    for (int64_t k = 0; k < r.k; ++k) {
      const int64_t src = r.a + k, weight = r.b + k;
      DepthwiseRun* last = runs->size() > begin ? &runs->back() : nullptr;
      const bool follows = last && weight == last->weight + last->count &&
                           weight / row_taps == last->weight / row_taps;
      if (follows && (last->count == 1 || src == last->src + last->count * last->step)) {
        last->step = last->count == 1 ? src - last->src : last->step;
        ++last->count;
      } else {
        runs->push_back({src, weight, 1, 0});
      }
    }
  }
}

// By rows, a line is a whole row of the output, as if the source had its padding: the tiles leave
// out what is not there. For windows whose rows have tiles, unless the rows are so short that
// columns are better.
bool goes_by_rows(const ConvDesc& d, const DepthwiseKernel& kernel) {
  const int last = d.dims - 1;
  const int64_t taps = d.kernel[last], stride = d.stride[last];
  if (d.transposed || d.dilation[last] != 1 || stride > kMaxRowStride || taps > kMaxRowTaps)
    return false;
  if (!kernel.rows[stride - 1][taps][0] || d.pad[last] >= taps) return false;
  if ((d.out[last] - 1) * stride + taps - d.pad[last] - d.in[last] >= taps) return false;
  return d.out[last] >= 4 || d.dims == 1 || d.out[last] >= d.out[last - 1];
}

ConvDesc with_padded_rows(ConvDesc d) {
  const int last = d.dims - 1;
  d.pad[last] = 0;
  d.in[last] = (d.out[last] - 1) * d.stride[last] + d.kernel[last];
  return d;
}

}  // namespace

int64_t group_width(const ConvDesc& d, const DepthwiseKernel& kernel) {
  if (d.ic != d.oc || d.src.channel != 1 || d.groups < 2 || d.oc % d.groups) return 0;
  const int64_t width = d.oc / d.groups;
  if (width == 1) return 1;
  for (int i = 0; i < kGroupWidths; ++i)
    if (width == 2 << i && kernel.grouped[i][0]) return width;
  return 0;
}

bool is_depthwise(const ConvDesc& d) {
  return d.groups == d.ic && d.groups == d.oc && d.src.channel == 1 && d.groups > 1;
}

const DepthwiseKernel* get_depthwise(DataType type, IsaSet isa, KernelRefusal* refused) {
  const DepthwiseKernel* last = nullptr;
  for (const Row& row : kRows) {
    if (row.kernel->type != type) continue;
    if (isa.has(row.isa)) return row.kernel;
    if (refused) *refused++ = {row.kernel->name, "its instruction set is not active"};
    last = row.kernel;
  }
  return last;
}

size_t depthwise_packed_bytes(const ConvDesc& d, const DepthwiseKernel& kernel) {
  return taps_of(d) * (d.oc / d.groups) * round_up(d.oc, kernel.lanes) * sizeof(float);
}

void pack_depthwise_weights(const ConvDesc& d, const DepthwiseKernel& kernel, const float* weights,
                            const WeightStrides& s, void* packed) {
  float* to = static_cast<float*>(packed);
  const int64_t stride = round_up(d.oc, kernel.lanes), taps = taps_of(d), width = d.oc / d.groups;
  for (int64_t tap = 0; tap < taps; ++tap) {
    int64_t rest = tap, offset = 0;
    for (int i = d.dims - 1; i >= 0; --i) {
      offset += rest % d.kernel[i] * s.tap[i];
      rest /= d.kernel[i];
    }
    for (int64_t input = 0; input < width; ++input)
      for (int64_t c = 0; c < stride; ++c) {
        const int64_t from = offset + c / width * s.group + c % width * s.oc + input * s.ic;
        *to++ = c < d.oc ? weights[from] : 0.0f;
      }
  }
}

DepthwisePlan plan_depthwise(const ConvDesc& d, const DepthwiseKernel* kernel, int threads) {
  DepthwisePlan plan;
  plan.desc = d;
  plan.kernel = kernel;
  plan.width = group_width(d, *kernel);
  plan.weight_stride = round_up(d.oc, kernel->lanes);
  const int last = d.dims - 1;
  plan.by_rows = plan.width == 1 && goes_by_rows(d, *kernel);
  plan.pixels = plan.width == 1 ? kernel->pixels : kernel->grouped_pixels;
  plan.lines = plan.by_rows ? make_lines(with_padded_rows(d), plan.pixels, 1, last)
                            : make_lines(d, plan.pixels, 1);
  plan.tiles = plan.by_rows     ? kernel->rows[d.stride[last] - 1][d.kernel[last]]
               : plan.width > 1 ? kernel->grouped[plan.width / 4]
                                : kernel->any;
  if (plan.lines.lines.empty() || d.batch == 0) return plan;
  int64_t parts = 1;
  while (parts < threads && d.batch * parts % threads != 0 && d.batch * parts < 4 * threads)
    ++parts;
  double by_lines;
  plan.line_parts = cut_lines(plan.lines, parts, &by_lines);
  const int64_t vectors = plan.weight_stride / kernel->lanes;
  const double by_channels = static_cast<double>(divide_up(vectors, parts)) * parts / vectors;
  if (by_lines > 1.05 * by_channels) {
    plan.channel_parts = std::min(parts, vectors);
    plan.line_parts = {0, static_cast<int64_t>(plan.lines.lines.size())};
  }
  plan.tasks = d.batch * plan.channel_parts * static_cast<int64_t>(plan.line_parts.size() - 1);
  // The rows of a window, for a block of channels, fit half of L1: then a source pixel comes from
  // L2 once, not once per row.
  const int64_t rows = d.dims > 1 ? d.kernel[d.dims - 2] + 1 : 1,
                row_bytes = rows * d.in[d.dims - 1] * size_of(kernel->type);
  plan.channel_block =
      std::max<int64_t>(1, static_cast<int64_t>(cache_sizes().l1) / 2 / row_bytes / kernel->lanes) *
      kernel->lanes;
  // From here on the kinds speak of runs of taps.
  for (ConvLineKind& kind : plan.lines.kinds) {
    const size_t begin = plan.runs.size();
    add_runs(plan.lines, kind, d.kernel[d.dims - 1], &plan.runs);
    kind.run_begin = static_cast<int32_t>(begin);
    kind.run_count = static_cast<int32_t>(plan.runs.size() - begin);
  }
  plan.lines.runs.clear();
  return plan;
}

namespace {

const void* at(const void* p, int64_t elements, int64_t bytes) {
  return static_cast<const char*>(p) + elements * bytes;
}
void* at(void* p, int64_t elements, int64_t bytes) {
  return static_cast<char*>(p) + elements * bytes;
}

void run_line(const DepthwisePlan& plan, const ConvLine& line, const DepthwiseTile& image,
              DepthwiseTile& tile) {
  const ConvLineKind& kind = plan.lines.kinds[line.kind];
  const ConvDesc& d = plan.desc;
  const int64_t stride = d.stride[d.dims - 1], pad = d.pad[d.dims - 1], width = d.in[d.dims - 1];
  tile.runs = plan.runs.data() + kind.run_begin;
  tile.run_count = kind.run_count;
  tile.src_step = kind.src_step;
  tile.dst_step = kind.dst_step;
  tile.args.residual_stride = kind.residual_step;
  const int64_t count = divide_up(line.count, plan.pixels), bytes = size_of(plan.kernel->type);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t first = part_begin(line.count, count, i),
                  pixels = part_begin(line.count, count, i + 1) - first;
    tile.src = at(image.src, line.src + first * kind.src_step, bytes);
    tile.dst = at(image.dst, line.dst + first * kind.dst_step, bytes);
    tile.args.residual = at(image.args.residual, line.residual + first * kind.residual_step, bytes);
    tile.source_begin = pad - (line.first + first) * stride;
    tile.source_end = tile.source_begin + width;
    plan.tiles[pixels - 1](tile);
  }
}

DepthwiseTile image_at(const DepthwisePlan& plan, const ConvArgs& args, int64_t batch, int64_t c,
                       int64_t channels) {
  const ConvDesc& d = plan.desc;
  DepthwiseTile image;
  const int64_t edge = plan.by_rows ? d.pad[d.dims - 1] * d.src.spatial[d.dims - 1] : 0;
  const int64_t bytes = size_of(plan.kernel->type);
  image.src = at(args.src, batch * d.src.batch + c - edge, bytes);
  image.dst = at(args.dst, batch * d.dst.batch + c, bytes);
  image.weights = static_cast<const float*>(args.weights) + c;
  image.weight_stride = plan.weight_stride;
  image.channels = channels;
  image.src_zero = d.src_zero;
  image.epilogue = &d.epilogue;
  image.args.bias = args.bias + c;
  image.args.residual = at(args.residual, batch * d.residual.batch + c, bytes);
  image.args.slope = args.slope + c;
  image.args.out_scale = args.out_scale + c;
  return image;
}

}  // namespace

void run_depthwise(const DepthwisePlan& plan, const ConvArgs& args, int64_t task_begin,
                   int64_t task_end, void*) noexcept {
  const ConvDesc& d = plan.desc;
  const int64_t line_parts = static_cast<int64_t>(plan.line_parts.size()) - 1,
                lanes = plan.kernel->lanes;
  for (int64_t task = task_begin; task < task_end; ++task) {
    const int64_t part = task % line_parts, channels = task / line_parts % plan.channel_parts;
    const int64_t batch = task / (line_parts * plan.channel_parts);
    const int64_t vectors = plan.weight_stride / lanes;
    const int64_t c0 = part_begin(vectors, plan.channel_parts, channels) * lanes;
    const int64_t c1 =
        std::min(part_begin(vectors, plan.channel_parts, channels + 1) * lanes, d.oc);
    for (int64_t c = c0; c < c1; c += plan.channel_block) {
      DepthwiseTile image = image_at(plan, args, batch, c, std::min(plan.channel_block, c1 - c));
      DepthwiseTile tile = image;
      for (int64_t i = plan.line_parts[part]; i < plan.line_parts[part + 1]; ++i)
        run_line(plan, plan.lines.lines[i], image, tile);
    }
  }
}

}  // namespace vireo::cpu
