// LSTM, GRU and RNN.
#include <algorithm>
#include <cstring>

#include "base/support/parse.h"
#include "core/values.h"
#include "frontends/onnx/convert/node.h"

namespace vireo::onnx {
namespace {

// Puts the blocks of axis 1 in another order: gates have an order of their own in ONNX.
Value reorder(const Value& v, const std::vector<int64_t>& order) {
  const int64_t count = int64_t(order.size());
  const Tensor& t = v.fact().value;
  if (!t || t.get_element_type().is_packed() || t.get_shape().size() < 2 ||
      t.get_shape()[1] % size_t(count)) {
    const Values parts = split(v, 1, count);
    Values picked;
    for (int64_t i : order) picked.push_back(parts[size_t(i)]);
    return concat(picked, 1);
  }
  const Tensor dense = t.dense();
  Tensor out(dense.get_element_type(), dense.get_shape());
  const size_t block =
      dense.get_byte_size() / std::max<size_t>(1, dense.get_shape()[0]) / size_t(count);
  for (size_t d = 0; d < dense.get_shape()[0]; ++d)
    for (size_t g = 0; g < size_t(count); ++g)
      std::memcpy(
          static_cast<char*>(out.data()) + (d * size_t(count) + g) * block,
          static_cast<const char*>(dense.data()) + (d * size_t(count) + size_t(order[g])) * block,
          block);
  return v.builder->constant(out);
}

// What the three networks share, in IR's layout (batch first).
struct Parts {
  Value x, w, r, bias, lengths, h0;
  int64_t hidden, directions;
  std::string direction;
  bool batch_first;
};

std::string direction_of(Node& n) {
  const std::string d = n.text("direction", "forward");
  if (d != "forward" && d != "reverse" && d != "bidirectional")
    fail(ErrorCode::InvalidModel, "direction '{}' does not exist", d);
  return d;
}

Value state(Node& n, const Parts& p, size_t input) {
  if (!n.has(input))
    return broadcast(n.b.like(p.x, 0),
                     concat({dim_of(p.x, 0), n.b.ints({p.directions, p.hidden})}, 0));
  return p.batch_first ? n.in(input) : transpose(n.in(input), {1, 0, 2});
}

Parts parts_of(Node& n, int64_t gates) {
  Parts p;
  p.direction = direction_of(n);
  p.directions = p.direction == "bidirectional" ? 2 : 1;
  p.batch_first = n.integer("layout", 0) != 0;
  p.x = p.batch_first ? n.in(0) : transpose(n.in(0), {1, 0, 2});
  p.w = n.in(1);
  p.r = n.in(2);
  const Dimension width = p.r.dim(2);
  p.hidden = n.integer("hidden_size", width.is_static() ? width.get_length() : 0);
  if (p.hidden < 1) fail(ErrorCode::InvalidModel, "hidden_size is {}", p.hidden);
  const Dimension rows = p.w.dim(1);
  if (rows.is_static() && rows.get_length() != gates * p.hidden)
    fail(ErrorCode::InvalidModel, "weights have {} rows, expected {}", rows.get_length(),
         gates * p.hidden);
  p.lengths = n.has(4)
                  ? convert(n.in(4), element::i32)
                  : convert(broadcast(as_scalar(dim_of(p.x, 1)), dim_of(p.x, 0)), element::i32);
  p.h0 = state(n, p, 5);
  return p;
}

// Both biases of ONNX in one, gate by gate.
Value summed_bias(Node& n, const Parts& p, int64_t gates) {
  if (!n.has(3)) return broadcast(n.b.like(p.w, 0), n.b.ints({p.directions, gates * p.hidden}));
  const Values halves = split(n.in(3), 1, 2);
  return halves[0] + halves[1];
}

std::vector<std::string> activations(Node& n, std::vector<std::string> otherwise, const Parts& p) {
  std::vector<std::string> names = n.texts("activations");
  if (names.empty()) return otherwise;
  for (std::string& s : names) s = to_lower(s);
  const size_t each = otherwise.size();
  if (names.size() != each * size_t(p.directions))
    fail(ErrorCode::InvalidModel, "{} activations, expected {}", names.size(),
         each * size_t(p.directions));
  if (p.directions == 2 &&
      !std::equal(names.begin(), names.begin() + int64_t(each), names.begin() + int64_t(each)))
    fail(ErrorCode::NotSupported, "activations that differ by direction are not supported");
  names.resize(each);
  return names;
}

AttrList attrs_of(Node& n, const Parts& p, std::vector<std::string> functions) {
  return {{"hidden_size", p.hidden},
          {"direction", p.direction},
          {"activations", activations(n, std::move(functions), p)},
          {"activations_alpha", n.reals("activation_alpha")},
          {"activations_beta", n.reals("activation_beta")},
          {"clip", n.real("clip", 0)}};
}

// Y and the last states back to ONNX's layout.
Outputs outputs_of(const Parts& p, Values out) {
  out[0] = transpose(
      out[0], p.batch_first ? std::vector<int64_t>{0, 2, 1, 3} : std::vector<int64_t>{2, 1, 0, 3});
  if (!p.batch_first)
    for (size_t i = 1; i < out.size(); ++i) out[i] = transpose(out[i], {1, 0, 2});
  return out;
}

bool all_zero(const Value& v) {
  const auto values = v.doubles();
  return values && std::all_of(values->begin(), values->end(), [](double x) { return x == 0; });
}

}  // namespace

Outputs lstm(Node& n) {
  if (n.has(7) && !all_zero(n.in(7))) fail(ErrorCode::NotSupported, "peepholes are not supported");
  if (n.integer("input_forget", 0)) fail(ErrorCode::NotSupported, "input_forget is not supported");
  const Parts p = parts_of(n, 4);
  const std::vector<int64_t> order{2, 0, 3, 1};  // i, o, f, c to f, i, c, o
  const Value c0 = state(n, p, 6);
  return outputs_of(p, n.b.add_all("LSTMSequence", 5,
                                   {p.x, p.h0, c0, p.lengths, reorder(p.w, order),
                                    reorder(p.r, order), reorder(summed_bias(n, p, 4), order)},
                                   attrs_of(n, p, {"sigmoid", "tanh", "tanh"})));
}

Outputs gru(Node& n) {
  const Parts p = parts_of(n, 3);
  const bool linear = n.integer("linear_before_reset", 0) != 0;
  Value bias;
  if (!linear) {
    bias = summed_bias(n, p, 3);
  } else if (!n.has(3)) {
    bias = broadcast(n.b.like(p.w, 0), n.b.ints({p.directions, 4 * p.hidden}));
  } else {
    const Values b = split(n.in(3), 1, 6);  // the recurrent bias of the candidate stays apart
    bias = concat({b[0] + b[3], b[1] + b[4], b[2], b[5]}, 1);
  }
  AttrList attrs = attrs_of(n, p, {"sigmoid", "tanh"});
  attrs.emplace_back("linear_before_reset", linear);
  return outputs_of(p,
                    n.b.add_all("GRUSequence", 5, {p.x, p.h0, p.lengths, p.w, p.r, bias}, attrs));
}

Outputs rnn(Node& n) {
  const Parts p = parts_of(n, 1);
  return outputs_of(
      p, n.b.add_all("RNNSequence", 5, {p.x, p.h0, p.lengths, p.w, p.r, summed_bias(n, p, 1)},
                     attrs_of(n, p, {"tanh"})));
}

}  // namespace vireo::onnx
