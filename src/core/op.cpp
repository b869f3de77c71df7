// Operators: the registry, and the contexts of inference and evaluation.
#include "core/op.h"

#include <algorithm>
#include <stdexcept>

#include "base/support/parse.h"
#include "core/opsets.h"
#include "core/values.h"

namespace vireo {
namespace {

bool before(const OpDef* a, const OpDef* b) {
  return a->name != b->name ? a->name < b->name : a->version < b->version;
}

std::string where(const OpDef& op, std::string_view node_name) {
  return fmt::format("{} '{}'", to_lower(op.name), node_name);
}

}  // namespace

std::string OpDef::opset() const {
  return version == 0                 ? "vireo"
         : version == kExtensionOpset ? "extension"
                                      : fmt::format("opset{}", version);
}
std::string OpDef::full_name() const {
  return version <= 0 ? std::string(name) : fmt::format("{}-{}", name, version);
}

OpRegistry::OpRegistry(span<const OpDef* const> ops, const OpRegistry* base)
    : ops_(ops.begin(), ops.end()), base_(base) {
  std::sort(ops_.begin(), ops_.end(), before);
}

void OpRegistry::add(const OpDef* op) {
  ops_.insert(std::upper_bound(ops_.begin(), ops_.end(), op, before), op);
}

const OpDef* OpRegistry::find(std::string_view name, int version) const {
  OpDef key{name, version};
  auto it = std::lower_bound(ops_.begin(), ops_.end(), &key, before);
  if (it != ops_.end() && (*it)->name == name && (*it)->version == version) return *it;
  return base_ ? base_->find(name, version) : nullptr;
}

const OpDef* OpRegistry::find_in_opset(std::string_view name, int opset) const {
  const OpDef* best = base_ ? base_->find_in_opset(name, opset) : nullptr;
  for (const OpDef* op : ops_)
    if (op->name == name && op->version != 0 && op->version <= opset &&
        (!best || op->version > best->version))
      best = op;
  return best;
}

bool OpRegistry::knows(std::string_view name) const {
  return std::any_of(ops_.begin(), ops_.end(), [&](const OpDef* op) { return op->name == name; }) ||
         (base_ && base_->knows(name));
}

std::vector<const OpDef*> OpRegistry::all() const {
  std::vector<const OpDef*> out = base_ ? base_->all() : std::vector<const OpDef*>();
  out.insert(out.end(), ops_.begin(), ops_.end());
  return out;
}

void InferContext::fail_text(const std::string& text) const {
  throw_error(ErrorCode::InvalidModel, fmt::format("{}: {}", where(op_, node_name_), text));
}

void InferContext::expect_inputs(size_t min, size_t max) const {
  if (inputs() >= min && inputs() <= max) return;
  if (min == max) fail("has {} inputs, expected {}", inputs(), min);
  fail("has {} inputs, expected {} to {}", inputs(), min, max);
}

element::Type InferContext::common_type(size_t first, size_t last) const {
  element::Type type;
  for (size_t i = first; i < std::min(last, inputs()); ++i) {
    const element::Type t = input(i).type;
    if (t.is_dynamic()) continue;
    if (type.is_static() && t != type)
      fail("element type of input {} is {}, expected {}", i, t.name(), type.name());
    type = t;
  }
  return type;
}

void InferContext::expect_real(size_t i) const {
  if (type(i).is_static() && !type(i).is_real())
    fail("element type of input {} is {}, expected a floating point type", i, type(i).name());
}
void InferContext::expect_integral(size_t i) const {
  if (type(i).is_static() && !type(i).is_integral_number())
    fail("element type of input {} is {}, expected an integer type", i, type(i).name());
}
void InferContext::expect_rank(size_t i, int64_t min, int64_t max) const {
  if (!shape(i).rank_is_static()) return;
  const int64_t rank = int64_t(shape(i).size());
  if (rank >= min && rank <= max) return;
  if (min == max)
    fail("input {} has the shape {} of rank {}, expected rank {}", i, shape(i).to_string(), rank,
         min);
  fail("input {} has the shape {} of rank {}, expected rank {} to {}", i, shape(i).to_string(),
       rank, min, max);
}

std::optional<std::vector<int64_t>> InferContext::ints(size_t i) const {
  if (i >= inputs()) return std::nullopt;
  if (input(i).value) return load<int64_t>(input(i).value);
  if (!input(i).dims) return std::nullopt;
  std::vector<int64_t> out;
  for (const Dimension& d : *input(i).dims) {
    if (d.is_dynamic()) return std::nullopt;
    out.push_back(d.min());
  }
  return out;
}

std::optional<std::vector<double>> InferContext::doubles(size_t i) const {
  if (i >= inputs()) return std::nullopt;
  if (input(i).value) return load<double>(input(i).value);
  auto whole = ints(i);
  if (!whole) return std::nullopt;
  return std::vector<double>(whole->begin(), whole->end());
}

std::optional<int64_t> InferContext::scalar_int(size_t i) const {
  auto v = ints(i);
  if (!v || v->size() != 1) return std::nullopt;
  return (*v)[0];
}

std::optional<std::vector<Dimension>> InferContext::dims(size_t i) const {
  if (i >= inputs()) return std::nullopt;
  if (input(i).dims) return input(i).dims;
  if (!input(i).value || !input(i).type.is_integral_number()) return std::nullopt;
  std::vector<Dimension> out;
  for (int64_t v : load<int64_t>(input(i).value)) {
    if (v < 0) return std::nullopt;
    out.emplace_back(v);
  }
  return out;
}

int64_t InferContext::axis(int64_t axis, int64_t rank) const {
  if (axis < -rank || axis >= rank) fail("axis {} is out of range for rank {}", axis, rank);
  return axis < 0 ? axis + rank : axis;
}

void InferContext::set_output(size_t i, element::Type type, PartialShape shape) {
  if (outputs_.size() <= i) outputs_.resize(i + 1);
  outputs_[i].type = type;
  outputs_[i].shape = std::move(shape);
}
void InferContext::set_dims(size_t i, std::vector<Dimension> dims) {
  outputs_[i].dims = std::move(dims);
}
void InferContext::set_value(size_t i, Tensor value) { outputs_[i].value = std::move(value); }

void EvalContext::fail_text(const std::string& text) const {
  throw_error(ErrorCode::InvalidArgument, fmt::format("{}: {}", where(op_, node_name_), text));
}

void EvalContext::check_cancelled() const {
  if (cancelled && cancelled(cancel_context)) throw Cancelled("the inference was cancelled");
}

const std::vector<Fact>& EvalContext::facts() {
  if (inferred_) return facts_;
  std::vector<Fact> inputs;
  inputs.reserve(inputs_.size());
  for (const Tensor& t : inputs_)
    inputs.push_back({t.get_element_type(), t.get_shape(), t, std::nullopt});
  std::vector<const Fact*> pointers;
  for (const Fact& f : inputs) pointers.push_back(&f);
  InferContext c(op_, attrs_, node_name_, std::move(pointers));
  op_.infer(c);
  facts_ = std::move(c.outputs());
  inferred_ = true;
  return facts_;
}

Tensor& EvalContext::output(size_t i) {
  if (i < outputs_.size() && outputs_[i]) return outputs_[i];
  const Fact& fact = facts().at(i);
  if (fact.shape.is_dynamic())
    fail("shape {} of output {} is not known", fact.shape.to_string(), i);
  return output(i, fact.type, fact.shape.to_shape());
}

Tensor& EvalContext::output(size_t i, element::Type type, const Shape& shape) {
  if (outputs_.size() <= i) outputs_.resize(i + 1);
  outputs_[i] = Tensor(type, shape);
  return outputs_[i];
}

void EvalContext::set_output(size_t i, Tensor tensor) {
  if (outputs_.size() <= i) outputs_.resize(i + 1);
  outputs_[i] = std::move(tensor);
}

std::vector<Tensor> evaluate_op(const OpDef& op, const Attrs& attrs, std::string_view name,
                                const std::vector<Tensor>& inputs, VariableStore* variables,
                                bool (*cancelled)(const void*), const void* cancel_context) {
  if (!op.evaluate)
    fail(ErrorCode::NotSupported, "{}: operator {} has no evaluation yet", where(op, name),
         op.full_name());
  std::vector<Tensor> dense;
  dense.reserve(inputs.size());
  for (const Tensor& t : inputs) dense.push_back(t ? t.dense() : t);
  EvalContext c(op, attrs, name, std::move(dense));
  c.variables = variables;
  c.cancelled = cancelled;
  c.cancel_context = cancel_context;
  // Evaluation may rely on what inference checks, also where the graph knew too little to check it.
  // Control flow checks by itself: to infer its bodies again would cost too much.
  const bool present =
      std::all_of(inputs.begin(), inputs.end(), [](const Tensor& t) { return bool(t); });
  if (present && !op.has(kStateful | kStructural)) c.facts();
  try {
    op.evaluate(c);
  } catch (const std::out_of_range&) {
    fail(ErrorCode::InvalidArgument, "{}: an input has fewer elements than are needed",
         where(op, name));
  }
  return std::move(c.outputs());
}

}  // namespace vireo
