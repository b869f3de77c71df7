// Unique: the different elements of a tensor, or its different slices along an axis, with where
// they were and how often.
#include <algorithm>
#include <numeric>

#include "core/op.h"
#include "ops/movement/rearrange.h"

namespace vireo::ops {
namespace {

struct Unique {
  bool sorted = true;
  element::Type index_element_type = element::i64, count_element_type = element::i64;
};
void visit(AttrVisitor& v, Unique& a) {
  v.on("sorted", a.sorted);
  v.on("index_element_type", a.index_element_type);
  v.on("count_element_type", a.count_element_type);
}

void infer(InferContext& c) {
  c.expect_inputs(1, 2);
  const Unique& a = c.attrs<Unique>();
  for (element::Type type : {a.index_element_type, a.count_element_type})
    if (type != element::i32 && type != element::i64)
      c.fail("indices and counts must be i32 or i64, got {}", type.name());
  const PartialShape& in = c.shape(0);
  PartialShape values = PartialShape::dynamic();
  Dimension all;
  if (c.inputs() == 1) {
    all = Dimension(1);
    for (const Dimension& d : in) all = all * d;
    if (!in.rank_is_static()) all = Dimension();
    values =
        PartialShape{Dimension(std::min<int64_t>(all.min(), 1), all.bounded() ? all.max() : -1)};
  } else if (in.rank_is_static()) {
    values = PartialShape::dynamic(int64_t(in.size()));
    if (const auto given = c.scalar_int(1)) {
      const size_t axis = size_t(c.axis(*given, int64_t(in.size())));
      values = in;
      all = in[axis];
      values[axis] = Dimension(std::min<int64_t>(all.min(), 1), all.bounded() ? all.max() : -1);
    }
  }
  const PartialShape few{Dimension(0, all.bounded() ? all.max() : -1)};
  c.set_output(0, c.type(0), values);
  c.set_output(1, a.index_element_type, few);
  c.set_output(2, a.index_element_type, PartialShape{all});
  c.set_output(3, a.count_element_type, few);
}

// The tensor as [outer, extent, inner], where slices along the middle axis are compared.
struct Slices {
  size_t outer = 1, extent = 1, inner = 1;
};

// Slices in order: by value, and among equals by position; ranks[i] says which of the different
// ones slice i is.
template <typename T>
void rank_slices(const std::vector<T>& x, const Slices& s, std::vector<size_t>& order,
                 std::vector<size_t>& ranks) {
  const auto compare = [&](size_t i, size_t j) {
    for (size_t o = 0; o < s.outer; ++o)
      for (size_t k = 0; k < s.inner; ++k) {
        const T &a = x[(o * s.extent + i) * s.inner + k], &b = x[(o * s.extent + j) * s.inner + k];
        if (a < b) return -1;
        if (b < a) return 1;
      }
    return 0;
  };
  order.resize(s.extent);
  std::iota(order.begin(), order.end(), size_t(0));
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t i, size_t j) { return compare(i, j) < 0; });
  ranks.assign(s.extent, 0);
  for (size_t i = 1; i < order.size(); ++i)
    ranks[order[i]] = ranks[order[i - 1]] + (compare(order[i - 1], order[i]) != 0 ? 1 : 0);
}

void evaluate(EvalContext& c) {
  const Unique& a = c.attrs<Unique>();
  c.facts();
  const Shape& shape = c.shape(0);
  Slices s;
  size_t axis = 0;
  if (c.inputs() == 1) {
    s.extent = c.input(0).get_size();
  } else {
    axis = wrap_axis(load<int64_t>(c.input(1)).at(0), shape.size());
    s.extent = shape.at(axis);
    for (size_t i = 0; i < axis; ++i) s.outer *= shape[i];
    for (size_t i = axis + 1; i < shape.size(); ++i) s.inner *= shape[i];
  }
  std::vector<size_t> order, ranks;
  if (c.input(0).get_element_type() == element::string) {
    const std::string* text = c.input(0).data<std::string>();
    rank_slices(std::vector<std::string>(text, text + c.input(0).get_size()), s, order, ranks);
  } else {
    with_domain(c.input(0).get_element_type(),
                [&](auto zero) { rank_slices(load<decltype(zero)>(c.input(0)), s, order, ranks); });
  }
  // The first slice of every kind, in order of value, or of appearance if not sorted.
  std::vector<size_t> first, kind_of_rank;
  for (size_t i = 0; i < order.size(); ++i)
    if (i == 0 || ranks[order[i]] != ranks[order[i - 1]]) first.push_back(order[i]);
  kind_of_rank.resize(first.size());
  std::iota(kind_of_rank.begin(), kind_of_rank.end(), size_t(0));
  if (!a.sorted) {
    std::vector<size_t> by_place(first.size());
    std::iota(by_place.begin(), by_place.end(), size_t(0));
    std::sort(by_place.begin(), by_place.end(),
              [&](size_t i, size_t j) { return first[i] < first[j]; });
    for (size_t i = 0; i < by_place.size(); ++i) kind_of_rank[by_place[i]] = i;
    std::sort(first.begin(), first.end());
  }
  std::vector<int64_t> reverse(s.extent), counts(first.size(), 0);
  for (size_t i = 0; i < s.extent; ++i)
    ++counts[size_t(reverse[i] = int64_t(kind_of_rank[ranks[i]]))];
  Shape out_shape = shape;
  if (c.inputs() == 1)
    out_shape = {first.size()};
  else
    out_shape[axis] = first.size();
  ElementMover move(c.output(0, c.input(0).get_element_type(), out_shape), c.input(0));
  for (size_t o = 0; o < s.outer; ++o)
    for (size_t k = 0; k < first.size() && s.inner > 0; ++k)
      move((o * first.size() + k) * s.inner, (o * s.extent + first[k]) * s.inner, s.inner);
  move.finish();
  store(c.output(1, a.index_element_type, {first.size()}),
        std::vector<int64_t>(first.begin(), first.end()));
  store(c.output(2, a.index_element_type, {s.extent}), reverse);
  store(c.output(3, a.count_element_type, {first.size()}), counts);
}

}  // namespace

VIREO_DEFINE_OP(unique_10){
    "Unique", 10, &kAttrType<Unique>, infer, evaluate, Tolerance::Exact, kDataDependentShape};

}  // namespace vireo::ops
