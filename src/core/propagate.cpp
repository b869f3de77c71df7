// infer_facts: an operator's own inference, then what follows for values. Shapes computed by
// ShapeOf, Gather, Concat and the like stay known, with their symbols, without an operator having
// to do anything but carry a flag.
#include <algorithm>

#include "core/op.h"
#include "core/values.h"

namespace vireo {
namespace {

constexpr size_t kMaxFolded = 1024;  // elements of a value that is evaluated during inference
constexpr size_t kMaxPartial = 256;  // elements of a partly known value
constexpr int64_t kHuge = int64_t(1) << 31;  // stands for "unbounded" while bounds are evaluated
constexpr int64_t kOverHuge = int64_t(1) << 30;

using Facts = std::vector<Fact>;
using Inputs = std::vector<const Fact*>;

bool small(const Fact& f, size_t limit) {
  return f.shape.is_static() && shape_size(f.shape.to_shape()) <= limit;
}

bool may_evaluate(const OpDef& op) {
  return op.evaluate && !op.has(kRandom | kStateful | kStructural | kSink | kCompressed);
}

void fold(const OpDef& op, const Attrs& attrs, std::string_view name, const Inputs& inputs,
          Facts& outputs) {
  std::vector<Tensor> values;
  for (const Fact* f : inputs) {
    if (!f->value || f->value.get_size() > kMaxFolded) return;
    values.push_back(f->value);
  }
  for (const Fact& f : outputs)
    if (f.shape.is_static() ? !small(f, kMaxFolded) : !op.has(kDataDependentShape)) return;
  std::vector<Tensor> results = evaluate_op(op, attrs, name, values);
  if (results.size() < outputs.size()) return;
  for (size_t i = 0; i < outputs.size(); ++i) {
    outputs[i] = {results[i].get_element_type(), results[i].get_shape(), results[i], std::nullopt};
  }
}

// A tensor of the fact's shape in i64 with one number per element.
Tensor numbered(const Fact& f, const std::vector<int64_t>& numbers) {
  return make_tensor(element::i64, f.shape.to_shape(), numbers);
}

// A negative number (the -1 of a Reshape's pattern) is no extent; among numbers that only move it
// may stand as an unknown one.
std::optional<std::vector<Dimension>> known_dims(const Fact& f, bool negative_unknown) {
  if (f.dims) return f.dims;
  if (!f.value || f.value.get_size() > kMaxPartial || !f.type.is_integral_number())
    return std::nullopt;
  std::vector<Dimension> out;
  for (int64_t v : load<int64_t>(f.value)) {
    if (v < 0 && !negative_unknown) return std::nullopt;
    out.push_back(v < 0 ? Dimension() : Dimension(v));
  }
  return out;
}

// Evaluates on element numbers and sees where they went.
void move_dims(const OpDef& op, const Attrs& attrs, std::string_view name, const Inputs& inputs,
               Facts& outputs) {
  std::vector<Dimension> table;
  std::vector<Tensor> values;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Fact& f = *inputs[i];
    if (i > 0 && !op.has(kMovesAllInputs)) {
      if (!f.value) return;
      values.push_back(f.value);
      continue;
    }
    auto dims = known_dims(f, true);
    if (!dims || !f.shape.is_static()) return;
    std::vector<int64_t> numbers(dims->size());
    for (size_t k = 0; k < numbers.size(); ++k) numbers[k] = int64_t(table.size() + k);
    table.insert(table.end(), dims->begin(), dims->end());
    values.push_back(numbered(f, numbers));
  }
  const std::vector<Tensor> results = evaluate_op(op, attrs, name, values);
  for (size_t i = 0; i < std::min(outputs.size(), results.size()); ++i) {
    if (!outputs[i].type.is_integral_number() ||
        !results[i].get_element_type().is_integral_number())
      continue;
    std::vector<Dimension> dims;
    for (int64_t k : load<int64_t>(results[i])) {
      if (k < 0 || size_t(k) >= table.size()) return;
      dims.push_back(table[size_t(k)]);
    }
    outputs[i].shape = results[i].get_shape();
    outputs[i].dims = std::move(dims);
  }
}

// Element-wise on integers: the bounds of the result from the bounds of the inputs.
void bound_dims(const OpDef& op, const Attrs& attrs, std::string_view name, const Inputs& inputs,
                Facts& outputs) {
  std::vector<Tensor> low, high;
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto dims = known_dims(*inputs[i], false);
    if (!dims || !inputs[i]->shape.is_static()) return;
    std::vector<int64_t> min, max;
    for (const Dimension& d : *dims) {
      min.push_back(d.min());
      max.push_back(std::min(d.max(), kHuge));
    }
    const bool falls = i == 1 && op.has(kAntitoneInput1);
    low.push_back(numbered(*inputs[i], falls ? max : min));
    high.push_back(numbered(*inputs[i], falls ? min : max));
  }
  const std::vector<Tensor> lows = evaluate_op(op, attrs, name, low),
                            highs = evaluate_op(op, attrs, name, high);
  const auto min = load<int64_t>(lows.at(0)), max = load<int64_t>(highs.at(0));
  std::vector<Dimension> dims;
  for (size_t i = 0; i < min.size(); ++i) {
    const int64_t a = std::clamp<int64_t>(min[i], 0, kOverHuge);
    dims.emplace_back(a, max[i] >= kOverHuge || max[i] < a ? -1 : max[i]);
  }
  outputs[0].dims = std::move(dims);
}

// Dimensions that are all single numbers are a value.
void settle(Fact& f) {
  if (!f.dims || f.value) return;
  if (!f.type.is_integral_number() || !f.shape.is_static() ||
      f.dims->size() != shape_size(f.shape.to_shape())) {
    f.dims.reset();
    return;
  }
  std::vector<int64_t> numbers;
  for (const Dimension& d : *f.dims) {
    if (d.is_dynamic()) return;
    numbers.push_back(d.min());
  }
  f.value = make_tensor(f.type, f.shape.to_shape(), numbers);
  f.dims.reset();
}

void pass_values(const OpDef& op, const Attrs& attrs, std::string_view name, const Inputs& inputs,
                 Facts& outputs) {
  if (inputs.empty() || outputs.empty() || outputs[0].value || outputs[0].dims || !may_evaluate(op))
    return;
  const bool all_known =
      std::all_of(inputs.begin(), inputs.end(), [](const Fact* f) { return bool(f->value); });
  if (all_known) return fold(op, attrs, name, inputs, outputs);
  const bool some_dims =
      std::any_of(inputs.begin(), inputs.end(), [](const Fact* f) { return f->dims.has_value(); });
  if (!some_dims || !outputs[0].type.is_integral_number()) return;
  if (op.has(kMovesInput0 | kMovesAllInputs)) return move_dims(op, attrs, name, inputs, outputs);
  if (op.has(kMonotone | kAntitoneInput1) && small(outputs[0], kMaxPartial))
    return bound_dims(op, attrs, name, inputs, outputs);
}

}  // namespace

std::vector<Fact> infer_facts(const OpDef& op, const Attrs& attrs, std::string_view name,
                              std::vector<const Fact*> inputs) {
  InferContext c(op, attrs, name, inputs);
  op.infer(c);
  std::vector<Fact> outputs = std::move(c.outputs());
  try {
    pass_values(op, attrs, name, inputs, outputs);
  } catch (const Error& e) {
    // A value that cannot be computed (a division by zero, say) is simply not known yet; the
    // inference will say so if it is reached.
    if (e.code() == ErrorCode::Internal) throw;
  }
  for (Fact& f : outputs) settle(f);
  return outputs;
}

}  // namespace vireo
