// Activations and softmax.
#include "frontends/onnx/convert/node.h"

namespace vireo::onnx {
namespace {

Value gelu_of(const Value& x, bool tanh) {
  return x.builder->add("Gelu", 7, {x}, {{"approximation_mode", tanh ? "TANH" : "ERF"}});
}

// Before opset 13 softmax ran over all axes from `axis` on.
template <typename F>
Value over_flat_tail(Node& n, F&& f) {
  const Value x = n.in(0);
  const int64_t rank = x.rank(),
                axis = normal_axis(n.integer("axis", 1), std::max<int64_t>(rank, 1));
  if (axis == rank - 1) return f(x, axis);
  const Value shape = shape_of(x);
  Value head = axis == 0 ? n.b.ints({1}) : reduce("ReduceProd", slice(shape, 0, 0, axis), {0});
  Value flat = reshape(x, concat({head, n.b.ints({-1})}, 0));
  return reshape(f(flat, 1), shape);
}

Value log_softmax(const Value& x, int64_t axis) {
  return x.builder->add("LogSoftmax", 5, {x}, {{"axis", axis}});
}

Value hardmax_over(const Value& x, int64_t axis) {
  Builder& b = *x.builder;
  const Value top = b.add_all("TopK", 11, {x, b.integer(1)},
                              {{"axis", axis},
                               {"mode", "max"},
                               {"sort", "value"},
                               {"stable", true},
                               {"index_element_type", element::i64}})
                        .at(1);
  return b.add("OneHot", 1,
               {squeeze(top, {axis}), as_scalar(dim_of(x, axis)), b.like(x, 1), b.like(x, 0)},
               {{"axis", axis}});
}

}  // namespace

Outputs softmax_1(Node& n) {
  return over_flat_tail(n, [](const Value& x, int64_t axis) { return softmax(x, axis); });
}
Outputs softmax_13(Node& n) { return softmax(n.in(0), n.integer("axis", -1)); }
Outputs log_softmax_1(Node& n) {
  return over_flat_tail(n, [](const Value& x, int64_t axis) { return log_softmax(x, axis); });
}
Outputs log_softmax_13(Node& n) { return log_softmax(n.in(0), n.integer("axis", -1)); }
Outputs hardmax_1(Node& n) {
  return over_flat_tail(n, [](const Value& x, int64_t axis) { return hardmax_over(x, axis); });
}
Outputs hardmax_13(Node& n) {
  return hardmax_over(n.in(0), normal_axis(n.integer("axis", -1), n.in(0).rank()));
}

Outputs leaky_relu(Node& n) {
  const Value x = n.in(0);
  const Value slope = x.type().is_static() ? n.b.numbers(x.type(), {n.real("alpha", 0.01)})
                                           : n.b.like(x, n.real("alpha", 0.01));
  return n.b.add("PRelu", 1, {x, slope});
}

// ONNX aligns the slope at the right like NumPy; IR's PRelu takes one number per channel.
Outputs prelu(Node& n) {
  const Value x = n.in(0), slope = n.in(1);
  if (slope.shape().is_static() && x.has_rank()) {
    const Shape shape = slope.shape().to_shape();
    const int64_t pad = x.rank() - int64_t(shape.size());
    if (shape_size(shape) == 1)
      return n.b.add("PRelu", 1, {x, reshape(slope, std::vector<int64_t>{1})});
    bool channels = pad >= 0 && x.rank() >= 2;
    for (size_t i = 0; i < shape.size(); ++i)
      channels = channels && (shape[i] == 1 || int64_t(i) + pad == 1);
    if (channels) return n.b.add("PRelu", 1, {x, reshape(slope, std::vector<int64_t>{-1})});
  }
  return select(binary("Less", x, n.b.like(x, 0)), x * slope, x);
}

// Before opset 7 a slope of rank 1 was one number per channel.
Outputs prelu_1(Node& n) {
  const Value slope = n.in(1);
  if (slope.rank() == 1) return n.b.add("PRelu", 1, {n.in(0), slope});
  return prelu(n);
}

Outputs elu(Node& n) { return n.b.add("Elu", 1, {n.in(0)}, {{"alpha", n.real("alpha", 1.0)}}); }

Outputs selu(Node& n) {
  const Value x = n.in(0);
  const double alpha = n.real("alpha", n.opset < 6 ? 1.6732 : 1.67326319217681884765625);
  const double gamma = n.real("gamma", n.opset < 6 ? 1.0507 : 1.05070102214813232421875);
  const auto one = [&](double v) {
    return x.type().is_static() ? n.b.numbers(x.type(), {v}) : n.b.like(x, v);
  };
  return n.b.add("Selu", 1, {x, one(alpha), one(gamma)});
}

Outputs hard_sigmoid(Node& n) {
  const Value x = n.in(0);
  return n.b.add("HardSigmoid", 1,
                 {x, n.b.like(x, n.real("alpha", 0.2f)), n.b.like(x, n.real("beta", 0.5))});
}

Outputs celu(Node& n) {
  const Value x = n.in(0);
  const double alpha = n.real("alpha", 1.0);
  return maximum(x, 0) + n.b.add("Elu", 1, {minimum(x, 0) / alpha}, {{"alpha", alpha}});
}

Outputs thresholded_relu(Node& n) {
  const Value x = n.in(0);
  return select(binary("Greater", x, n.b.like(x, n.real("alpha", 1.0))), x, n.b.like(x, 0));
}

Outputs shrink(Node& n) {
  const Value x = n.in(0);
  const double bias = n.real("bias", 0), lambda = n.real("lambd", 0.5);
  const Value zero = n.b.like(x, 0);
  const Value low = select(binary("Less", x, n.b.like(x, -lambda)), x + bias, zero);
  return select(binary("Greater", x, n.b.like(x, lambda)), x - bias, low);
}

Outputs gelu(Node& n) { return gelu_of(n.in(0), n.text("approximate", "none") == "tanh"); }

Outputs swish(Node& n) {
  const Value x = n.in(0);
  return n.b.add("Swish", 4, {x, n.b.like(x, n.real("alpha", 1.0))});
}

Outputs swi_glu(Node& n) {
  const Value gate = n.in(0), x = n.in(1);
  return n.b.add("Swish", 4, {gate, n.b.like(gate, n.real("alpha", 1.0))}) * x;
}

Outputs ms_gelu(Node& n) { return gelu_of(n.in(0), false); }
Outputs ms_bias_gelu(Node& n) { return gelu_of(n.in(0) + n.in(1), false); }
Outputs ms_fast_gelu(Node& n) { return gelu_of(n.has(1) ? n.in(0) + n.in(1) : n.in(0), true); }
Outputs ms_quick_gelu(Node& n) {
  const Value x = n.in(0);
  return n.b.add("Swish", 4, {x, n.b.like(x, n.real("alpha", 1.702f))});
}

}  // namespace vireo::onnx
