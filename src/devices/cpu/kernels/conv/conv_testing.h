// What the tests of conv and depthwise share: a case, its description, the sum in double, the
// comparison.
#pragma once

#include <algorithm>
#include <vector>

#include "devices/cpu/kernels/conv/conv.h"
#include "devices/cpu/kernels/dense_testing.h"

namespace vireo::cpu::testing {

struct ConvCase {
  int dims;
  int64_t batch, groups, ic, oc;
  std::vector<int64_t> in, kernel, stride, dilation, pad_begin, pad_end;
  int64_t gap = 0;  // extra elements in each pixel's row, on both sides
  bool planar = false, transposed = false;
  Epilogue epilogue;
  int threads = 1;
};

inline std::vector<int64_t> filled(const std::vector<int64_t>& values, int dims, int64_t value) {
  return values.empty() ? std::vector<int64_t>(dims, value) : values;
}

inline ConvDesc describe(const ConvCase& s) {
  ConvDesc d;
  d.dims = s.dims, d.batch = s.batch, d.groups = s.groups, d.ic = s.ic, d.oc = s.oc,
  d.transposed = s.transposed, d.epilogue = s.epilogue;
  const auto stride = filled(s.stride, s.dims, 1), dilation = filled(s.dilation, s.dims, 1);
  const auto before = filled(s.pad_begin, s.dims, 0), after = filled(s.pad_end, s.dims, 0);
  for (int i = 0; i < s.dims; ++i) {
    d.in[i] = s.in[i], d.kernel[i] = s.kernel[i], d.stride[i] = stride[i],
    d.dilation[i] = dilation[i], d.pad[i] = before[i];
    const int64_t window = (s.kernel[i] - 1) * dilation[i] + 1, pads = before[i] + after[i];
    d.out[i] = s.transposed ? (s.in[i] - 1) * stride[i] + window - pads
                            : (s.in[i] + pads - window) / stride[i] + 1;
  }
  d.src =
      s.planar ? planar_strides(s.dims, d.in, s.ic) : dense_strides(s.dims, d.in, s.ic + 2 * s.gap);
  d.dst = d.residual = dense_strides(s.dims, d.out, s.oc + 2 * s.gap);
  return d;
}

// Calls fn with the coordinates of each point of a box.
template <typename Fn>
void each(const int64_t* size, Fn fn) {
  int64_t at[3];
  for (at[0] = 0; at[0] < size[0]; ++at[0]) {
    for (at[1] = 0; at[1] < size[1]; ++at[1]) {
      for (at[2] = 0; at[2] < size[2]; ++at[2]) fn(at);
    }
  }
}

inline int64_t offset_of(const ImageStrides& s, int64_t batch, const int64_t* at, int64_t channel) {
  int64_t offset = batch * s.batch + channel * s.channel;
  for (int i = 0; i < 3; ++i) offset += at[i] * s.spatial[i];
  return offset;
}

// Sums by scattering (transposed) or gathering, and the sum of magnitudes for the tolerance.
inline void reference(const ConvDesc& d, const float* src, const float* w, const WeightStrides& ws,
                      std::vector<double>* sums, std::vector<double>* sizes) {
  const int64_t icg = d.ic / d.groups, ocg = d.oc / d.groups;
  const int64_t* outer = d.transposed ? d.in : d.out;
  const int64_t* inner = d.transposed ? d.out : d.in;
  const ImageStrides dense = dense_strides(3, d.out, d.oc);
  for (int64_t b = 0; b < d.batch; ++b) {
    each(outer, [&](const int64_t* o) {
      each(d.kernel, [&](const int64_t* k) {
        int64_t at[3];
        for (int i = 0; i < 3; ++i) {
          at[i] = o[i] * d.stride[i] - d.pad[i] + k[i] * d.dilation[i];
          if (at[i] < 0 || at[i] >= inner[i]) return;
        }
        for (int64_t oc = 0; oc < d.oc; ++oc) {
          const int64_t g = oc / ocg;
          double sum = 0, size = 0;
          for (int64_t ic = 0; ic < icg; ++ic) {
            const double weight = w[g * ws.group + oc % ocg * ws.oc + ic * ws.ic +
                                    k[0] * ws.tap[0] + k[1] * ws.tap[1] + k[2] * ws.tap[2]];
            const double x = weight * src[offset_of(d.src, b, d.transposed ? o : at, g * icg + ic)];
            sum += x;
            size += std::fabs(x);
          }
          const int64_t to = offset_of(dense, b, d.transposed ? at : o, oc);
          (*sums)[to] += sum;
          (*sizes)[to] += size;
        }
      });
    });
  }
}

// What is stored how, and how far sums may be off as a share of the sum of magnitudes.
struct Precision {
  DataType images = DataType::f32;
  bool weights_too = false;  // are rounded to the type of the images
  double tolerance = 4e-6;
};

// compute(desc, weights, their strides, args without weights) fills args.dst.
template <typename Compute>
void check_conv(const ConvCase& s, Compute compute, const Precision& precision) {
  std::mt19937 engine(7);
  ConvDesc d = describe(s);
  d.src_type = d.dst_type = precision.images;
  int64_t in = d.batch, out = d.batch, taps = 1;
  for (int i = 0; i < 3; ++i) in *= d.in[i], out *= d.out[i], taps *= d.kernel[i];
  const int64_t src_row = s.planar ? s.ic : s.ic + 2 * s.gap, dst_row = s.oc + 2 * s.gap,
                src_gap = s.planar ? 0 : s.gap;
  Buffer src = Buffer::random(in * src_row, engine),
         weights = Buffer::random(s.oc * s.ic / s.groups * taps, engine);
  Buffer dst(out * dst_row, 7.0f), residual = Buffer::random(out * dst_row, engine);
  Buffer bias = Buffer::random(s.oc, engine), slope = Buffer::random(s.oc, engine);
  const WeightStrides ws = dense_weights(d);
  round_to(precision.images, &src);
  round_to(precision.images, &residual);
  Stored stored_src(src, precision.images), stored_residual(residual, precision.images),
      stored_dst(dst, precision.images);
  ConvArgs args;
  args.src = stored_src.at(src_gap), args.dst = stored_dst.at(s.gap),
  args.residual = stored_residual.at(s.gap);
  args.bias = bias.data(), args.slope = slope.data();
  compute(d, weights.data(), ws, args);
  ASSERT_TRUE(stored_dst.guards_intact());
  stored_dst.read(&dst);
  if (precision.weights_too) round_to(precision.images, &weights);

  std::vector<double> sums(out * s.oc), sizes(out * s.oc, 1.0);
  reference(d, src.data() + src_gap, weights.data(), ws, &sums, &sizes);
  for (int64_t p = 0; p < out; ++p) {
    for (int64_t c = -s.gap; c < s.oc + s.gap; ++c) {
      const int64_t at = p * dst_row + s.gap + c;
      if (c < 0 || c >= s.oc) {
        ASSERT_EQ(dst[at], 7.0f) << "channel " << c << " is not ours";
        continue;
      }
      const double want = finish(s.epilogue, sums[p * s.oc + c], bias[c], residual[at], slope[c]);
      ASSERT_NEAR(dst[at], want,
                  precision.tolerance * sizes[p * s.oc + c] +
                      rounding_of(precision.images) * std::fabs(want))
          << "pixel " << p << " channel " << c;
    }
  }
}

}  // namespace vireo::cpu::testing
