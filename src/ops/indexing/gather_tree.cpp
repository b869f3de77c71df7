// GatherTree: whole sequences of a beam search, read back from its last step along the parents.
#include <algorithm>

#include "core/op.h"
#include "core/values.h"

namespace vireo::ops {
namespace {

void infer(InferContext& c) {
  c.expect_inputs(4, 4);
  c.expect_rank(0, 3, 3);
  c.expect_rank(1, 3, 3);
  c.expect_rank(2, 1, 1);
  c.expect_rank(3, 0, 0);
  PartialShape out = c.shape(0);
  if (!PartialShape::merge_into(out, c.shape(1)))
    c.fail("step_ids of shape {} and parent_idx of shape {} differ", c.shape(0).to_string(),
           c.shape(1).to_string());
  if (out.rank_is_static() && c.shape(2).rank_is_static() &&
      !Dimension::merge(out[1], out[1], c.shape(2)[0]))
    c.fail("{} sequence lengths do not fit a batch of {}", c.shape(2)[0].to_string(),
           out[1].to_string());
  c.set_output(0, c.common_type(0, 4), out);
}

void evaluate(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape& shape = out.get_shape();
  const int64_t steps = int64_t(shape[0]);
  const size_t batch = shape[1], beams = shape[2];
  const std::vector<double> ids = load<double>(c.input(0)), parents = load<double>(c.input(1)),
                            lengths = load<double>(c.input(2));
  const double end = load<double>(c.input(3)).at(0);
  std::vector<double> y(ids.size(), end);
  for (size_t b = 0; b < batch; ++b)
    for (size_t k = 0; k < beams; ++k) {
      const int64_t length = std::min(steps, int64_t(lengths[b]));
      double beam = double(k);
      for (int64_t t = length - 1; t >= 0; --t) {
        if (!(beam >= 0 && beam < double(beams)))
          c.fail("parent {} is out of range for {} beams", beam, beams);
        const size_t at = (size_t(t) * batch + b) * beams;
        y[at + k] = ids[at + size_t(beam)];
        beam = parents[at + size_t(beam)];
      }
      bool ended = false;
      for (int64_t t = 0; t < length; ++t) {
        double& token = y[(size_t(t) * batch + b) * beams + k];
        if (ended) token = end;
        ended = ended || token == end;
      }
    }
  store(out, y);
}

}  // namespace

VIREO_DEFINE_OP(gather_tree_1){"GatherTree", 1, &kAttrType<NoAttrs>, infer, evaluate};

}  // namespace vireo::ops
