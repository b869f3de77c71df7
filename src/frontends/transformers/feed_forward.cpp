#include "frontends/transformers/blocks.h"

namespace vireo::transformers {

Value Blocks::activated(const Value& x) {
  switch (model.activation) {
    case Activation::Silu: return words.add("Swish", 4, {x})[0];
    case Activation::GeluTanh:
      return words.add("Gelu", 7, {x}, {{"approximation_mode", "TANH"}})[0];
    case Activation::GeluErf: return words.add("Gelu", 7, {x}, {{"approximation_mode", "ERF"}})[0];
    case Activation::Relu: break;
  }
  return unary("Relu", x);
}

// down(act(gate(x)) * up(x)), or down(act(up(x))) where the model has no gate.
Value Blocks::gated(const Value& x, const std::string& prefix) {
  const Names& names = model.names;
  Value inner;
  if (!names.gate_up.empty()) {
    const Value both = linear(x, prefix + names.gate_up, -1);
    const int64_t width = words.graph().fact(both.ref).shape[2].get_length() / 2;
    const Values parts = split(both, -1, {width, width});
    inner = activated(parts[0]) * parts[1];
  } else if (!names.gate.empty()) {
    inner = activated(linear(x, prefix + names.gate, -1)) * linear(x, prefix + names.up, -1);
  } else {
    inner = activated(linear(x, prefix + names.up, -1));
  }
  return linear(inner, prefix + names.down, model.hidden);
}

// Every expert's answer times its weight, which is zero for those that the router did not choose.
Value Blocks::experts(const Value& x, int64_t layer) {
  const Experts& e = model.experts;
  const Value scores = softmax(linear(x, in_layer(layer, model.names.router), e.count), -1);
  const Values best = words.add(
      "TopK", 11, {scores, words.integer(e.chosen)},
      {{"axis", -1}, {"mode", "max"}, {"sort", "value"}, {"index_element_type", element::i64}});
  Value chosen = best[0];
  if (e.normalised) {
    chosen =
        chosen / words.add("ReduceSum", 1, {chosen, words.ints({-1})}, {{"keep_dims", true}})[0];
  }
  const Value where =
      words.add("OneHot", 1, {best[1], words.integer(e.count), words.number(1), words.number(0)},
                {{"axis", -1}})[0];
  const Value shares = matmul(unsqueeze(chosen, {2}), where, false);  // [batch, length, 1, experts]
  const Value weights_of = reshape(shares, {0, 0, e.count});
  Value sum;
  for (int64_t i = 0; i < e.count; ++i) {
    std::string prefix = in_layer(layer, model.names.expert);
    prefix.replace(prefix.find("{}"), 2, std::to_string(i));
    const Value one = gated(x, prefix) * slice(weights_of, 2, i, i + 1);
    sum = sum ? sum + one : one;
  }
  return sum;
}

Value Blocks::feed_forward(const Value& x, int64_t layer) {
  const Experts& e = model.experts;
  const bool dense = e.count == 0 || (!e.dense.empty() && e.dense[static_cast<size_t>(layer)]);
  return dense ? gated(x, in_layer(layer, model.names.dense)) : experts(x, layer);
}

}  // namespace vireo::transformers
