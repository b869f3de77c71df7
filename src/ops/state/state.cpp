// ReadValue gives a variable's value, or its input before the variable was ever assigned; Assign
// sets it.
#include "ops/state/state.h"

#include "core/values.h"

namespace vireo::ops {

void visit(AttrVisitor& v, ReadValue& a) {
  v.on("variable_id", a.variable_id);
  v.on("variable_type", a.variable_type);
  v.on("variable_shape", a.variable_shape);
}
void visit(AttrVisitor& v, VariableId& a) { v.on("variable_id", a.variable_id); }

namespace {

void infer_read_3(InferContext& c) {
  c.expect_inputs(1, 1);
  c.set_output(0, c.type(0), c.shape(0));
}

void infer_read_6(InferContext& c) {
  c.expect_inputs(0, 1);
  const auto& a = c.attrs<ReadValue>();
  if (c.inputs() == 0) return c.set_output(0, a.variable_type, a.variable_shape);
  element::Type type = a.variable_type;
  if (type.is_static() && c.type(0).is_static() && type != c.type(0))
    c.fail("variable '{}' is {}, its first value {}", a.variable_id, type.name(), c.type(0).name());
  if (type.is_dynamic()) type = c.type(0);
  if (!c.shape(0).compatible(a.variable_shape))
    c.fail("variable '{}' has shape {}, its first value {}", a.variable_id,
           a.variable_shape.to_string(), c.shape(0).to_string());
  c.set_output(0, type, a.variable_shape);
}

void infer_assign(InferContext& c) {
  c.expect_inputs(1, 1);
  c.set_output(0, c.type(0), c.shape(0));
}

void evaluate_read(EvalContext& c) {
  const std::string& id =
      c.version() == 3 ? c.attrs<VariableId>().variable_id : c.attrs<ReadValue>().variable_id;
  if (Tensor* value = c.variables ? c.variables->find(id) : nullptr) return c.set_output(0, *value);
  if (c.inputs() > 0) return c.set_output(0, c.input(0));
  // Never assigned and without a first value: zeros, of no elements where the extent is unknown.
  const auto& a = c.attrs<ReadValue>();
  Shape shape;
  for (const Dimension& d : a.variable_shape)
    shape.push_back(d.is_static() ? size_t(d.get_length()) : 0);
  Tensor& out = c.output(
      0, a.variable_type.is_static() ? a.variable_type : element::Type(element::f32), shape);
  if (out.get_element_type() != element::string)
    store(out, std::vector<int64_t>(out.get_size(), 0));
}

void evaluate_assign(EvalContext& c) {
  if (c.variables) c.variables->assign(c.attrs<VariableId>().variable_id, c.input(0));
  c.set_output(0, c.input(0));
}

}  // namespace

VIREO_DEFINE_OP(read_value_3){
    "ReadValue",      3,        &kAttrType<VariableId>, infer_read_3, evaluate_read,
    Tolerance::Exact, kStateful};
VIREO_DEFINE_OP(read_value_6){
    "ReadValue",      6,        &kAttrType<ReadValue>, infer_read_6, evaluate_read,
    Tolerance::Exact, kStateful};
VIREO_DEFINE_OP(assign_3){
    "Assign",         3, &kAttrType<VariableId>, infer_assign, evaluate_assign, Tolerance::Exact,
    kStateful | kSink};
VIREO_DEFINE_OP(assign_6){
    "Assign",         6, &kAttrType<VariableId>, infer_assign, evaluate_assign, Tolerance::Exact,
    kStateful | kSink};

}  // namespace vireo::ops
