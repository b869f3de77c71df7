// Channels-last pooling.
#include "devices/cpu/kernels/pool/pool.h"

#include "devices/cpu/nodes/kernel_step.h"
#include "ops/fused/fused.h"

namespace vireo::cpu {

namespace {

std::string refusal(const NodeView& node) {
  const auto& a = node.attrs<ops::FusedPool>();
  if (a.kernel.size() > 3) return "the kernel has one to three spatial axes";
  if (node.node().is("vireo.AvgPool") && !a.exclude_pad)
    for (int64_t o : a.overhang)
      if (o > 0) return "rounding up lets windows hang over the padding";
  const bool codes = node.in_type(0) == element::u8 && node.node().is("vireo.MaxPool");
  return codes ? std::string() : needs_dense_types(node, 1, false);
}

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  PoolArgs args{o[1], o[0], nullptr};
  run_pool(*static_cast<const PoolPlan*>(params), args, begin, end, scratch);
}

const char* plan(PlanContext& c) {
  const auto& a = c.attrs<ops::FusedPool>();
  const Shape &src = c.shape(0), &out = c.out_shape();
  const size_t dims = a.kernel.size();
  if (src.size() != dims + 2) return "the rank does not fit the window";
  PoolParams p;
  p.mode = c.node().is("vireo.MaxPool") ? PoolMode::max
           : a.exclude_pad              ? PoolMode::average
                                        : PoolMode::average_with_padding;
  data_type(c.in_type(0), &p.type);
  p.batch = int64_t(src[0]);
  p.channels = int64_t(src.back());
  double window = 1;
  const auto at = [](const std::vector<int64_t>& v, size_t i, int64_t otherwise) {
    return v.empty() ? otherwise : v[i];
  };
  for (size_t i = 0; i < dims; ++i) {
    const size_t k = 3 - dims + i;
    p.in[k] = int64_t(src[i + 1]);
    p.out[k] = int64_t(out[i + 1]);
    p.kernel[k] = a.kernel[i];
    p.stride[k] = at(a.strides, i, 1);
    p.dilation[k] = at(a.dilations, i, 1);
    p.pad_begin[k] = at(a.pads_begin, i, 0);
    p.pad_end[k] = at(a.pads_end, i, 0);
    window *= double(a.kernel[i]);
  }
  const Place to = c.output_rows(0, &p.dst_stride), operands[] = {to, c.input(0)};
  const PoolPlan plan = plan_pool(p, c.isa());
  const double work = window * double(elements(out));
  c.step(spec_of(plan, run, fmt::format("pool_{}_{}", c.in_type(0).name(), tier_name(c.isa())),
                 estimate(double(size_of(p.type)) * double(elements(src)), 4 * work), work * 1e-9),
         plan, operands);
  return nullptr;
}

}  // namespace

const NodeKind max_pool_node = {"vireo.MaxPool", refusal, nullptr, plan};
const NodeKind avg_pool_node = {"vireo.AvgPool", refusal, nullptr, plan};

}  // namespace vireo::cpu
