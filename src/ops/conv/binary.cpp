// BinaryConvolution: signs of the data against u1 filters, agreements minus disagreements.
#include "core/values.h"
#include "ops/conv/compute.h"
#include "ops/conv/conv.h"

namespace vireo::ops {

enum class BinaryMode { XnorPopcount };
inline constexpr const char* kBinaryModeNames[] = {"xnor-popcount"};
struct BinaryConvolution : Convolution {
  BinaryMode mode = BinaryMode::XnorPopcount;
  double pad_value = 0;
};
void visit(AttrVisitor& v, BinaryConvolution& a) {
  v.on("strides", a.strides);
  v.on("pads_begin", a.pads_begin);
  v.on("pads_end", a.pads_end);
  v.on("dilations", a.dilations);
  v.on("mode", a.mode, kBinaryModeNames);
  v.on("pad_value", a.pad_value);
  v.on("auto_pad", a.auto_pad, kAutoPadNames);
}

namespace {

void infer(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_rank(0, 4, 4);
  c.expect_rank(1, 4, 4);
  const BinaryConvolution& a = c.attrs<BinaryConvolution>();
  const PartialShape &data = c.shape(0), &filters = c.shape(1);
  PartialShape out = PartialShape::dynamic(4);
  if (data.rank_is_static()) out[0] = data[0];
  if (filters.rank_is_static()) out[1] = filters[0];
  std::vector<WindowAxis> axes =
      window_axes(c, 2, a.strides, a.dilations, a.pads_begin, a.pads_end);
  if (data.rank_is_static() && filters.rank_is_static()) {
    if (!data[1].compatible(filters[1]))
      c.fail("data has {} channels, the filters take {}", data[1].to_string(),
             filters[1].to_string());
    for (size_t i = 0; i < 2; ++i) {
      if (filters[2 + i].is_dynamic()) continue;
      axes[i].kernel = filters[2 + i].get_length();
      out[2 + i] = window_output(data[2 + i], axes[i], a.auto_pad);
    }
  }
  if (c.type(1).is_static() && c.type(1) != element::u1)
    c.fail("the filters must be u1, got {}", c.type(1).name());
  c.set_output(0, c.type(0), out);
}

// Data count as 1 above 0 and as -1 else, filter bits as 1 and -1; what lies in the padding is
// pad_value.
void evaluate(EvalContext& c) {
  const BinaryConvolution& a = c.attrs<BinaryConvolution>();
  Tensor& out = c.output(0);
  const Shape &data = c.shape(0), &filters = c.shape(1), result = out.get_shape();
  const std::vector<WindowAxis> axes = resolved_axes(a, {int64_t(data[2]), int64_t(data[3])},
                                                     {int64_t(filters[2]), int64_t(filters[3])});
  const std::vector<double> x = load<double>(c.input(0));
  // This operator alone counts the bits of a byte from the lowest.
  const auto* bits = static_cast<const uint8_t*>(c.input(1).data());
  std::vector<double> r;
  r.reserve(out.get_size());
  const int64_t height = int64_t(data[2]), width = int64_t(data[3]);
  for (size_t n = 0; n < result[0]; ++n)
    for (size_t o = 0; o < result[1]; ++o)
      for (int64_t i = 0; i < int64_t(result[2]); ++i)
        for (int64_t j = 0; j < int64_t(result[3]); ++j) {
          double sum = 0;
          size_t bit = o * filters[1] * filters[2] * filters[3];
          for (size_t k = 0; k < filters[1]; ++k)
            for (int64_t p = 0; p < axes[0].kernel; ++p)
              for (int64_t q = 0; q < axes[1].kernel; ++q) {
                const int64_t y = i * axes[0].stride - axes[0].pad_begin + p * axes[0].dilation;
                const int64_t z = j * axes[1].stride - axes[1].pad_begin + q * axes[1].dilation;
                const bool inside = y >= 0 && y < height && z >= 0 && z < width;
                double v = a.pad_value;
                if (inside)
                  v = x[((n * data[1] + k) * data[2] + size_t(y)) * data[3] + size_t(z)] > 0 ? 1
                                                                                             : -1;
                sum += bits[bit / 8] >> bit % 8 & 1 ? v : -v;
                ++bit;
              }
          r.push_back(sum);
        }
  store(out, r);
}

}  // namespace

VIREO_DEFINE_OP(binary_convolution_1){
    "BinaryConvolution", 1, &kAttrType<BinaryConvolution>, infer, evaluate, Tolerance::Exact};

}  // namespace vireo::ops
