// CTCGreedyDecoder and CTCGreedyDecoderSeqLen: the best class of every step, without blanks and, if
// asked, repetitions.
#include <algorithm>

#include "core/op.h"
#include "core/values.h"

namespace vireo::ops {
namespace {

struct Greedy {
  bool ctc_merge_repeated = true;
};
void visit(AttrVisitor& v, Greedy& a) { v.on("ctc_merge_repeated", a.ctc_merge_repeated); }
struct GreedySeqLen {
  bool merge_repeated = true;
  element::Type classes_index_type = element::i32, sequence_length_type = element::i32;
};
void visit(AttrVisitor& v, GreedySeqLen& a) {
  v.on("merge_repeated", a.merge_repeated);
  v.on("classes_index_type", a.classes_index_type);
  v.on("sequence_length_type", a.sequence_length_type);
}

void infer_greedy(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_rank(0, 3, 3);
  c.expect_rank(1, 2, 2);
  Dimension time, batch;
  for (size_t i = 0; i < 2; ++i) {
    if (!c.shape(i).rank_is_static()) continue;
    if (!Dimension::merge(time, time, c.shape(i)[0]) ||
        !Dimension::merge(batch, batch, c.shape(i)[1]))
      c.fail("data of shape {} and masks of shape {} do not fit", c.shape(0).to_string(),
             c.shape(1).to_string());
  }
  c.set_output(0, c.common_type(0, 2), PartialShape{batch, time, Dimension(1), Dimension(1)});
}

void infer_seq_len(InferContext& c) {
  c.expect_inputs(2, 3);
  c.expect_rank(0, 3, 3);
  c.expect_rank(1, 1, 1);
  c.expect_integral(1);
  const GreedySeqLen& a = c.attrs<GreedySeqLen>();
  for (element::Type type : {a.classes_index_type, a.sequence_length_type})
    if (type != element::i32 && type != element::i64)
      c.fail("classes and lengths must be i32 or i64, got {}", type.name());
  Dimension batch, time;
  if (c.shape(0).rank_is_static()) {
    batch = c.shape(0)[0];
    time = c.shape(0)[1];
  }
  if (c.shape(1).rank_is_static() && !Dimension::merge(batch, batch, c.shape(1)[0]))
    c.fail("{} lengths do not fit a batch of {}", c.shape(1)[0].to_string(), batch.to_string());
  c.set_output(0, a.classes_index_type, PartialShape{batch, time});
  c.set_output(1, a.sequence_length_type, PartialShape{batch});
}

int64_t best_class(const std::vector<double>& x, size_t from, size_t classes) {
  return std::max_element(x.begin() + int64_t(from), x.begin() + int64_t(from + classes)) -
         (x.begin() + int64_t(from));
}

void evaluate_greedy(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape& shape = c.shape(0);
  const size_t time = shape[0], batch = shape[1], classes = shape[2];
  if (classes == 0) c.fail("there are no classes");
  const std::vector<double> x = load<double>(c.input(0)), mask = load<double>(c.input(1));
  std::vector<double> y(out.get_size(), -1.0);
  for (size_t b = 0; b < batch; ++b) {
    int64_t before = -1;
    size_t to = b * time;
    for (size_t t = 0; t < time && mask[t * batch + b] != 0; ++t) {
      const int64_t best = best_class(x, (t * batch + b) * classes, classes);
      const bool repeated = best == before && c.attrs<Greedy>().ctc_merge_repeated;
      if (!repeated && best < int64_t(classes) - 1) y[to++] = double(best);
      before = best;
    }
  }
  store(out, y);
}

void evaluate_seq_len(EvalContext& c) {
  const GreedySeqLen& a = c.attrs<GreedySeqLen>();
  const Shape& shape = c.shape(0);
  const size_t batch = shape[0], time = shape[1], classes = shape[2];
  if (classes == 0) c.fail("there are no classes");
  c.facts();
  const std::vector<double> x = load<double>(c.input(0));
  const std::vector<int64_t> lengths = load<int64_t>(c.input(1));
  const int64_t blank = c.inputs() > 2 ? load<int64_t>(c.input(2)).at(0) : int64_t(classes) - 1;
  std::vector<int64_t> y(batch * time, -1), found(batch, 0);
  for (size_t b = 0; b < batch; ++b) {
    if (lengths[b] < 0 || size_t(lengths[b]) > time)
      c.fail("length {} is out of range for {} steps", lengths[b], time);
    int64_t before = -1;
    for (size_t t = 0; t < size_t(lengths[b]); ++t) {
      const int64_t best = best_class(x, (b * time + t) * classes, classes);
      if (best != blank && !(a.merge_repeated && best == before))
        y[b * time + size_t(found[b]++)] = best;
      before = best;
    }
  }
  store(c.output(0, a.classes_index_type, {batch, time}), y);
  store(c.output(1, a.sequence_length_type, {batch}), found);
}

}  // namespace

VIREO_DEFINE_OP(ctc_greedy_decoder_1){"CTCGreedyDecoder", 1, &kAttrType<Greedy>, infer_greedy,
                                      evaluate_greedy};
VIREO_DEFINE_OP(ctc_greedy_decoder_seq_len_6){"CTCGreedyDecoderSeqLen", 6, &kAttrType<GreedySeqLen>,
                                              infer_seq_len, evaluate_seq_len};

}  // namespace vireo::ops
