// ScatterUpdate, ScatterElementsUpdate, ScatterNDUpdate: the data with elements replaced or
// combined where indices point.
#include "ops/scatter/scatter.h"

#include <algorithm>

#include "ops/movement/rearrange.h"

namespace vireo::ops {

namespace {
constexpr const char* kReductions[] = {"none", "sum", "prod", "min", "max", "mean", "sub"};
}

void visit(AttrVisitor& v, ScatterElements& a) {
  v.on("reduction", a.reduction, kReductions);
  v.on("use_init_val", a.use_init_val);
}
void visit(AttrVisitor& v, ScatterND& a) { v.on("reduction", a.reduction, kReductions); }

namespace {

size_t checked_index(EvalContext& c, int64_t index, size_t extent) {
  if (index < -int64_t(extent) || index >= int64_t(extent))
    c.fail("index {} is out of range for an extent of {}", index, extent);
  return size_t(index < 0 ? index + int64_t(extent) : index);
}

void infer_common(InferContext& c) {
  c.expect_integral(1);
  const element::Type data = c.type(0), updates = c.type(2);
  if (data.is_static() && updates.is_static() && data != updates)
    c.fail("data is {}, updates are {}", data.name(), updates.name());
  c.set_output(0, data.is_static() ? data : updates, c.shape(0));
}

void infer_update(InferContext& c) {
  c.expect_inputs(4, 4);
  c.expect_integral(3);
  infer_common(c);
  const auto given = c.scalar_int(3);
  const PartialShape &data = c.shape(0), &indices = c.shape(1), &updates = c.shape(2);
  if (!given || !data.rank_is_static()) return;
  const size_t axis = size_t(c.axis(*given, int64_t(data.size())));
  if (!indices.rank_is_static() || !updates.rank_is_static()) return;
  PartialShape expected;
  for (size_t i = 0; i < data.size(); ++i) {
    if (i != axis) expected.push_back(data[i]);
    for (size_t k = 0; i == axis && k < indices.size(); ++k) expected.push_back(indices[k]);
  }
  if (!expected.compatible(updates))
    c.fail("updates of shape {} do not fit {}", updates.to_string(), expected.to_string());
}

void evaluate_update(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape& data = out.get_shape();
  const size_t axis = wrap_axis(load<int64_t>(c.input(3))[0], data.size());
  const std::vector<int64_t> index = load<int64_t>(c.input(1));
  size_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= data[i];
  for (size_t i = axis + 1; i < data.size(); ++i) inner *= data[i];
  if (c.input(2).get_size() != outer * index.size() * inner)
    c.fail("updates of shape {} do not fit", c.shape(2).to_string());
  ElementMover move(out, c.input(0));
  move(0, 0, out.get_size());
  move.from(c.input(2));
  for (size_t o = 0; o < outer; ++o)
    for (size_t i = 0; i < index.size() && inner > 0; ++i)
      move((o * data[axis] + checked_index(c, index[i], data[axis])) * inner,
           (o * index.size() + i) * inner, inner);
  move.finish();
}

template <typename T>
T combine(ScatterReduction reduction, T a, T b, bool boolean) {
  switch (reduction) {
    case ScatterReduction::None: return b;
    case ScatterReduction::Mean:
    case ScatterReduction::Sum: return boolean ? T(a != 0 || b != 0) : T(a + b);
    case ScatterReduction::Sub: return boolean ? T((a != 0) != (b != 0)) : T(a - b);
    case ScatterReduction::Prod: return T(a * b);
    case ScatterReduction::Min: return std::min(a, b);
    case ScatterReduction::Max: return std::max(a, b);
  }
  return b;
}

template <typename T>
T mean_of(T sum, int64_t count) {
  if constexpr (std::is_same_v<T, int64_t>) {  // rounds to minus infinity
    return sum / count - (sum % count != 0 && sum < 0 ? 1 : 0);
  } else {
    return sum / T(count);
  }
}

void infer_elements(InferContext& c) {
  c.expect_inputs(4, 4);
  c.expect_integral(3);
  infer_common(c);
  const PartialShape &data = c.shape(0), &indices = c.shape(1), &updates = c.shape(2);
  if (!indices.compatible(updates))
    c.fail("indices of shape {} and updates of shape {} differ", indices.to_string(),
           updates.to_string());
  if (data.rank_is_static() && indices.rank_is_static() && data.size() != indices.size())
    c.fail("data of shape {} and indices of shape {} differ in rank", data.to_string(),
           indices.to_string());
  const auto given = c.scalar_int(3);
  if (given && data.rank_is_static()) c.axis(*given, int64_t(data.size()));
}

// Where each update goes, in the order of the updates.
std::vector<size_t> element_targets(EvalContext& c) {
  const Shape& data = c.shape(0);
  const size_t axis = wrap_axis(load<int64_t>(c.input(3))[0], data.size());
  const std::vector<int64_t> index = load<int64_t>(c.input(1)), strides = walk_strides(data);
  std::vector<size_t> out;
  out.reserve(index.size());
  for_each_index(c.shape(1), [&](const std::vector<size_t>& at) {
    size_t to = 0;
    for (size_t k = 0; k < at.size(); ++k) {
      const size_t i = k == axis ? checked_index(c, index[out.size()], data[axis]) : at[k];
      if (i >= data[k])
        c.fail("indices of shape {} reach out of data of shape {}", c.shape(1).to_string(),
               data.to_string());
      to += i * size_t(strides[k]);
    }
    out.push_back(to);
  });
  return out;
}

void scatter_moved(EvalContext& c, const std::vector<size_t>& targets, size_t block) {
  Tensor& out = c.output(0);
  ElementMover move(out, c.input(0));
  move(0, 0, out.get_size());
  move.from(c.input(2));
  for (size_t i = 0; i < targets.size() && block > 0; ++i) move(targets[i], i * block, block);
  move.finish();
}

void scatter_combined(EvalContext& c, const std::vector<size_t>& targets, size_t block,
                      ScatterReduction reduction, bool use_init) {
  Tensor& out = c.output(0);
  const element::Type type = out.get_element_type();
  with_domain(type, [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> data = load<T>(c.input(0));
    const std::vector<T> updates = load<T>(c.input(2));
    std::vector<int64_t> count(data.size(), use_init ? 1 : 0);
    for (size_t i = 0; i < targets.size() * block; ++i) {
      const size_t to = targets[i / block] + i % block;
      const bool fresh = count[to]++ == 0;
      data[to] =
          fresh ? updates[i] : combine(reduction, data[to], updates[i], type == element::boolean);
    }
    for (size_t i = 0; i < data.size() && reduction == ScatterReduction::Mean; ++i)
      if (count[i] > 1) data[i] = mean_of(data[i], count[i]);
    store(out, data);
  });
}

void evaluate_elements(EvalContext& c) {
  const auto a = c.version() == 3 ? ScatterElements{} : c.attrs<ScatterElements>();
  const std::vector<size_t> targets = element_targets(c);
  if (a.reduction == ScatterReduction::None) return scatter_moved(c, targets, 1);
  scatter_combined(c, targets, 1, a.reduction, a.use_init_val);
}

void infer_nd(InferContext& c) {
  c.expect_inputs(3, 3);
  infer_common(c);
  const PartialShape &data = c.shape(0), &indices = c.shape(1), &updates = c.shape(2);
  if (!indices.rank_is_static() || !data.rank_is_static()) return;
  if (indices.size() == 0) c.fail("indices are a scalar, a tuple along the last axis is needed");
  const Dimension& last = indices[indices.size() - 1];
  if (last.is_dynamic()) return;
  const int64_t tuple = last.get_length();
  if (tuple > int64_t(data.size()))
    c.fail("tuples of {} are too long for rank {}", tuple, data.size());
  PartialShape expected;
  for (size_t i = 0; i + 1 < indices.size(); ++i) expected.push_back(indices[i]);
  for (size_t i = size_t(tuple); i < data.size(); ++i) expected.push_back(data[i]);
  // One value for everything is accepted for a single element.
  if (!expected.compatible(updates) &&
      !(expected.is_static() && updates.is_static() &&
        shape_size(expected.to_shape()) == shape_size(updates.to_shape())))
    c.fail("updates of shape {} do not fit {}", updates.to_string(), expected.to_string());
}

void evaluate_nd(EvalContext& c) {
  const Shape &data = c.shape(0), &indices = c.shape(1);
  const std::vector<int64_t> index = load<int64_t>(c.input(1)), strides = walk_strides(data);
  const size_t tuple = indices.back();
  size_t tuples = 1, block = 1;
  for (size_t i = 0; i + 1 < indices.size(); ++i) tuples *= indices[i];
  for (size_t i = tuple; i < data.size(); ++i) block *= data[i];
  if (c.input(2).get_size() != tuples * block)
    c.fail("updates of shape {} do not fit", c.shape(2).to_string());
  std::vector<size_t> targets(tuples, 0);
  for (size_t i = 0; i < tuples; ++i)
    for (size_t k = 0; k < tuple; ++k)
      targets[i] += checked_index(c, index[i * tuple + k], data[k]) * size_t(strides[k]);
  const auto reduction =
      c.version() == 15 ? c.attrs<ScatterND>().reduction : ScatterReduction::None;
  if (reduction == ScatterReduction::None) return scatter_moved(c, targets, block);
  scatter_combined(c, targets, block, reduction, true);
}

}  // namespace

VIREO_DEFINE_OP(scatter_update_3){"ScatterUpdate", 3, &kAttrType<NoAttrs>, infer_update,
                                  evaluate_update};
VIREO_DEFINE_OP(scatter_elements_update_3){"ScatterElementsUpdate", 3, &kAttrType<NoAttrs>,
                                           infer_elements, evaluate_elements};
VIREO_DEFINE_OP(scatter_elements_update_12){"ScatterElementsUpdate",     12,
                                            &kAttrType<ScatterElements>, infer_elements,
                                            evaluate_elements,           Tolerance::Rounding};
VIREO_DEFINE_OP(scatter_nd_update_4){"ScatterNDUpdate", 4, &kAttrType<NoAttrs>, infer_nd,
                                     evaluate_nd};
VIREO_DEFINE_OP(scatter_nd_update_15){"ScatterNDUpdate", 15,          &kAttrType<ScatterND>,
                                      infer_nd,          evaluate_nd, Tolerance::Rounding};

}  // namespace vireo::ops
