// Strides of images and weights, and the packing of weights: per group a packed matrix whose rows
// are the taps' input channels.
#include <vector>

#include "devices/cpu/kernels/conv/conv.h"

namespace vireo::cpu {

ImageStrides dense_strides(int dims, const int64_t* size, int64_t row) {
  ImageStrides s;
  int64_t step = row;
  for (int i = dims - 1; i >= 0; --i) {
    s.spatial[i] = step;
    step *= size[i];
  }
  s.batch = step;
  return s;
}

ImageStrides planar_strides(int dims, const int64_t* size, int64_t channels) {
  ImageStrides s = dense_strides(dims, size, 1);
  s.channel = s.batch;
  s.batch *= channels;
  return s;
}

WeightStrides dense_weights(const ConvDesc& d) {
  WeightStrides w;
  int64_t step = 1;
  for (int i = d.dims - 1; i >= 0; --i) {
    w.tap[i] = step;
    step *= d.kernel[i];
  }
  const int64_t ic = d.ic / d.groups, oc = d.oc / d.groups;
  w.ic = d.transposed ? step * oc : step;
  w.oc = d.transposed ? step : step * ic;
  w.group = step * ic * oc;
  return w;
}

size_t conv_packed_bytes(const ConvDesc& d, const GemmKernel& kernel) {
  int64_t taps = 1;
  for (int i = 0; i < d.dims; ++i) taps *= d.kernel[i];
  return d.groups *
         round_up(gemm_packed_bytes(kernel, d.oc / d.groups, taps * (d.ic / d.groups)), kCacheLine);
}

namespace {

// Calls block(weights, stride from row to row, rows) for the runs of rows of the packed matrix:
// taps outermost. In a planar source the last dimension's taps are neighbours, so they come
// innermost.
template <typename Block>
void each_block(const ConvDesc& d, const float* weights, const WeightStrides& s, Block block) {
  const int last = d.dims - 1;
  const bool planar = d.src.channel != 1;
  const int64_t ic = d.ic / d.groups, outer = [&] {
    int64_t taps = 1;
    for (int i = 0; i < last; ++i) taps *= d.kernel[i];
    return taps;
  }();
  for (int64_t tap = 0; tap < outer; ++tap) {
    int64_t rest = tap, offset = 0;
    for (int i = last - 1; i >= 0; --i) {
      offset += rest % d.kernel[i] * s.tap[i];
      rest /= d.kernel[i];
    }
    const int64_t blocks = planar ? ic : d.kernel[last], rows = planar ? d.kernel[last] : ic;
    const int64_t block_stride = planar ? s.ic : s.tap[last],
                  row_stride = planar ? s.tap[last] : s.ic;
    for (int64_t b = 0; b < blocks; ++b)
      block(weights + offset + b * block_stride, row_stride, rows);
  }
}

void pack_panel(const ConvDesc& d, const GemmKernel& kernel, const float* weights,
                const WeightStrides& s, int64_t n, int64_t width, char* to) {
  const int64_t rows = d.src.channel != 1 ? d.kernel[d.dims - 1] : d.ic / d.groups;
  if (rows % kernel.k_group == 0) {
    each_block(d, weights, s, [&](const float* from, int64_t stride, int64_t count) {
      kernel.pack_weights(from, stride, s.oc, count, n, width, to);
      to += count * width * kernel.b_bytes();
    });
    return;
  }
  // Groups of rows reach over blocks: so the panel is laid out in f32 first.
  std::vector<float> panel;
  int64_t k = 0;
  each_block(d, weights, s, [&](const float* from, int64_t stride, int64_t count) {
    panel.resize(static_cast<size_t>((k + count) * width));
    for (int64_t i = 0; i < count; ++i, ++k) {
      for (int64_t j = 0; j < n; ++j) panel[k * width + j] = from[i * stride + j * s.oc];
    }
  });
  kernel.pack_weights(panel.data(), width, 1, k, n, width, to);
}

}  // namespace

int64_t conv_panels(const ConvDesc& d, const GemmKernel& kernel) {
  return d.groups * gemm_panels(kernel, d.oc / d.groups);
}

void pack_conv_weights(const ConvDesc& d, const GemmKernel& kernel, const float* weights,
                       const WeightStrides& s, void* packed, int64_t panel_begin,
                       int64_t panel_end) {
  int64_t k = d.ic / d.groups;
  for (int i = 0; i < d.dims; ++i) k *= d.kernel[i];
  k = kernel.padded_k(k);
  const int64_t oc = d.oc / d.groups, per_group = gemm_panels(kernel, oc),
                group_bytes = conv_packed_bytes(d, kernel) / d.groups;
  const int64_t end = conv_panels(d, kernel) < panel_end ? conv_panels(d, kernel) : panel_end;
  for (int64_t panel = panel_begin; panel < end; ++panel) {
    const int64_t g = panel / per_group, n = panel % per_group * kernel.columns;
    const int64_t columns = oc - n < kernel.columns ? oc - n : kernel.columns;
    pack_panel(d, kernel, weights + g * s.group + n * s.oc, s, columns,
               round_up(columns, kernel.lanes),
               static_cast<char*>(packed) + g * group_bytes + n * k * kernel.b_bytes());
  }
}

}  // namespace vireo::cpu
