// EmbeddingBag operators and EmbeddingSegmentsSum: sums or means of rows of a table, a bag of
// indices at a time.
#include <algorithm>

#include "core/op.h"
#include "core/values.h"

namespace vireo::ops {
namespace {

enum class Reduction { Sum, Mean };
constexpr const char* kReductions[] = {"sum", "mean"};
struct Bag {
  Reduction reduction = Reduction::Sum;
};
void visit(AttrVisitor& v, Bag& a) { v.on("reduction", a.reduction, kReductions); }

template <typename Context>
bool is_mean(Context& c) {
  return c.version() == 15 && c.template attrs<Bag>().reduction == Reduction::Mean;
}

void give_rows(InferContext& c, const Dimension& count) {
  PartialShape out = c.shape(0);
  if (out.rank_is_static()) {
    if (out.size() < 1) c.fail("the table is a scalar");
    out[0] = count;
  }
  c.set_output(0, c.type(0), out);
}

void infer_offsets(InferContext& c) {
  c.expect_inputs(3, 5);
  for (size_t i = 1; i < std::min<size_t>(c.inputs(), 4); ++i) c.expect_integral(i);
  c.expect_rank(1, 1, 1);
  c.expect_rank(2, 1, 1);
  give_rows(c, c.shape(2).rank_is_static() ? c.shape(2)[0] : Dimension());
}

void infer_packed(InferContext& c) {
  c.expect_inputs(2, 3);
  c.expect_integral(1);
  c.expect_rank(1, 2, 2);
  if (c.inputs() > 2 && !c.shape(2).compatible(c.shape(1)))
    c.fail("weights of shape {} and indices of shape {} differ", c.shape(2).to_string(),
           c.shape(1).to_string());
  give_rows(c, c.shape(1).rank_is_static() ? c.shape(1)[0] : Dimension());
}

void infer_segments(InferContext& c) {
  c.expect_inputs(4, 6);
  for (size_t i = 1; i < std::min<size_t>(c.inputs(), 5); ++i) c.expect_integral(i);
  c.expect_rank(1, 1, 1);
  c.expect_rank(2, 1, 1);
  c.expect_rank(3, 0, 1);
  const auto count = c.dims(3);
  give_rows(c, count && count->size() == 1 ? (*count)[0] : Dimension());
}

struct Entry {
  int64_t index;
  double weight;
};
using Bags = std::vector<std::vector<Entry>>;

void evaluate_bags(EvalContext& c, const Bags& bags, int64_t default_index, bool mean) {
  const Shape& table = c.shape(0);
  size_t width = 1;
  for (size_t i = 1; i < table.size(); ++i) width *= table[i];
  const std::vector<double> x = load<double>(c.input(0));
  std::vector<double> y(bags.size() * width, 0.0);
  for (size_t b = 0; b < bags.size(); ++b) {
    std::vector<Entry> bag = bags[b];
    if (bag.empty() && default_index >= 0) bag = {{default_index, 1.0}};
    for (const Entry& e : bag) {
      if (e.index < 0 || size_t(e.index) >= table[0])
        c.fail("index {} is out of range for a table of {}", e.index, table[0]);
      for (size_t i = 0; i < width; ++i)
        y[b * width + i] += x[size_t(e.index) * width + i] * e.weight;
    }
    for (size_t i = 0; mean && !bag.empty() && i < width; ++i)
      y[b * width + i] /= double(bag.size());
  }
  Shape shape = table;
  shape[0] = bags.size();
  store(c.output(0, c.input(0).get_element_type(), shape), y);
}

std::vector<double> weights_or_ones(EvalContext& c, size_t input, size_t count) {
  std::vector<double> out =
      c.inputs() > input ? load<double>(c.input(input)) : std::vector<double>(count, 1.0);
  if (out.size() != count) c.fail("{} weights for {} indices", out.size(), count);
  return out;
}

void evaluate_offsets(EvalContext& c) {
  c.facts();
  const auto indices = load<int64_t>(c.input(1)), offsets = load<int64_t>(c.input(2));
  const std::vector<double> weights = weights_or_ones(c, 4, indices.size());
  Bags bags(offsets.size());
  for (size_t b = 0; b < bags.size(); ++b) {
    const int64_t end = b + 1 < bags.size() ? offsets[b + 1] : int64_t(indices.size());
    if (offsets[b] < 0 || offsets[b] > end || end > int64_t(indices.size()))
      c.fail("offset {} is out of range for {} indices", offsets[b], indices.size());
    for (int64_t i = offsets[b]; i < end; ++i)
      bags[b].push_back({indices[size_t(i)], weights[size_t(i)]});
  }
  evaluate_bags(c, bags, c.inputs() > 3 ? load<int64_t>(c.input(3)).at(0) : -1, is_mean(c));
}

void evaluate_packed(EvalContext& c) {
  c.facts();
  const auto indices = load<int64_t>(c.input(1));
  const std::vector<double> weights = weights_or_ones(c, 2, indices.size());
  Bags bags(c.shape(1)[0]);
  for (size_t i = 0; i < indices.size(); ++i)
    bags[i / c.shape(1)[1]].push_back({indices[i], weights[i]});
  evaluate_bags(c, bags, -1, is_mean(c));
}

void evaluate_segments(EvalContext& c) {
  c.facts();
  const auto indices = load<int64_t>(c.input(1)), segments = load<int64_t>(c.input(2));
  const int64_t count = load<int64_t>(c.input(3)).at(0);
  if (count < 0 || count > int64_t(1) << 31) c.fail("the number of segments is {}", count);
  if (segments.size() != indices.size())
    c.fail("{} segments for {} indices", segments.size(), indices.size());
  const std::vector<double> weights = weights_or_ones(c, 5, indices.size());
  Bags bags(static_cast<size_t>(count));
  for (size_t i = 0; i < indices.size(); ++i) {
    if (segments[i] < 0 || segments[i] >= count)
      c.fail("segment {} is out of range for {}", segments[i], count);
    bags[size_t(segments[i])].push_back({indices[i], weights[i]});
  }
  evaluate_bags(c, bags, c.inputs() > 4 ? load<int64_t>(c.input(4)).at(0) : -1, false);
}

}  // namespace

VIREO_DEFINE_OP(embedding_bag_offsets_15){"EmbeddingBagOffsets", 15,
                                          &kAttrType<Bag>,       infer_offsets,
                                          evaluate_offsets,      Tolerance::Accumulate};
VIREO_DEFINE_OP(embedding_bag_offsets_sum_3){"EmbeddingBagOffsetsSum", 3,
                                             &kAttrType<NoAttrs>,      infer_offsets,
                                             evaluate_offsets,         Tolerance::Accumulate};
VIREO_DEFINE_OP(embedding_bag_packed_15){"EmbeddingBagPacked", 15,
                                         &kAttrType<Bag>,      infer_packed,
                                         evaluate_packed,      Tolerance::Accumulate};
VIREO_DEFINE_OP(embedding_bag_packed_sum_3){"EmbeddingBagPackedSum", 3,
                                            &kAttrType<NoAttrs>,     infer_packed,
                                            evaluate_packed,         Tolerance::Accumulate};
VIREO_DEFINE_OP(embedding_segments_sum_3){"EmbeddingSegmentsSum", 3,
                                          &kAttrType<NoAttrs>,    infer_segments,
                                          evaluate_segments,      Tolerance::Accumulate};

}  // namespace vireo::ops
