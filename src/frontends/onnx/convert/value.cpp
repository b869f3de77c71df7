// Values' facts and the nodes that builders add.
#include "frontends/onnx/convert/value.h"

#include "core/values.h"

namespace vireo::onnx {

const Fact& Value::fact() const {
  if (items) fail(ErrorCode::NotSupported, "a sequence stands where a tensor is needed");
  return builder->graph().fact(ref);
}

int64_t Value::rank() const {
  if (!has_rank()) fail(ErrorCode::NotSupported, "an input of unknown rank is not supported here");
  return int64_t(shape().size());
}

Dimension Value::dim(int64_t axis) const {
  if (!has_rank()) return Dimension();
  const int64_t r = rank(), i = axis < 0 ? axis + r : axis;
  if (i < 0 || i >= r)
    fail(ErrorCode::InvalidModel, "axis {} is out of range for rank {}", axis, r);
  return shape()[size_t(i)];
}

std::optional<std::vector<int64_t>> Value::ints() const {
  const Tensor& v = fact().value;
  if (!v || v.get_element_type() == element::string) return std::nullopt;
  return load<int64_t>(v);
}

std::optional<std::vector<double>> Value::doubles() const {
  const Tensor& v = fact().value;
  if (!v || v.get_element_type() == element::string) return std::nullopt;
  return load<double>(v);
}

std::optional<int64_t> Value::scalar_int() const {
  const auto v = ints();
  if (!v || v->size() != 1) return std::nullopt;
  return v->front();
}

std::optional<double> Value::scalar() const {
  const auto v = doubles();
  if (!v || v->size() != 1) return std::nullopt;
  return v->front();
}

std::vector<int64_t> Value::need_ints(const char* what) const {
  std::optional<std::vector<int64_t>> v = ints();
  if (!v) fail(ErrorCode::NotSupported, "{} that are not constant are not supported", what);
  return *std::move(v);
}

int64_t Value::need_int(const char* what) const {
  const std::optional<int64_t> v = scalar_int();
  if (!v)
    fail(ErrorCode::NotSupported, "{} that is not a constant of one element is not supported",
         what);
  return *v;
}

Values Builder::add_all(std::string_view op, int opset, const Values& inputs,
                        const AttrList& attrs) {
  const OpDef* def = ops_.find_in_opset(op, opset);
  if (!def) fail(ErrorCode::NotSupported, "operator {} of opset{} is not supported yet", op, opset);
  std::vector<OutputRef> refs;
  for (const Value& v : inputs) {
    if (!v) fail(ErrorCode::InvalidModel, "an input of {} is missing", op);
    if (v.builder != this) fail(ErrorCode::Internal, "an input of {} is of another graph", op);
    (void)v.fact();
    refs.push_back(v.ref);
  }
  std::string name = fmt::format("{}/{}_{}", prefix_, op, graph_.arena->size());
  const NodeId id =
      graph_.arena->add(*def, make_attrs(def->attrs, attrs, op), std::move(refs), std::move(name));
  Values outputs;
  for (uint32_t i = 0; i < graph_[id].outputs.size(); ++i)
    outputs.emplace_back(*this, OutputRef{id, i});
  return outputs;
}

Value Builder::add(std::string_view op, int opset, const Values& inputs, const AttrList& attrs) {
  return add_all(op, opset, inputs, attrs).at(0);
}

Value Builder::constant(Tensor value) {
  std::string name = fmt::format("{}/Constant_{}", prefix_, graph_.arena->size());
  return at(graph_.add_constant(std::move(value), std::move(name)));
}

Value Builder::ints(const std::vector<int64_t>& values) { return constant(make_i64(values)); }
Value Builder::integer(int64_t value) { return constant(make_i64_scalar(value)); }

Value Builder::number(element::Type type, double value) {
  return constant(make_tensor<double>(type, Shape{}, {value}));
}

Value Builder::numbers(element::Type type, const std::vector<double>& values) {
  return constant(make_tensor<double>(type, Shape{values.size()}, values));
}

Value Builder::like(const Value& other, double value) {
  if (other.type().is_static()) return number(other.type(), value);
  return add("ConvertLike", 1, {number(element::f32, value), other});
}

}  // namespace vireo::onnx
