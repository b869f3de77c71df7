// Rows of compressed tables (embeddings), decompressed as they are taken.
#include <cstring>

#include "devices/cpu/kernels/gather/index.h"
#include "devices/cpu/nodes/compressed_weights.h"
#include "devices/cpu/nodes/index.h"

namespace vireo::cpu {

namespace {

const ops::CompressedGather& attrs_of(const NodeView& node) {
  return node.attrs<ops::CompressedGather>();
}

std::string refusal(const NodeView& node) {
  NodeWeights weights;
  const std::string reason = read_weights(node, attrs_of(node), 0, true, &weights);
  return reason.empty() ? refuse_index(node, attrs_of(node).inputs()) : reason;
}

std::shared_ptr<const void> prepare(const NodeView& node) {
  auto weights = std::make_shared<NodeWeights>();
  read_weights(node, attrs_of(node), 0, true, weights.get());
  return weights;
}

struct Params {
  const NodeWeights* weights;
  DataType index_type;
};

void run(const void* params, void* const* o, int64_t begin, int64_t end, void*) {
  const auto& p = *static_cast<const Params*>(params);
  const CompressedLayout& l = p.weights->layout;
  for (int64_t i = begin; i < end; ++i) {
    float* to = static_cast<float*>(o[0]) + i * l.k;
    const int64_t n = index_at(o[1], p.index_type, i, l.n);
    if (n >= 0)
      decode_row(*p.weights, n, to);
    else
      std::memset(to, 0, size_t(l.k) * sizeof(float));
  }
}

const char* plan(PlanContext& c) {
  const size_t indices = attrs_of(c).inputs();
  const Params p{c.prepared<NodeWeights>(), index_type(c, indices)};
  StepSpec spec;
  spec.fn = run;
  spec.tasks = elements(c.shape(indices));
  spec.bytes = 6.0 * double(spec.tasks * p.weights->layout.k);
  spec.microseconds = estimate(4 * spec.bytes);
  spec.kernel = "compressed_rows";
  const Place operands[] = {c.output(0), c.input(indices)};
  c.step(spec, p, operands);
  return nullptr;
}

}  // namespace

const NodeKind compressed_gather_node = {"vireo.CompressedGather", refusal, prepare, plan};

}  // namespace vireo::cpu
