// RegionYolo: logistic (and softmax) over the maps of YOLO heads. ReorgYolo: blocks of space into
// channels, in Darknet's order.
#include <algorithm>
#include <cmath>

#include "ops/detection/boxes.h"
#include "ops/movement/rearrange.h"

namespace vireo::ops {
namespace {

struct RegionYolo {
  std::vector<double> anchors;
  int64_t axis = 0, coords = 0, classes = 0, end_axis = 0, num = 0;
  bool do_softmax = true;
  std::vector<int64_t> mask;
};
void visit(AttrVisitor& v, RegionYolo& a) {
  v.on("anchors", a.anchors);
  v.on("axis", a.axis);
  v.on("coords", a.coords);
  v.on("classes", a.classes);
  v.on("end_axis", a.end_axis);
  v.on("num", a.num);
  v.on("do_softmax", a.do_softmax);
  v.on("mask", a.mask);
}

void infer_region(InferContext& c) {
  c.expect_inputs(1, 1);
  c.expect_real(0);
  c.expect_rank(0, 4, 4);
  const RegionYolo& a = c.attrs<RegionYolo>();
  constexpr int64_t kMost = 1 << 20;
  if (a.coords < 2 || a.classes < 0 || a.num < 0 || a.coords > kMost || a.classes > kMost ||
      a.num > kMost)
    c.fail("coords {}, classes {} and num {} are out of range", a.coords, a.classes, a.num);
  const PartialShape& in = c.shape(0);
  if (!in.rank_is_static()) return c.set_output(0, c.type(0), PartialShape::dynamic());
  const int64_t regions = a.do_softmax ? a.num : int64_t(a.mask.size()),
                channels = regions * (a.classes + a.coords + 1);
  if (in[1].is_static() && in[1].get_length() < channels)
    c.fail("{} channels, {} are needed", in[1].get_length(), channels);
  if (!a.do_softmax)
    return c.set_output(0, c.type(0), PartialShape{in[0], Dimension(channels), in[2], in[3]});
  // Softmax results are flattened from axis to end_axis.
  const size_t first = size_t(c.axis(a.axis, 4)), last = size_t(c.axis(a.end_axis, 4));
  PartialShape out;
  for (size_t i = 0; i < 4; ++i) {
    if (i > first && i <= last)
      out[first] = out[first] * in[i];
    else
      out.push_back(in[i]);
  }
  c.set_output(0, c.type(0), out);
}

void evaluate_region(EvalContext& c) {
  const RegionYolo& a = c.attrs<RegionYolo>();
  Tensor& out = c.output(0);
  const Shape& shape = c.shape(0);
  const size_t area = shape[2] * shape[3], classes = size_t(a.classes), coords = size_t(a.coords),
               entries = classes + coords + 1;
  const size_t regions = a.do_softmax ? size_t(a.num) : a.mask.size(),
               channels = a.do_softmax ? shape[1] : regions * entries;
  const std::vector<double> x = load<double>(c.input(0));
  std::vector<double> y;
  for (size_t n = 0; n < shape[0]; ++n)
    y.insert(y.end(), x.begin() + int64_t(n * shape[1] * area),
             x.begin() + int64_t((n * shape[1] + channels) * area));
  const auto logistic = [&](size_t from, size_t count) {
    for (size_t i = from; i < from + count; ++i) y[i] = 1 / (1 + std::exp(-y[i]));
  };
  for (size_t n = 0; n < shape[0]; ++n)
    for (size_t r = 0; r < regions; ++r) {
      const size_t base = (n * channels + r * entries) * area;
      logistic(base, 2 * area);
      logistic(base + coords * area, (a.do_softmax ? 1 : classes + 1) * area);
      for (size_t i = base + (coords + 1) * area;
           a.do_softmax && i < base + (coords + 2) * area && classes > 0; ++i) {
        double most = y[i], sum = 0;
        for (size_t k = 0; k < classes; ++k) most = std::max(most, y[i + k * area]);
        for (size_t k = 0; k < classes; ++k)
          sum += y[i + k * area] = std::exp(y[i + k * area] - most);
        for (size_t k = 0; k < classes; ++k) y[i + k * area] /= sum;
      }
    }
  store(out, y);
}

struct ReorgYolo {
  std::vector<int64_t> stride;
};
void visit(AttrVisitor& v, ReorgYolo& a) { v.on("stride", a.stride); }

void infer_reorg(InferContext& c) {
  c.expect_inputs(1, 1);
  c.expect_rank(0, 4, 4);
  const auto& strides = c.attrs<ReorgYolo>().stride;
  if (strides.empty() || strides[0] < 1 || strides[0] > 1 << 15)
    c.fail("a stride of at least 1 is needed");
  const int64_t s = strides[0];
  const PartialShape& in = c.shape(0);
  if (!in.rank_is_static()) return c.set_output(0, c.type(0), PartialShape::dynamic(4));
  for (size_t i = 2; i < 4; ++i)
    if (in[i].is_static() && in[i].get_length() % s != 0)
      c.fail("an extent of {} is no multiple of stride {}", in[i].get_length(), s);
  if (in[1].is_static() && (in[1].get_length() < s * s || in[1].get_length() % (s * s) != 0))
    c.fail("{} channels, a multiple of {} is needed", in[1].get_length(), s * s);
  c.set_output(0, c.type(0), PartialShape{in[0], in[1] * Dimension(s * s), in[2] / s, in[3] / s});
}

void evaluate_reorg(EvalContext& c) {
  const size_t s = size_t(c.attrs<ReorgYolo>().stride[0]);
  Tensor& out = c.output(0);
  const Shape& in = c.shape(0);
  const size_t channels = in[1], height = in[2], width = in[3];
  const size_t folded = channels / (s * s);
  ElementMover move(out, c.input(0));
  // The input is read as [N, C / s^2, H * s, W * s], whatever its shape says.
  for_each_index(in, [&](const std::vector<size_t>& i) {
    const size_t inner = i[1] % folded, offset = i[1] / folded;
    const size_t w = i[3] * s + offset % s, h = i[2] * s + offset / s;
    const size_t to = ((i[0] * channels + i[1]) * height + i[2]) * width + i[3];
    move(to, i[0] * channels * height * width + (inner * height * s + h) * width * s + w);
  });
  move.finish();
}

}  // namespace

VIREO_DEFINE_OP(region_yolo_1){
    "RegionYolo", 1, &kAttrType<RegionYolo>, infer_region, evaluate_region, Tolerance::Rounding};
VIREO_DEFINE_OP(reorg_yolo_2){"ReorgYolo", 2, &kAttrType<ReorgYolo>, infer_reorg, evaluate_reorg};

}  // namespace vireo::ops
