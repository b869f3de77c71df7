// SegmentMax: the largest element of every segment of the first axis. SparseFillEmptyRows: a
// default entry in every empty row.
#include <algorithm>
#include <limits>
#include <numeric>

#include "core/op.h"
#include "ops/movement/rearrange.h"

namespace vireo::ops {
namespace {

enum class Fill { Zero, Lowest };
constexpr const char* kFills[] = {"zero", "lowest"};
struct SegmentMax {
  Fill fill_mode = Fill::Zero;
};
void visit(AttrVisitor& v, SegmentMax& a) { v.on("fill_mode", a.fill_mode, kFills); }

void infer_max(InferContext& c) {
  c.expect_inputs(2, 3);
  c.expect_integral(1);
  c.expect_rank(1, 1, 1);
  PartialShape out = c.shape(0);
  if (!out.rank_is_static()) return c.set_output(0, c.type(0), out);
  if (out.size() == 0) c.fail("data is a scalar");
  if (c.shape(1).rank_is_static() && !out[0].compatible(c.shape(1)[0]))
    c.fail("{} segment ids for data of shape {}", c.shape(1)[0].to_string(), out.to_string());
  const auto ids = c.ints(1);
  if (ids && !std::is_sorted(ids->begin(), ids->end())) c.fail("segment ids are not sorted");
  if (c.inputs() > 2) {
    c.expect_integral(2);
    const auto count = c.dims(2);
    out[0] = count && count->size() == 1 ? (*count)[0] : Dimension();
  } else {
    out[0] =
        ids ? Dimension(ids->empty() ? 0 : std::max<int64_t>(ids->back() + 1, 0)) : Dimension();
  }
  c.set_output(0, c.type(0), out);
}

double lowest_of(element::Type type) {
  if (type == element::f64) return std::numeric_limits<double>::lowest();
  if (type == element::f32) return double(std::numeric_limits<float>::lowest());
  if (type == element::bf16) return -3.3895313892515355e38;
  if (type == element::f16) return -65504;
  return 0;
}

void evaluate_max(EvalContext& c) {
  Tensor& out = c.output(0);
  const std::vector<int64_t> ids = load<int64_t>(c.input(1));
  const element::Type type = out.get_element_type();
  const size_t count = out.get_shape()[0], inner = count == 0 ? 0 : out.get_size() / count;
  with_domain(type, [&](auto zero) {
    using T = decltype(zero);
    T fill = 0;
    if (c.attrs<SegmentMax>().fill_mode == Fill::Lowest) {
      if constexpr (std::is_same_v<T, double>)
        fill = lowest_of(type);
      else if constexpr (std::is_same_v<T, int64_t>)
        fill = type.bitwidth() == 64 ? std::numeric_limits<int64_t>::min()
                                     : -(int64_t(1) << (type.bitwidth() - 1));
    }
    const std::vector<T> x = load<T>(c.input(0));
    std::vector<T> y(out.get_size(), fill);
    std::vector<bool> seen(count, false);
    for (size_t i = 0; i < ids.size() && ids[i] < int64_t(count); ++i) {
      if (ids[i] < 0) c.fail("segment id {} is negative", ids[i]);
      const size_t s = size_t(ids[i]);
      for (size_t k = 0; k < inner; ++k)
        y[s * inner + k] =
            seen[s] ? std::max(y[s * inner + k], x[i * inner + k]) : x[i * inner + k];
      seen[s] = true;
    }
    store(out, y);
  });
}

void infer_fill(InferContext& c) {
  c.expect_inputs(4, 4);
  c.expect_integral(1);
  c.expect_integral(2);
  c.expect_rank(0, 1, 1);
  c.expect_rank(1, 1, 1);
  c.expect_rank(2, 2, 2);
  c.expect_rank(3, 0, 0);
  const element::Type type = c.type(0).is_static() ? c.type(0) : c.type(3);
  Dimension rows, entries;
  if (const auto shape = c.dims(1); shape && shape->size() == 2) rows = (*shape)[0];
  if (const auto indices = c.ints(2); indices && rows.is_static()) {
    std::vector<int64_t> filled;
    for (size_t i = 0; i < indices->size(); i += 2) filled.push_back((*indices)[i]);
    const int64_t given = int64_t(filled.size());
    std::sort(filled.begin(), filled.end());
    filled.erase(std::unique(filled.begin(), filled.end()), filled.end());
    entries = Dimension(given + std::max<int64_t>(rows.get_length() - int64_t(filled.size()), 0));
  }
  const element::Type index = c.common_type(1, 3);
  c.set_output(0, index, PartialShape{entries, Dimension(2)});
  c.set_output(1, type, PartialShape{entries});
  c.set_output(2, element::boolean, PartialShape{rows});
}

void evaluate_fill(EvalContext& c) {
  const auto dense = load<int64_t>(c.input(1)), indices = load<int64_t>(c.input(2));
  const size_t given = c.input(0).get_size();
  if (dense.size() != 2 || dense[0] < 0 || dense[0] > int64_t(1) << 31)
    c.fail("the dense shape is out of range");
  if (indices.size() != given * 2)
    c.fail("indices of shape {} for {} values", c.shape(2).to_string(), given);
  std::vector<int64_t> empty(size_t(dense[0]), 1), rows, columns;
  for (size_t i = 0; i < given; ++i) {
    if (indices[i * 2] < 0 || indices[i * 2] >= dense[0])
      c.fail("row {} is out of range for {} rows", indices[i * 2], dense[0]);
    empty[size_t(indices[i * 2])] = 0;
    rows.push_back(indices[i * 2]);
    columns.push_back(indices[i * 2 + 1]);
  }
  for (size_t r = 0; r < empty.size(); ++r) {
    if (!empty[r]) continue;
    rows.push_back(int64_t(r));
    columns.push_back(0);
  }
  std::vector<size_t> order(rows.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return rows[a] != rows[b] ? rows[a] < rows[b] : columns[a] < columns[b];
  });
  std::vector<int64_t> out;
  for (size_t i : order) out.insert(out.end(), {rows[i], columns[i]});
  store(c.output(0, c.input(2).get_element_type(), {order.size(), 2}), out);
  Tensor& values = c.output(1, c.input(0).get_element_type(), {order.size()});
  ElementMover move(values);
  move.from(c.input(3));
  move.fill(0, 0, order.size());
  move.from(c.input(0));
  for (size_t i = 0; i < order.size(); ++i)
    if (order[i] < given) move(i, order[i]);
  move.finish();
  store(c.output(2, element::boolean, {empty.size()}), empty);
}

}  // namespace

VIREO_DEFINE_OP(segment_max_16){"SegmentMax", 16, &kAttrType<SegmentMax>, infer_max, evaluate_max};
VIREO_DEFINE_OP(sparse_fill_empty_rows_16){
    "SparseFillEmptyRows", 16, &kAttrType<NoAttrs>, infer_fill, evaluate_fill, Tolerance::Exact,
    kDataDependentShape};

}  // namespace vireo::ops
