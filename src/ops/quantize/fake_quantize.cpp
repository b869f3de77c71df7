// FakeQuantize and FakeConvert: values as they come back from a quantised type.
#include "ops/quantize/quantize.h"

#include <cmath>

#include "core/values.h"
#include "ops/activation/functions.h"

namespace vireo::ops {

void visit(AttrVisitor& v, FakeQuantize& a) {
  v.on("levels", a.levels);
  visit(v, static_cast<Broadcasting&>(a));
}
void visit(AttrVisitor& v, FakeConvert& a) { v.on("destination_type", a.destination_type); }

namespace {

void infer_quantize(InferContext& c) {
  c.expect_inputs(5, 5);
  c.expect_real(0);
  const FakeQuantize& a = c.attrs<FakeQuantize>();
  if (a.levels < 2) c.fail("levels {} is under 2", a.levels);
  PartialShape out = c.shape(0);
  for (size_t i = 1; i < 5; ++i) out = broadcast_shape(c, out, c.shape(i), a);
  c.set_output(0, c.common_type(0, 5), out);
}

void evaluate_quantize(EvalContext& c) {
  const FakeQuantize& a = c.attrs<FakeQuantize>();
  const Shape& shape = c.output(0).get_shape();
  std::array<std::vector<double>, 5> in;
  std::array<Shape, 5> aligned;
  for (size_t i = 0; i < 5; ++i) {
    in[i] = load<double>(c.input(i));
    aligned[i] = aligned_shape(c.shape(i), shape.size(), a);
  }
  std::vector<double> r(shape_size(shape));
  const double steps = double(a.levels - 1);
  BroadcastLoop<5>(shape, aligned)
      .run([&](size_t at, size_t count, const auto& from, const auto& step) {
        for (size_t i = 0; i < count; ++i) {
          const auto value = [&](size_t k) { return in[k][from[k] + i * step[k]]; };
          const double x = value(0), il = value(1), ih = value(2), ol = value(3), oh = value(4);
          double& y = r[at + i];
          if (x <= std::min(il, ih))
            y = ol;
          else if (x > std::max(il, ih))
            y = oh;
          else
            y = std::nearbyint((x - il) / (ih - il) * steps) / steps * (oh - ol) + ol;
        }
      });
  store(c.output(0), r);
}

void infer_convert(InferContext& c) {
  c.expect_inputs(2, 3);
  c.expect_real(0);
  const element::Type to = c.attrs<FakeConvert>().destination_type;
  if (to != element::f8e4m3 && to != element::f8e5m2)
    c.fail("destination_type must be f8e4m3 or f8e5m2, got {}", to.name());
  for (size_t i = 1; i < c.inputs(); ++i) (void)broadcast_shape(c, c.shape(0), c.shape(i), {});
  c.set_output(0, c.common_type(0, c.inputs()), c.shape(0));
}

void evaluate_convert(EvalContext& c) {
  const Shape& shape = c.shape(0);
  const std::vector<double> x = load<double>(c.input(0)), scale = load<double>(c.input(1));
  std::vector<double> shift(1);
  if (c.inputs() == 3) shift = load<double>(c.input(2));
  const Shape shift_shape = c.inputs() == 3 ? c.shape(2) : Shape{};
  const size_t rank = shape.size();
  const BroadcastLoop<3> loop(
      shape, {shape, aligned_shape(c.shape(1), rank, {}), aligned_shape(shift_shape, rank, {})});
  std::vector<double> scaled(x.size());
  const double most = c.attrs<FakeConvert>().destination_type == element::f8e4m3
                          ? 448
                          : 57344;  // infinities become finite
  loop.run([&](size_t at, size_t count, const auto& from, const auto& step) {
    for (size_t i = 0; i < count; ++i)
      scaled[at + i] = clamp(
          x[at + i] * scale[from[1] + i * step[1]] - shift[from[2] + i * step[2]], -most, most);
  });
  std::vector<double> r =
      load<double>(make_tensor(c.attrs<FakeConvert>().destination_type, shape, scaled));
  loop.run([&](size_t at, size_t count, const auto& from, const auto& step) {
    for (size_t i = 0; i < count; ++i)
      r[at + i] = (r[at + i] + shift[from[2] + i * step[2]]) / scale[from[1] + i * step[1]];
  });
  store(c.output(0), r);
}

}  // namespace

VIREO_DEFINE_OP(fake_quantize_1){
    "FakeQuantize",      1,           &kAttrType<FakeQuantize>, infer_quantize, evaluate_quantize,
    Tolerance::Rounding, kElementwise};
VIREO_DEFINE_OP(fake_convert_13){"FakeConvert",           13,
                                 &kAttrType<FakeConvert>, infer_convert,
                                 evaluate_convert,        Tolerance::Rounding};

}  // namespace vireo::ops
