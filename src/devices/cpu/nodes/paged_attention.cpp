// Attention over states in pages: fresh keys and values join them, then the queries go over all. No
// plan knows how many tokens lie before: steps read that from the request's PagedBatch.
#include "devices/cpu/kernels/attention/paged.h"
#include "devices/cpu/nodes/attention_step.h"
#include "ops/fused/fused.h"

namespace vireo::cpu {

namespace {

enum Input : size_t { kQ, kK, kV };

// Steps are worth a fork from a past of so many tokens on.
constexpr double kUsualPast = 512;

const PagedBatch& batch_at(void* operand) { return *static_cast<const PagedBatch*>(operand); }

void append(const void* params, void* const* o, int64_t begin, int64_t end, void*) {
  run_paged_append(*static_cast<const PagedPlan*>(params), batch_at(o[0]),
                   static_cast<const float*>(o[1]), static_cast<const float*>(o[2]), begin, end);
}

void attend(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  run_paged(*static_cast<const PagedPlan*>(params), batch_at(o[0]), static_cast<const float*>(o[2]),
            static_cast<float*>(o[1]), begin, end, scratch);
}

void merge(const void* params, void* const* o, int64_t begin, int64_t end, void*) {
  run_paged_merge(*static_cast<const PagedPlan*>(params), batch_at(o[0]), static_cast<float*>(o[1]),
                  begin, end);
}

const char* type_name(DataType type) {
  return type == DataType::f32 ? "f32" : type == DataType::bf16 ? "bf16" : "u8";
}

const float* slopes_of(const PlanContext& c) {
  if (!c.attrs<ops::FusedPagedAttention>().has_slopes) return nullptr;
  const Tensor* slopes = c.constant(c.inputs() - 1);
  return slopes ? slopes->data<float>() : nullptr;
}

const char* plan(PlanContext& c) {
  const auto& a = c.attrs<ops::FusedPagedAttention>();
  const bool behind = a.layout == ops::HeadLayout::Bshd;
  const HeadsView q = heads_view(c.shape(kQ), behind), k = heads_view(c.shape(kK), behind),
                  v = heads_view(c.shape(kV), behind), out = heads_view(c.out_shape(), behind);
  if (q.batch != k.batch || q.batch != v.batch || q.positions != k.positions ||
      q.positions != v.positions)
    fail(ErrorCode::InvalidArgument, "attention '{}': queries {}, keys {} and values {} differ",
         c.node().name, c.shape(kQ).to_string(), c.shape(kK).to_string(), c.shape(kV).to_string());
  PagedParams p = c.program().kv.layers[c.bound().kv_layer].params;
  p.q = q.strides, p.k = k.strides, p.v = v.strides, p.out = out.strides;
  p.slopes = slopes_of(c);
  const PagedPlan paged = plan_paged(p, c.isa());
  const Place batch = c.kv_batch(q.batch, q.positions);
  const Place to = c.output(0);

  const double tokens = double(q.batch * q.positions), kv_heads = double(p.layout.kv_heads),
               sizes = double(p.layout.head_size + p.layout.value_size);
  const double fresh = tokens * kv_heads * sizes;
  const double flop = 2 * tokens * double(p.heads) * sizes * (kUsualPast + double(q.positions) / 2);
  const double past = double(q.batch) * kv_heads * sizes * kUsualPast;
  const auto name = [&](const char* what) {
    return fmt::format("{}_{}_{}", what, type_name(p.layout.key_type), tier_name(c.isa()));
  };
  StepSpec joins = spec_of(paged, append, name("kv_append"), estimate(40 * fresh));
  joins.bytes = 8 * fresh;
  joins.scratch = 0;
  const Place joined[] = {batch, c.input(kK), c.input(kV)};
  c.step(joins, paged, joined);
  StepSpec reads =
      spec_of(paged, attend, name("paged_attention"), estimate(past, flop), flop * 1e-9);
  reads.bytes = past;
  const Place read[] = {batch, to, c.input(kQ)};
  c.step(reads, paged, read);
  StepSpec sums = spec_of(paged, merge, name("attention_merge"),
                          estimate(16 * tokens * double(p.heads * p.layout.value_size)));
  sums.bytes = 8 * tokens * double(p.heads * p.layout.value_size);
  sums.scratch = 0;
  const Place summed[] = {batch, to};
  c.step(sums, paged, summed);
  return nullptr;
}

}  // namespace

const NodeKind paged_attention_node = {"vireo.PagedAttention", nullptr, nullptr, plan};

}  // namespace vireo::cpu
