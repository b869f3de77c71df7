// Rows of elements: CombineSegments joins them, RaggedToDense pads them, RaggedToSparse,
// RaggedToRagged and RaggedTensorPack write them otherwise, FuzeRagged makes one string of each.
#include <algorithm>

#include "core/opsets.h"
#include "core/values.h"
#include "ops/text/strings.h"

namespace vireo::ops {
namespace {

// --- CombineSegments ---

// Segments of three inputs each, then a number for each segment. A segment of one row goes into
// every row.
void infer_combine(InferContext& c) {
  if (c.inputs() < 4 || c.inputs() % 3 != 1)
    c.fail("segments of 3 inputs each and their numbers are expected, got {} inputs", c.inputs());
  const size_t numbers = c.inputs() - 1;
  PartialShape rows = PartialShape{};
  bool scalars = true;
  for (size_t i = 0; i < numbers; i += 3) {
    expect_rows(c, i);
    c.expect_rank(i + 2, 1, 1);
    c.common_type(2, 3);
    const PartialShape& shape = c.shape(i);
    if (shape.rank_is_static() && shape.size() == 0) continue;
    if (scalars)
      rows = shape;
    else if (!PartialShape::merge_into(rows, shape))
      c.fail("segments of {} and {} rows", rows.to_string(), shape.to_string());
    scalars = false;
  }
  set_row_elements(c, 0, rows, c.type(2));
  set_row_elements(c, 3, rows, c.type(numbers));
}

void evaluate_combine(EvalContext& c) {
  const size_t numbers = c.inputs() - 1;
  std::vector<Ranges> segments;
  Shape shape;
  size_t count = 1;
  for (size_t i = 0; i < numbers; i += 3) {
    segments.emplace_back(c, i, c.input(i + 2).get_size());
    if (c.input(i + 2).get_element_type() != c.input(2).get_element_type())
      c.fail("segments of {} and {}", c.input(2).get_element_type().name(),
             c.input(i + 2).get_element_type().name());
    if (!c.shape(i).empty()) shape = c.shape(i);
    if (segments.back().size() != 1) count = segments.back().size();
  }
  if (c.input(numbers).get_size() != segments.size())
    c.fail("{} segments have {} numbers", segments.size(), c.input(numbers).get_size());
  for (const Ranges& segment : segments)
    if (segment.size() != 1 && segment.size() != count)
      c.fail("segments of {} and {} rows", segment.size(), count);
  if (shape_size(shape) != count) shape = {count};

  RowsOut rows;
  size_t total = 0;
  for (size_t row = 0; row < count; ++row) {
    rows.begin(total);
    for (const Ranges& segment : segments) total += segment[segment.size() == 1 ? 0 : row].size();
    rows.end(total);
  }
  if (total > INT32_MAX) c.fail("{} elements are more than 32-bit positions reach", total);
  rows.store(c, 0, shape);
  rows.store(c, 3, shape);
  Tensor elements = c.output(2, c.input(2).get_element_type(), {total});
  Tensor ids = c.output(5, c.input(numbers).get_element_type(), {total});
  const ElementCopier copy_id(c.input(numbers), ids);
  size_t at = 0;
  for (size_t row = 0; row < count; ++row)
    for (size_t s = 0; s < segments.size(); ++s) {
      const Range range = segments[s][segments[s].size() == 1 ? 0 : row];
      ElementCopier(c.input(3 * s + 2), elements)(at, range.begin, range.size());
      for (size_t i = 0; i < range.size(); ++i) copy_id(at + i, s);
      at += range.size();
    }
}

// --- RaggedToDense ---

struct RaggedToDense {
  bool pad_right = true;
  bool m_pad_max_length = false;  // the length is a constant; it is an input either way
};
void visit(AttrVisitor& v, RaggedToDense& a) {
  v.on("pad_right", a.pad_right);
  v.on("m_pad_max_length", a.m_pad_max_length);
}

// Inputs: rows, elements (of any inner shape), length, padding, perhaps whether it stands right.
void infer_dense(InferContext& c) {
  c.expect_inputs(5, 6);
  expect_rows(c, 0);
  c.expect_integral(3);
  if (c.type(2).is_static() && c.type(4).is_static() && c.type(2) != c.type(4))
    c.fail("elements are {}, their padding is {}", c.type(2).name(), c.type(4).name());
  PartialShape out = PartialShape::dynamic();
  if (c.shape(0).rank_is_static() && c.shape(2).rank_is_static()) {
    if (c.shape(2).size() == 0) c.fail("elements have no axis");
    out = c.shape(0);
    const auto length = c.scalar_int(3);
    if (length && *length < 0) c.fail("the length is {}, below 0", *length);
    out.push_back(length ? Dimension(*length) : Dimension());
    for (size_t i = 1; i < c.shape(2).size(); ++i) out.push_back(c.shape(2)[i]);
  }
  c.set_output(0, c.type(2), out);
  c.set_output(1, element::boolean, out);
}

void evaluate_dense(EvalContext& c) {
  const Ranges rows(c, 0, c.shape(2).empty() ? 0 : c.shape(2)[0]);
  const std::vector<int64_t> given = load<int64_t>(c.input(3));
  if (given.size() != 1 || given[0] < 0) c.fail("the length must be one number of at least 0");
  const size_t length = size_t(given[0]);
  constexpr size_t kMostPadding = 1 << 24;
  if (length > c.input(2).get_size() + kMostPadding)
    c.fail("the length {} is more than {} elements could need", length, c.input(2).get_size());
  bool pad_right = c.attrs<RaggedToDense>().pad_right;
  if (c.inputs() == 6) pad_right = load<int64_t>(c.input(5)).at(0) != 0;
  if (c.input(4).get_size() != 1) c.fail("the padding must be one element");

  Shape shape = c.shape(0);
  shape.push_back(length);
  size_t inner = 1;
  for (size_t i = 1; i < c.shape(2).size(); ++i) {
    shape.push_back(c.shape(2)[i]);
    inner *= c.shape(2)[i];
  }
  Tensor out = c.output(0, c.input(2).get_element_type(), shape);  // a handle: outputs may move
  Tensor mask = c.output(1, element::boolean, shape);
  const ElementCopier element(c.input(2), out), padding(c.input(4), out);
  char* known = static_cast<char*>(mask.data());
  std::fill_n(known, mask.get_size(), char(0));
  for (size_t row = 0; row < rows.size(); ++row) {
    const Range range = rows[row];
    const size_t size = std::min(range.size(), length), first = row * length;
    const size_t begin = pad_right ? first : first + length - size;
    for (size_t i = first * inner; i < (first + length) * inner; ++i) padding(i, 0);
    element(begin * inner, range.begin * inner, size * inner);
    std::fill_n(known + begin * inner, size * inner, char(1));
  }
}

// --- RaggedToSparse, RaggedToRagged, RaggedTensorPack, FuzeRagged ---

void infer_sparse(InferContext& c) {
  c.expect_inputs(2, 2);
  expect_rows(c, 0);
  c.set_output(0, element::i32, PartialShape{Dimension(), 2});
}

// Row and place in it of every element.
void evaluate_sparse(EvalContext& c) {
  const Ranges rows(c, 0, INT32_MAX);
  std::vector<int32_t> out;
  for (size_t row = 0; row < rows.size(); ++row) {
    const size_t size = rows[row].size();
    if (size > (size_t(1) << 28)) c.fail("row {} has {} elements", row, size);
    for (size_t i = 0; i < size; ++i) {
      out.push_back(int32_t(row));
      out.push_back(int32_t(i));
    }
  }
  store_ints(c, 0, {out.size() / 2, 2}, out);
}

void infer_ragged(InferContext& c) {
  c.expect_inputs(2, 2);
  expect_type(c, 0, element::i32);
  expect_type(c, 1, element::i32);
  const auto count = c.scalar_int(1);
  if (count && *count < 0) c.fail("the number of rows is {}, below 0", *count);
  set_rows(c, 0, PartialShape{count ? Dimension(*count) : Dimension()});
}

// The row of each element, ascending, to rows. Rows that no element names are empty.
void evaluate_ragged(EvalContext& c) {
  const int32_t count = only_int(c, 1);
  const int32_t* ids = c.input(0).data<int32_t>();
  const size_t size = c.input(0).get_size();
  constexpr int32_t kMostRows = 1 << 28;
  if (count < 0 || count > kMostRows)
    c.fail("the number of rows is {}, from 0 to {} are made", count, kMostRows);
  for (size_t i = 0; i < size; ++i)
    if (ids[i] < 0 || (i > 0 && ids[i] < ids[i - 1]))
      c.fail("element {} is of row {}: rows must ascend from 0", i, ids[i]);
  RowsOut rows;
  size_t at = 0;
  for (int32_t row = 0; row < count; ++row) {
    rows.begin(at);
    while (at < size && ids[at] == row) ++at;
    rows.end(at);
  }
  rows.store(c, 0, {size_t(count)});
}

void infer_pack(InferContext& c) {
  c.expect_inputs(3, 3);
  expect_rows(c, 0);
  c.set_output(0, c.type(2), c.shape(2));
}

void evaluate_pack(EvalContext& c) { c.set_output(0, c.input(2)); }

void infer_fuze(InferContext& c) {
  c.expect_inputs(4, 4);
  expect_rows(c, 0);
  expect_rows(c, 2);
  set_rows(c, 0, c.shape(0));
}

// From where a row's first word begins to where its last one ends: words that follow one another.
void evaluate_fuze(EvalContext& c) {
  const Ranges words(c, 2, INT32_MAX), rows(c, 0, words.size());
  RowsOut out;
  for (size_t row = 0; row < rows.size(); ++row) {
    const Range range = rows[row];
    const size_t none = range.begin < words.size() ? words[range.begin].begin : 0;
    out.begin(range.size() ? words[range.begin].begin : none);
    out.end(range.size() ? words[range.end - 1].end : none);
  }
  out.store(c, 0, c.shape(0));
}

}  // namespace

VIREO_DEFINE_OP(combine_segments_extension){
    "CombineSegments", kExtensionOpset,  &kAttrType<NoAttrs>, infer_combine,
    evaluate_combine,  Tolerance::Exact, kDataDependentShape};
VIREO_DEFINE_OP(ragged_to_dense_extension){
    "RaggedToDense", kExtensionOpset,  &kAttrType<RaggedToDense>, infer_dense,
    evaluate_dense,  Tolerance::Exact, kDataDependentShape};
VIREO_DEFINE_OP(ragged_to_sparse_extension){
    "RaggedToSparse", kExtensionOpset,  &kAttrType<NoAttrs>, infer_sparse,
    evaluate_sparse,  Tolerance::Exact, kDataDependentShape};
VIREO_DEFINE_OP(ragged_to_ragged_extension){
    "RaggedToRagged", kExtensionOpset,  &kAttrType<NoAttrs>, infer_ragged,
    evaluate_ragged,  Tolerance::Exact, kDataDependentShape};
VIREO_DEFINE_OP(ragged_tensor_pack_extension){"RaggedTensorPack", kExtensionOpset,
                                              &kAttrType<NoAttrs>, infer_pack, evaluate_pack};
VIREO_DEFINE_OP(fuze_ragged_extension){"FuzeRagged", kExtensionOpset, &kAttrType<NoAttrs>,
                                       infer_fuze, evaluate_fuze};

}  // namespace vireo::ops
