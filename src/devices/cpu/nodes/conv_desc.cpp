// Convolutions of the graph in the words of the kernels.
#include "devices/cpu/nodes/conv_desc.h"

namespace vireo::cpu {

// Until sizes are known: the packing of weights asks only whether channels are neighbours.
constexpr int64_t kPlanar = 0;

ConvDesc describe_weights(const ops::FusedConv& a, const Shape& weights, bool transposed) {
  ConvDesc d;
  d.dims = int(weights.size()) - 2;
  d.groups = a.groups;
  d.oc = int64_t(weights[0]);
  d.ic = int64_t(weights.back()) * a.groups;
  d.transposed = transposed;
  d.src.channel = a.planar ? kPlanar : 1;
  for (int i = 0; i < d.dims; ++i) {
    d.kernel[i] = int64_t(weights[size_t(i) + 1]);
    d.stride[i] = a.strides.empty() ? 1 : a.strides[size_t(i)];
    d.dilation[i] = a.dilations.empty() ? 1 : a.dilations[size_t(i)];
    d.pad[i] = a.pads_begin.empty() ? 0 : a.pads_begin[size_t(i)];
  }
  return d;
}

WeightStrides weight_strides(const ConvDesc& d) {
  const int64_t icg = d.ic / d.groups;
  WeightStrides s;
  s.ic = 1;
  int64_t step = icg;
  for (int i = d.dims; i-- > 0;) {
    s.tap[i] = step;
    step *= d.kernel[i];
  }
  s.oc = step;
  s.group = step * (d.oc / d.groups);
  return s;
}

void describe_images(ConvDesc& d, const Shape& src, const Shape& dst) {
  const bool planar = d.src.channel == kPlanar;
  d.batch = int64_t(src[0]);
  for (int i = 0; i < d.dims; ++i) {
    d.in[i] = int64_t(src[size_t(i) + (planar ? 2 : 1)]);
    d.out[i] = int64_t(dst[size_t(i) + 1]);
  }
  d.src = planar ? planar_strides(d.dims, d.in, d.ic) : dense_strides(d.dims, d.in, d.ic);
  d.dst = d.residual = dense_strides(d.dims, d.out, d.oc);
}

double conv_flop(const ConvDesc& d) {
  double taps = 2.0 * double(d.ic) / double(d.groups) * double(d.oc) * double(d.batch);
  for (int i = 0; i < d.dims; ++i)
    taps *= double(d.kernel[i]) * double(d.transposed ? d.in[i] : d.out[i]);
  return taps;
}

}  // namespace vireo::cpu
