// Sources of data: constants, ranges, random numbers.
#include "frontends/onnx/convert/node.h"

#include <cstring>

#include "core/values.h"
#include "frontends/onnx/convert/session.h"

namespace vireo::onnx {

Outputs constant(Node& n) {
  if (Tensor t = n.tensor("value")) return n.b.constant(t);
  if (const AttributeProto* a = n.attribute("sparse_value"); a && a->sparse_tensor)
    return n.b.constant(n.session.tensor(*a->sparse_tensor, "attribute 'sparse_value'"));
  if (n.has_attribute("value_float")) return n.b.number(element::f32, n.real("value_float", 0));
  if (n.has_attribute("value_floats")) return n.b.numbers(element::f32, n.reals("value_floats"));
  if (n.has_attribute("value_int")) return n.b.integer(n.integer("value_int"));
  if (n.has_attribute("value_ints")) return n.b.ints(n.ints("value_ints", {}));
  if (n.has_attribute("value_string"))
    return n.b.constant(make_strings(Shape{}, {n.text("value_string", "")}));
  if (n.has_attribute("value_strings")) {
    const std::vector<std::string> texts = n.texts("value_strings");
    return n.b.constant(make_strings(Shape{texts.size()}, texts));
  }
  fail(ErrorCode::InvalidModel, "it has no value");
}

Outputs constant_of_shape(Node& n) {
  Tensor value = n.tensor("value");
  if (value && value.get_size() != 1)
    fail(ErrorCode::InvalidModel, "value has {} elements, expected 1", value.get_size());
  const Value scalar = value ? n.b.constant(value.reshaped(Shape{})) : n.b.number(element::f32, 0);
  const Value shape = n.in(0);
  if (shape.shape().is_static() && shape.shape().to_shape() == Shape{0}) return scalar;
  return broadcast(scalar, shape);
}

Outputs range(Node& n) {
  return range(as_scalar(n.in(0)), as_scalar(n.in(1)), as_scalar(n.in(2)), n.in(0).type());
}

Outputs eye_like(Node& n) {
  const Value x = n.in(0);
  const element::Type type =
      n.has_attribute("dtype") ? element_type(n.integer("dtype"), "attribute 'dtype'") : x.type();
  return n.b.add("Eye", 9,
                 {as_scalar(dim_of(x, 0)), as_scalar(dim_of(x, 1)), n.b.integer(n.integer("k", 0))},
                 {{"output_type", type}});
}

namespace {

// Seeds of zero ask for a new stream at every run.
int64_t seed_of(Node& n) {
  const double seed = n.real("seed", 0);
  int32_t bits = 0;
  const float f = float(seed);
  std::memcpy(&bits, &f, sizeof bits);
  return n.has_attribute("seed") ? int64_t(bits & 0x7fffffff) : 0;
}

Value uniform(Node& n, const Value& shape, element::Type type, double low, double high,
              int64_t salt = 0) {
  return n.b.add("RandomUniform", 8, {shape, n.b.number(type, low), n.b.number(type, high)},
                 {{"output_type", type}, {"global_seed", seed_of(n)}, {"op_seed", salt}});
}

// Box and Muller's transform of two uniform streams.
Value normal(Node& n, const Value& shape, element::Type type, double mean, double scale) {
  const element::Type inner = type == element::f64 ? element::f64 : element::f32;
  const Value u = uniform(n, shape, inner, 1e-7, 1.0, 1),
              v = uniform(n, shape, inner, 0.0, 6.283185307179586, 2);
  const Value radius = unary("Sqrt", unary("Log", u) * -2.0);
  return convert(radius * unary("Cos", v) * scale + mean, type);
}

element::Type random_type(Node& n, element::Type otherwise) {
  return n.has_attribute("dtype") ? element_type(n.integer("dtype"), "attribute 'dtype'")
                                  : otherwise;
}

}  // namespace

Outputs random_uniform(Node& n) {
  return uniform(n, n.b.ints(n.ints("shape", {})), random_type(n, element::f32), n.real("low", 0),
                 n.real("high", 1));
}
Outputs random_uniform_like(Node& n) {
  return uniform(n, shape_of(n.in(0)), random_type(n, n.in(0).type()), n.real("low", 0),
                 n.real("high", 1));
}
Outputs random_normal(Node& n) {
  return normal(n, n.b.ints(n.ints("shape", {})), random_type(n, element::f32), n.real("mean", 0),
                n.real("scale", 1));
}
Outputs random_normal_like(Node& n) {
  return normal(n, shape_of(n.in(0)), random_type(n, n.in(0).type()), n.real("mean", 0),
                n.real("scale", 1));
}

Outputs bernoulli(Node& n) {
  const Value p = n.in(0);
  const element::Type type = random_type(n, p.type());
  return convert(binary("Less", uniform(n, shape_of(p), p.type(), 0, 1), p), type);
}

Outputs multinomial(Node& n) {
  const element::Type type = random_type(n, element::i32);
  return n.b.add("Multinomial", 13, {n.in(0), n.b.integer(n.integer("sample_size", 1))},
                 {{"convert_type", type},
                  {"with_replacement", true},
                  {"log_probs", true},
                  {"global_seed", seed_of(n)},
                  {"op_seed", 0}});
}

}  // namespace vireo::onnx
