// vireo.Quantise, vireo.Dequantise and vireo.Table: between real values and 8-bit codes.
#include <algorithm>
#include <cmath>

#include "core/values.h"
#include "ops/arithmetic/broadcast.h"
#include "ops/fused/quantised.h"

namespace vireo::ops {

void visit(AttrVisitor& v, Quantise& a) {
  v.on("type", a.type);
  v.on("low", a.low);
  v.on("high", a.high);
}
void visit(AttrVisitor& v, QuantiseImage& a) { visit(v, static_cast<Quantise&>(a)); }
void visit(AttrVisitor&, Dequantise&) {}
void visit(AttrVisitor&, Table&) {}

namespace {

bool is_code(element::Type t) { return t == element::u8 || t == element::i8 || t.is_dynamic(); }

void check_scales(const InferContext& c) {
  c.expect_inputs(3, 3);
  PartialShape out = c.shape(0);
  for (size_t i = 1; i < 3; ++i) {
    c.expect_real(i);
    if (!PartialShape::broadcast_merge_into(out, c.shape(i)) || !out.compatible(c.shape(0)))
      c.fail("input {} of {} does not broadcast to {}", i, c.shape(i).to_string(),
             c.shape(0).to_string());
  }
}

void infer_quantise(InferContext& c) {
  const Quantise& a = c.attrs<Quantise>();
  check_scales(c);
  c.expect_real(0);
  if (!is_code(a.type)) c.fail("codes are u8 or i8, got {}", a.type.name());
  c.set_output(0, a.type, c.shape(0));
}

void infer_image(InferContext& c) {
  c.expect_inputs(3, 3);
  c.expect_real(0);
  c.expect_rank(0, 4, 4);
  const PartialShape& in = c.shape(0);
  if (!in.rank_is_static()) return c.set_output(0, element::u8, PartialShape::dynamic(4));
  if (in[1].is_static() && in[1].get_length() > 4)
    c.fail("a picture has up to 4 channels, got {}", in[1].to_string());
  c.set_output(0, element::u8, {in[0], in[2], in[3], Dimension(4)});
}

void infer_dequantise(InferContext& c) {
  check_scales(c);
  if (!is_code(c.type(0))) c.fail("codes are u8 or i8, got {}", c.type(0).name());
  c.set_output(0, element::f32, c.shape(0));
}

void infer_table(InferContext& c) {
  c.expect_inputs(2, 2);
  if (c.type(0) != element::u8 && !c.type(0).is_dynamic())
    c.fail("codes are u8, got {}", c.type(0).name());
  if (!c.shape(1).compatible(PartialShape{256}))
    c.fail("a table has 256 elements, got {}", c.shape(1).to_string());
  c.set_output(0, c.type(1), c.shape(0));
}

// out[i] = f(x, scale, zero) over inputs that broadcast to input 0.
template <typename F>
void map_scaled(EvalContext& c, F&& f) {
  const Shape& shape = c.shape(0);
  std::array<std::vector<double>, 3> in;
  std::array<Shape, 3> aligned;
  for (size_t i = 0; i < 3; ++i) {
    in[i] = load<double>(c.input(i));
    aligned[i] = aligned_shape(c.shape(i), shape.size(), {});
  }
  std::vector<double> r(shape_size(shape));
  BroadcastLoop<3>(shape, aligned)
      .run([&](size_t at, size_t count, const auto& from, const auto& step) {
        for (size_t i = 0; i < count; ++i)
          r[at + i] = f(in[0][from[0] + i * step[0]], in[1][from[1] + i * step[1]],
                        in[2][from[2] + i * step[2]]);
      });
  store(c.output(0), r);
}

double code_of(const Quantise& a, double x, double scale, double zero) {
  const double q = std::nearbyint(x / scale + zero);
  return q >= double(a.low) ? std::min(q, double(a.high)) : double(a.low);
}

void evaluate_quantise(EvalContext& c) {
  const Quantise& a = c.attrs<Quantise>();
  map_scaled(c, [&](double x, double scale, double zero) { return code_of(a, x, scale, zero); });
}

void evaluate_image(EvalContext& c) {
  const Quantise& a = c.attrs<QuantiseImage>();
  const Shape& in = c.shape(0);
  const std::vector<double> x = load<double>(c.input(0));
  const double scale = load<double>(c.input(1))[0], zero = load<double>(c.input(2))[0];
  const size_t pixels = in[2] * in[3];
  std::vector<double> r(in[0] * pixels * 4, code_of(a, 0, scale, zero));
  for (size_t n = 0; n < in[0]; ++n)
    for (size_t channel = 0; channel < in[1]; ++channel)
      for (size_t i = 0; i < pixels; ++i)
        r[(n * pixels + i) * 4 + channel] =
            code_of(a, x[(n * in[1] + channel) * pixels + i], scale, zero);
  store(c.output(0), r);
}

void evaluate_dequantise(EvalContext& c) {
  map_scaled(c, [](double q, double scale, double zero) { return (q - zero) * scale; });
}

void evaluate_table(EvalContext& c) {
  const std::vector<uint64_t> codes = load<uint64_t>(c.input(0));
  const std::vector<double> table = load<double>(c.input(1));
  std::vector<double> r(codes.size());
  for (size_t i = 0; i < r.size(); ++i) r[i] = table[codes[i]];
  store(c.output(0), r);
}

}  // namespace

VIREO_DEFINE_OP(quantise_0){
    "vireo.Quantise",    0,           &kAttrType<Quantise>, infer_quantise, evaluate_quantise,
    Tolerance::Rounding, kElementwise};
VIREO_DEFINE_OP(dequantise_0){"vireo.Dequantise",        0,
                              &kAttrType<Dequantise>,    infer_dequantise,
                              evaluate_dequantise,       Tolerance::Rounding,
                              kElementwise | kCompressed};
VIREO_DEFINE_OP(quantise_image_0){
    "vireo.QuantiseImage", 0, &kAttrType<QuantiseImage>, infer_image, evaluate_image,
    Tolerance::Rounding};
VIREO_DEFINE_OP(table_0){"vireo.Table", 0, &kAttrType<Table>, infer_table, evaluate_table};

}  // namespace vireo::ops
