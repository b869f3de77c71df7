#include "frontends/transformers/words.h"

#include <algorithm>
#include <limits>

#include "ops/registry.h"

namespace vireo::transformers {

Values Words::add(std::string_view op, int opset, const Values& inputs, const AttrList& attrs,
                  std::string name) {
  std::vector<OutputRef> sources;
  for (const Value& input : inputs) sources.push_back(input.ref);
  const NodeId id = add_op(graph_, op, opset, std::move(sources), attrs, std::move(name));
  Values outputs;
  for (size_t i = 0; i < graph_[id].outputs.size(); ++i) {
    outputs.push_back({this, {id, static_cast<uint32_t>(i)}});
  }
  return outputs;
}

Value Words::constant(Tensor value, std::string name) {
  return {this, graph_.add_constant(std::move(value), std::move(name))};
}

Value Words::ints(const std::vector<int64_t>& values) {
  Tensor tensor(element::i64, Shape{values.size()});
  std::copy(values.begin(), values.end(), tensor.data<int64_t>());
  return constant(std::move(tensor));
}

Value Words::integer(int64_t value) {
  Tensor tensor(element::i64, Shape{});
  *tensor.data<int64_t>() = value;
  return constant(std::move(tensor));
}

Value Words::number(double value) { return floats({static_cast<float>(value)}, Shape{}); }

Value Words::floats(const std::vector<float>& values, const Shape& shape) {
  Tensor tensor(element::f32, shape);
  std::copy(values.begin(), values.end(), tensor.data<float>());
  return constant(std::move(tensor));
}

Value Words::parameter(const std::string& name, element::Type type, const PartialShape& shape) {
  const OutputRef ref = graph_.add_parameter(type, shape, name);
  graph_.arena->edit(ref.node).outputs[0].names.push_back(name);
  return {this, ref};
}

Value operator+(const Value& a, const Value& b) { return binary("Add", a, b); }
Value operator-(const Value& a, const Value& b) { return binary("Subtract", a, b); }
Value operator*(const Value& a, const Value& b) { return binary("Multiply", a, b); }
Value operator/(const Value& a, const Value& b) { return binary("Divide", a, b); }
Value operator*(const Value& a, double b) { return b == 1 ? a : a * a.words->number(b); }

Value unary(const char* op, const Value& x) { return x.words->add(op, 16, {x})[0]; }
Value binary(const char* op, const Value& a, const Value& b) {
  return a.words->add(op, 16, {a, b})[0];
}

Value convert(const Value& x, element::Type type) {
  if (x.words->graph().fact(x.ref).type == type) return x;
  return x.words->add("Convert", 1, {x}, {{"destination_type", type}})[0];
}

Value reshape(const Value& x, const std::vector<int64_t>& shape) {
  return x.words->add("Reshape", 1, {x, x.words->ints(shape)}, {{"special_zero", true}})[0];
}

Value transpose(const Value& x, const std::vector<int64_t>& order) {
  return x.words->add("Transpose", 1, {x, x.words->ints(order)})[0];
}

Value unsqueeze(const Value& x, const std::vector<int64_t>& axes) {
  return x.words->add("Unsqueeze", 1, {x, x.words->ints(axes)})[0];
}

Value concat(const Values& parts, int64_t axis) {
  return parts[0].words->add("Concat", 1, parts, {{"axis", axis}})[0];
}

Values split(const Value& x, int64_t axis, const std::vector<int64_t>& lengths) {
  return x.words->add("VariadicSplit", 1, {x, x.words->integer(axis), x.words->ints(lengths)});
}

Value slice(const Value& x, int64_t axis, int64_t begin, int64_t end) {
  Words& w = *x.words;
  return w.add("Slice", 8, {x, w.ints({begin}), w.ints({end}), w.ints({1}), w.ints({axis})})[0];
}

Value gather(const Value& x, const Value& indices, int64_t axis) {
  return x.words->add("Gather", 8, {x, indices, x.words->integer(axis)})[0];
}

Value broadcast(const Value& x, const Value& shape) {
  return x.words->add("Broadcast", 3, {x, shape}, {{"mode", "bidirectional"}})[0];
}

Value dims(const Value& x, const std::vector<int64_t>& axes) {
  const Value shape = x.words->add("ShapeOf", 3, {x}, {{"output_type", element::i64}})[0];
  return gather(shape, x.words->ints(axes), 0);
}

Value matmul(const Value& a, const Value& b, bool transpose_b) {
  return a.words->add("MatMul", 1, {a, b},
                      {{"transpose_a", false}, {"transpose_b", transpose_b}})[0];
}

Value mean(const Value& x) {
  return x.words->add("ReduceMean", 1, {x, x.words->ints({-1})}, {{"keep_dims", true}})[0];
}

Value softmax(const Value& x, int64_t axis) {
  return x.words->add("Softmax", 8, {x}, {{"axis", axis}})[0];
}

Value from_blocks(const Value& bytes, ops::BlockFormat format, const std::string& name) {
  Graph& graph = bytes.words->graph();
  const ops::BlockDequantise attrs{format};
  return {bytes.words, graph.add(ops::block_dequantise_0, attrs, {bytes.ref}, name)};
}

}  // namespace vireo::transformers
