// Losses, which exported training graphs hold.
#include "frontends/onnx/convert/node.h"

namespace vireo::onnx {
namespace {

// -weight[target] * x[target], 0 where the target is to be ignored.
Value likelihood_loss(Node& n, const Value& log_probabilities, const Value& target_in,
                      const Value& weight) {
  const Value target = convert(target_in, element::i64);
  const bool ignores = n.has_attribute("ignore_index");
  const Value ignored = n.b.integer(n.integer("ignore_index", -100));
  const Value zero = n.b.integer(0);
  const Value drop = binary("Equal", target, ignored);
  const Value safe = ignores ? select(drop, zero, target) : target;
  const Value picked = squeeze(
      n.b.add("GatherElements", 6, {log_probabilities, unsqueeze(safe, {1})}, {{"axis", 1}}), {1});
  Value weights =
      weight ? gather(weight, safe, 0) : broadcast(n.b.like(picked, 1), shape_of(picked));
  if (ignores) weights = select(drop, n.b.like(weights, 0), weights);
  const Value loss = unary("Negative", picked) * weights;
  const std::string reduction = n.text("reduction", "mean");
  if (reduction == "none") return loss;
  const std::vector<int64_t> all = iota(0, target.rank());
  const Value sum = reduce("ReduceSum", loss, all, false);
  if (reduction == "sum") return sum;
  return sum / reduce("ReduceSum", weights, all, false);
}

}  // namespace

Outputs negative_log_likelihood_loss(Node& n) {
  return likelihood_loss(n, n.in(0), n.in(1), n.in_or(2, {}));
}

Outputs softmax_cross_entropy_loss(Node& n) {
  const Value log = n.b.add("LogSoftmax", 5, {n.in(0)}, {{"axis", 1}});
  return {likelihood_loss(n, log, n.in(1), n.in_or(2, {})), log};
}

}  // namespace vireo::onnx
