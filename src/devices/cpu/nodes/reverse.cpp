// Reverse and ReverseSequence.
#include "devices/cpu/nodes/attribute.h"
#include "devices/cpu/nodes/copy_step.h"
#include "devices/cpu/nodes/index.h"
#include "ops/movement/movement.h"

namespace vireo::cpu {

namespace {

std::string reverse_refusal(const NodeView& node) {
  if (!node.constant(1)) return "the axes are not constant";
  return needs_bytes(node);
}

// A copy whose reversed axes are walked from their ends.
const char* plan_reverse_node(PlanContext& c) {
  const Shape& shape = c.shape(0);
  const int64_t width = int64_t(c.out_type().size());
  const std::vector<int64_t> dense = byte_strides(shape, width), given = known_ints(*c.value(1));
  const bool mask = attribute<std::string>(c.node(), "mode", "index") == "mask";
  std::vector<bool> back(shape.size());
  for (size_t i = 0; i < given.size(); ++i) {
    if (!mask)
      back[positive_axis(given[i], shape.size())] = true;
    else if (given[i] != 0)
      back[i] = true;
  }
  const Place to = c.output(0);
  if (elements(shape) == 0) return nullptr;
  std::vector<int64_t> strides = dense;
  int64_t offset = 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!back[i]) continue;
    offset += int64_t(shape[i] - 1) * dense[i];
    strides[i] = -dense[i];
  }
  copy_step(c, "reverse_copy", shape, shifted(c.input(0), offset), strides, to, dense, width);
  return nullptr;
}

std::string sequence_refusal(const NodeView& node) { return refuse_index(node, 1); }

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  run_reverse(*static_cast<const ReversePlan*>(params), {o[1], o[2], o[0]}, begin, end, scratch);
}

const char* plan_sequence(PlanContext& c) {
  const auto& a = c.attrs<ops::ReverseSequence>();
  const Shape& shape = c.shape(0);
  const size_t batch = positive_axis(a.batch_axis, shape.size()),
               sequence = positive_axis(a.seq_axis, shape.size());
  if (batch == sequence) return "the batch axis is the sequence axis";
  const size_t first = std::min(batch, sequence), second = std::max(batch, sequence);
  ReverseParams p;
  p.outer = product(shape, 0, first);
  p.first = int64_t(shape[first]);
  p.middle = product(shape, first + 1, second);
  p.second = int64_t(shape[second]);
  p.row_bytes = product(shape, second + 1, shape.size()) * int64_t(c.out_type().size());
  p.sequence_first = sequence < batch;
  p.long_lengths = c.in_type(1) == element::i64;
  const ReversePlan plan = plan_reverse(p);
  const Place operands[] = {c.output(0), c.input(0), c.input(1)};
  c.step(spec_of(plan, run, "reverse_sequence", estimate(2.0 * double(plan.tasks * p.row_bytes))),
         plan, operands);
  return nullptr;
}

}  // namespace

const NodeKind reverse_node = {"Reverse", reverse_refusal, nullptr, plan_reverse_node};
const NodeKind reverse_sequence_node = {"ReverseSequence", sequence_refusal, nullptr,
                                        plan_sequence};

}  // namespace vireo::cpu
