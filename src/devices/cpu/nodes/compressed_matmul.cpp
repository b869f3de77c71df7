// Products with compressed weights, packed once.
#include "devices/cpu/nodes/compressed_weights.h"
#include "devices/cpu/nodes/epilogue.h"
#include "devices/cpu/nodes/kernel_step.h"

namespace vireo::cpu {

namespace {

struct Packed {
  const uint8_t* data = nullptr;
  NodeWeights weights;  // without what it kept: packed data stand for it
};

const ops::CompressedMatMul& attrs_of(const NodeView& node) {
  return node.attrs<ops::CompressedMatMul>();
}

std::string refusal(const NodeView& node) {
  const ops::CompressedMatMul& a = attrs_of(node);
  std::string reason = needs_f32(node, 1);
  if (!reason.empty()) return reason;
  if (node.out_type() != element::f32) return "the kernel writes f32";
  Epilogue epilogue;
  if (a.activation && !set_activation(epilogue, a.activation))
    return "the activation is not one of the kernel's";
  const size_t next = 1 + a.weights.inputs();
  NodeWeights weights;
  reason = read_weights(node, a.weights, 1, a.transpose_b, &weights);
  if (!reason.empty()) return reason;
  for (size_t i = next; i < node.inputs(); ++i)
    if (node.in_type(i) != element::f32)
      return fmt::format("the kernel takes f32, input {} is {}", i, node.in_type(i).name());
  if (a.has_bias && node.in(next).shape != PartialShape{weights.layout.n})
    return "the bias is a scalar";
  return {};
}

std::shared_ptr<const void> prepare(const NodeView& node) {
  const ops::CompressedMatMul& a = attrs_of(node);
  auto packed = std::make_shared<Packed>();
  read_weights(node, a.weights, 1, a.transpose_b, &packed->weights);
  auto weights = std::make_shared<const NodeWeights>(packed->weights);
  packed->weights.keep.clear();
  packed->data = node.pack(weights->name(), packed_bytes(weights->layout), weights->keep[0],
                           weights->layout.panels,
                           [weights](const void* source, uint8_t* to, int64_t begin, int64_t end) {
                             pack_weights(*weights, source, to, begin, end);
                           });
  return packed;
}

struct Params {
  CompressedPlan plan;
  int bias = -1, residual = -1, prepared = -1;  // operand numbers
};

uint8_t* aligned(void* p) {
  const auto address = reinterpret_cast<uintptr_t>(p);
  return static_cast<uint8_t*>(p) +
         ((address + kCacheLine - 1) / kCacheLine * kCacheLine - address);
}

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  const auto& p = *static_cast<const Params*>(params);
  CompressedArgs args;
  args.c = static_cast<float*>(o[0]);
  args.a = static_cast<const float*>(o[1]);
  args.w = static_cast<const uint8_t*>(o[2]);
  if (p.bias >= 0) args.bias = static_cast<const float*>(o[p.bias]);
  if (p.residual >= 0) args.residual = static_cast<const float*>(o[p.residual]);
  if (p.prepared >= 0) args.prepared = aligned(o[p.prepared]);
  run_compressed(p.plan, args, begin, end, scratch);
}

void run_prepare(const void* params, void* const* o, int64_t begin, int64_t end, void*) {
  prepare_compressed(static_cast<const Params*>(params)->plan, static_cast<const float*>(o[1]),
                     aligned(o[0]), begin, end);
}

// What the profile calls it: the codes, and what they are multiplied with.
std::string kernel_name(const CompressedPlan& plan) {
  static constexpr const char* kCodings[] = {"4bit", "table4", "8bit", "5bit", "6bit",
                                             "2bit", "3bit",   "bf16", "f16"};
  const char* how = plan.many        ? plan.desc.many_type == DataType::bf16 ? "by_bf16" : "by_f32"
                    : plan.quantised ? "by_i8"
                                     : "by_f32";
  return fmt::format("compressed_{}_{}_{}", kCodings[int(plan.desc.format.coding)], how,
                     plan.kernel->name);
}

CompressedDesc describe(const PlanContext& c, const NodeWeights& weights) {
  const CompileConfig& config = c.program().config;
  CompressedDesc d;
  d.n = weights.layout.n;
  d.k = weights.layout.k;
  d.m = d.k ? elements(c.shape(0)) / d.k : 0;
  d.a_row = d.k;
  d.c_row = d.residual_row = d.n;
  d.format = weights.format;
  const uint64_t group = config.quantised_group.value_or(0);
  d.quantised_group = int64_t(std::min<uint64_t>(group, uint64_t(1) << 40));
  d.many_type = config.precision == element::bf16 && c.isa().has(Isa::Avx512Bf16) ? DataType::bf16
                                                                                  : DataType::f32;
  return d;
}

const char* plan(PlanContext& c) {
  const ops::CompressedMatMul& a = attrs_of(c);
  const auto* packed = c.prepared<Packed>();
  CompressedDesc d = describe(c, packed->weights);
  set_activation(d.epilogue, a.activation);
  Params p;
  std::vector<Place> operands(3);
  operands[1] = c.input(0);
  operands[2] = fixed_place(packed->data);
  size_t next = 1 + a.weights.inputs();
  if (a.has_bias) {
    d.epilogue.bias = Bias::PerColumn;
    p.bias = int(operands.size());
    operands.push_back(c.input(next++));
  }
  if (a.has_residual) {
    if (c.shape(next) != c.out_shape()) return "the residual broadcasts";
    d.epilogue.residual = Residual::BeforeActivation;
    p.residual = int(operands.size());
    operands.push_back(c.input(next));
    operands[0] = c.output_in_place(0, next);
  } else {
    operands[0] = c.output(0);
  }
  p.plan = plan_compressed(d, c.isa());
  const double bytes = double(packed_bytes(p.plan.layout)) + 4.0 * double(d.m * (d.k + d.n));
  const double flop = 2.0 * double(d.m) * double(d.n) * double(d.k);
  if (p.plan.prepared_bytes) {
    const Place prepared = c.temporary(p.plan.prepared_bytes + kCacheLine);
    p.prepared = int(operands.size());
    operands.push_back(prepared);
    StepSpec spec;
    spec.fn = run_prepare;
    spec.tasks = d.m;
    spec.bytes = 6.0 * double(d.m * d.k);
    spec.microseconds = estimate(spec.bytes);
    spec.kernel = "compressed_activations";
    const Place rows[] = {prepared, c.input(0)};
    c.step(spec, p, rows);
  }
  StepSpec spec = spec_of(p.plan, run, kernel_name(p.plan), estimate(bytes, flop), flop * 1e-9);
  spec.bytes = bytes;
  c.step(spec, p, operands);
  return nullptr;
}

}  // namespace

const NodeKind compressed_matmul_node = {
    "vireo.CompressedMatMul", refusal, prepare, plan, nullptr, 1};

}  // namespace vireo::cpu
