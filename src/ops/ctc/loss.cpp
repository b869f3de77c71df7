// CTCLoss: minus the logarithm of the probability of a label sequence over all its alignments
// (Graves et al., 2006).
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/op.h"
#include "core/values.h"

namespace vireo::ops {
namespace {

struct CtcLoss {
  bool preprocess_collapse_repeated = false, ctc_merge_repeated = true, unique = false;
};
void visit(AttrVisitor& v, CtcLoss& a) {
  v.on("preprocess_collapse_repeated", a.preprocess_collapse_repeated);
  v.on("ctc_merge_repeated", a.ctc_merge_repeated);
  v.on("unique", a.unique);
}

void infer(InferContext& c) {
  c.expect_inputs(4, 5);
  c.expect_real(0);
  c.expect_rank(0, 3, 3);
  c.expect_rank(1, 1, 1);
  c.expect_rank(2, 2, 2);
  c.expect_rank(3, 1, 1);
  Dimension batch;
  for (size_t i = 0; i < 4; ++i) {
    if (i > 0) c.expect_integral(i);
    if (c.shape(i).rank_is_static() && !Dimension::merge(batch, batch, c.shape(i)[0]))
      c.fail("inputs differ in batch: {} and {}", batch.to_string(), c.shape(i)[0].to_string());
  }
  if (c.shape(0).rank_is_static() && c.shape(2).rank_is_static() &&
      !c.shape(0)[1].compatible(c.shape(2)[1]))
    c.fail("logits of shape {} and labels of shape {} differ in time", c.shape(0).to_string(),
           c.shape(2).to_string());
  c.set_output(0, c.type(0), PartialShape{batch});
}

constexpr double kNever = -std::numeric_limits<double>::infinity();

double add_logs(double a, double b) {
  if (a < b) std::swap(a, b);
  return b == kNever ? a : a + std::log1p(std::exp(b - a));
}

std::vector<int64_t> decoded(const CtcLoss& a, const int64_t* labels, size_t count) {
  std::vector<int64_t> out;
  for (size_t i = 0; i < count; ++i) {
    const bool seen = a.unique ? std::find(out.begin(), out.end(), labels[i]) != out.end()
                      : a.preprocess_collapse_repeated ? i > 0 && labels[i] == labels[i - 1]
                                                       : false;
    if (!seen) out.push_back(labels[i]);
  }
  return out;
}

// Log-probabilities of one sequence: at(t, class).
struct LogSoftmax {
  std::vector<double> x;
  size_t classes;
  double at(size_t t, int64_t label) const { return x[t * classes + size_t(label)]; }
};

LogSoftmax log_softmax(const double* logits, size_t steps, size_t classes) {
  LogSoftmax out{std::vector<double>(logits, logits + steps * classes), classes};
  for (size_t t = 0; t < steps; ++t) {
    double* row = out.x.data() + t * classes;
    const double most = *std::max_element(row, row + classes);
    double sum = 0;
    for (size_t k = 0; k < classes; ++k) sum += std::exp(row[k] - most);
    for (size_t k = 0; k < classes; ++k) row[k] -= most + std::log(sum);
  }
  return out;
}

// Every label is emitted once, blanks fill the rest: state i has emitted i labels.
double without_merging(const LogSoftmax& p, size_t steps, const std::vector<int64_t>& labels,
                       int64_t blank) {
  std::vector<double> state(labels.size() + 1, kNever);
  state[0] = 0;
  for (size_t t = 0; t < steps; ++t)
    for (size_t i = labels.size() + 1; i-- > 0;) {
      const double stay = state[i] + p.at(t, blank),
                   step = i > 0 ? state[i - 1] + p.at(t, labels[i - 1]) : kNever;
      state[i] = add_logs(stay, step);
    }
  return state.back();
}

// Labels with blanks between them may each last several steps; equal neighbours need the blank.
double with_merging(const LogSoftmax& p, size_t steps, const std::vector<int64_t>& labels,
                    int64_t blank) {
  std::vector<int64_t> path = {blank};
  for (int64_t label : labels) path.insert(path.end(), {label, blank});
  std::vector<double> state(path.size(), kNever), next(path.size());
  state[0] = 0;
  if (steps == 0) return labels.empty() ? 0 : kNever;
  state[0] = p.at(0, blank);
  if (path.size() > 1) state[1] = p.at(0, path[1]);
  for (size_t t = 1; t < steps; ++t) {
    for (size_t i = 0; i < path.size(); ++i) {
      double sum = state[i];
      if (i > 0) sum = add_logs(sum, state[i - 1]);
      if (i > 1 && path[i] != blank && path[i] != path[i - 2]) sum = add_logs(sum, state[i - 2]);
      next[i] = sum == kNever ? kNever : sum + p.at(t, path[i]);
    }
    state.swap(next);
  }
  return path.size() > 1 ? add_logs(state.back(), state[state.size() - 2]) : state.back();
}

void evaluate(EvalContext& c) {
  const CtcLoss& a = c.attrs<CtcLoss>();
  Tensor& out = c.output(0);
  const Shape& shape = c.shape(0);
  const size_t time = shape[1], classes = shape[2];
  const std::vector<double> logits = load<double>(c.input(0));
  const auto logit_lengths = load<int64_t>(c.input(1)), labels = load<int64_t>(c.input(2)),
             label_lengths = load<int64_t>(c.input(3));
  const int64_t blank = c.inputs() > 4 ? load<int64_t>(c.input(4)).at(0) : int64_t(classes) - 1;
  if (blank < 0 || blank >= int64_t(classes))
    c.fail("blank {} is out of range for {} classes", blank, classes);
  std::vector<double> y;
  for (size_t b = 0; b < shape[0]; ++b) {
    const int64_t steps = logit_lengths[b], count = label_lengths[b];
    if (steps < 0 || count < 0 || size_t(steps) > time || count > steps)
      c.fail("{} steps and {} labels do not fit a time of {}", steps, count, time);
    const std::vector<int64_t> target = decoded(a, labels.data() + b * time, size_t(count));
    for (int64_t label : target)
      if (label < 0 || label >= int64_t(classes))
        c.fail("label {} is out of range for {} classes", label, classes);
    const LogSoftmax p = log_softmax(logits.data() + b * time * classes, size_t(steps), classes);
    y.push_back(-(a.ctc_merge_repeated ? with_merging(p, size_t(steps), target, blank)
                                       : without_merging(p, size_t(steps), target, blank)));
  }
  store(out, y);
}

}  // namespace

VIREO_DEFINE_OP(ctc_loss_4){"CTCLoss", 4,        &kAttrType<CtcLoss>,
                            infer,     evaluate, Tolerance::Accumulate};

}  // namespace vireo::ops
