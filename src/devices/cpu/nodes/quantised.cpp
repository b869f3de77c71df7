// Products of 8-bit codes: convolutions and matrix products with weights packed at compile time.
#include "core/values.h"
#include "devices/cpu/kernels/conv/conv.h"
#include "devices/cpu/kernels/depthwise/depthwise.h"
#include "devices/cpu/nodes/conv_desc.h"
#include "devices/cpu/nodes/kernel_step.h"
#include "devices/cpu/nodes/requantise.h"

namespace vireo::cpu {

namespace {

constexpr double kLargestProduct = 255.0 * 128;

template <typename A>
CodeProduct product_of(const A& a) {
  return {a.quantised, a.activation, a.has_bias, a.has_residual};
}

struct PackedCodes {
  const uint8_t* data = nullptr;
  const GemmKernel* kernel = nullptr;
  const DepthwiseKernel* depthwise = nullptr;  // else; its weights are f32, in quanta of the result
  CodeFinish finish;
  int64_t columns = 0, taps = 0;      // packed columns: whole vectors per group
  const int32_t* tap_sums = nullptr;  // of the weights: [taps][columns]
};

std::string common_refusal(const NodeView& node, const CodeProduct& product) {
  if (!node.constant(1)) return "the weights are not constant";
  if (node.constant(1)->get_size() == 0) return "the weights are empty";
  return refuse_codes(node, product);
}

// weights(o, tap, c): [o][tap][c] dense, or any strides.
struct CodeStrides {
  int64_t oc, tap, ic;
};
void add_tap_sums(const NodeView& node, PackedCodes& p, const CodeStrides& s, int64_t oc,
                  int64_t groups, int64_t taps, int64_t ic) {
  const int64_t in_group = oc / groups, width = round_up(in_group, p.kernel->lanes),
                columns = groups * width;
  p.columns = columns;
  p.taps = taps;
  const auto fill = [=](const void* source, uint8_t* to, int64_t, int64_t) {
    const auto* weights = static_cast<const int8_t*>(source);
    auto* sums = reinterpret_cast<int32_t*>(to);
    std::fill(sums, sums + taps * columns, 0);
    for (int64_t tap = 0; tap < taps; ++tap) {
      for (int64_t o = 0; o < oc; ++o) {
        int32_t& sum = sums[tap * columns + o / in_group * width + o % in_group];
        for (int64_t c = 0; c < ic; ++c) sum += weights[o * s.oc + tap * s.tap + c * s.ic];
      }
    }
  };
  const uint8_t* data = node.pack("sums of taps, i32", size_t(taps * columns) * sizeof(int32_t),
                                  *node.constant(1), 1, fill);
  p.tap_sums = reinterpret_cast<const int32_t*>(data);
}

// Packing takes f32, which holds every code.
std::vector<float> as_floats(const void* codes, int64_t count) {
  const auto* from = static_cast<const int8_t*>(codes);
  return std::vector<float>(from, from + count);
}

// What sums start from so that they come out as if the zero had been taken off every code: a row
// per kind of line, in which only some taps meet the source.
std::vector<int32_t> starts_of(const PackedCodes& p, const ConvLines* lines, int64_t ic,
                               int32_t zero) {
  const size_t columns = size_t(p.columns), taps = size_t(p.taps);
  std::vector<int32_t> starts(columns * (lines ? std::max<size_t>(1, lines->kinds.size()) : 1), 0);
  const auto take = [&](int32_t* row, size_t tap) {
    for (size_t j = 0; j < columns; ++j) row[j] -= zero * p.tap_sums[tap * columns + j];
  };
  for (size_t tap = 0; !lines && tap < taps; ++tap) take(starts.data(), tap);
  for (size_t k = 0; lines && k < lines->kinds.size(); ++k) {
    const ConvLineKind& kind = lines->kinds[k];
    for (int32_t r = 0; r < kind.run_count; ++r) {
      const GemmRun& run = lines->runs[size_t(kind.run_begin + r)];
      for (int64_t row = run.b; row < run.b + run.k; row += ic)
        take(&starts[k * columns], size_t(row / ic));
    }
  }
  return starts;
}

Place fixed(const void* data) {
  return Place{kNone32, {0, uint64_t(reinterpret_cast<uintptr_t>(data))}, 0};
}

template <typename Plan>
struct Params {
  Plan plan;
  const PackedCodes* packed = nullptr;
  std::vector<int32_t> starts;
  int residual = -1;  // operand number
};

template <typename Args, typename P>
void set_arguments(Args& args, const P& p, void* const* o) {
  if (p.residual >= 0) args.residual = o[p.residual];
  args.bias = p.packed->finish.bias.data();
  args.scale = p.packed->finish.scale.data();
  args.shift = p.packed->finish.shift.data();
  args.out_scale = p.packed->finish.out_scale.data();
  args.start = p.starts.data();
}

// Place 0 is the output, in place of the residual if there is one.
template <typename A>
std::vector<Place> operands_of(PlanContext& c, const A& a, const PackedCodes& packed, int64_t* row,
                               int* residual) {
  std::vector<Place> operands(3);
  operands[1] = c.input(0);
  operands[2] = fixed(packed.data);
  if (a.has_residual) {
    const size_t input = 3 + size_t(a.has_bias);
    *residual = int(operands.size());
    operands.push_back(c.input(input));
    operands[0] = c.output_in_place(0, input);
  } else {
    operands[0] = row ? c.output_rows(0, row) : c.output(0);
  }
  return operands;
}

bool by_channel(const NodeView& node, const ConvDesc& d) {
  return is_depthwise(d) && node.out_type() == element::u8;
}

std::string refuse_conv(const NodeView& node) {
  const auto& a = node.attrs<ops::QuantisedConv>();
  const std::string reason = common_refusal(node, product_of(a));
  if (!reason.empty()) return reason;
  const Shape& weights = node.constant(1)->get_shape();
  if (weights.size() < 3 || weights.size() > 5) return "the kernel has one to three spatial axes";
  const bool depthwise = by_channel(node, describe_weights(a, weights, false));
  if (node.in_type(1) != element::i8 && !depthwise) return "the weights are no codes";
  return depthwise && a.quantised.between ? "a depthwise convolution has a sum behind it"
                                          : std::string();
}

std::shared_ptr<const void> prepare_by_channel(const NodeView& node, const ConvDesc& d) {
  const auto& a = node.attrs<ops::QuantisedConv>();
  const Tensor& weights = *node.constant(1);
  auto p = std::make_shared<PackedCodes>();
  p->depthwise = get_depthwise(DataType::u8, node.program().isa);
  const int64_t count = int64_t(weights.get_size()), taps = count / d.oc;
  p->finish = finish_codes(node, product_of(a), d.oc, 1, p->depthwise->lanes,
                           kLargestProduct * double(taps));
  const bool codes = weights.get_element_type() == element::i8;
  const auto fill = [=, kernel = p->depthwise, scale = p->finish.scale](
                        const void* source, uint8_t* to, int64_t, int64_t) {
    const auto* values = static_cast<const float*>(source);
    std::vector<float> scaled =
        codes ? as_floats(source, count) : std::vector<float>(values, values + count);
    for (int64_t i = 0; i < count; ++i) scaled[size_t(i)] *= scale[size_t(i / taps)];
    pack_depthwise_weights(d, *kernel, scaled.data(), weight_strides(d), to);
  };
  p->data =
      node.pack(p->depthwise->name, depthwise_packed_bytes(d, *p->depthwise), weights, 1, fill);
  return p;
}

std::shared_ptr<const void> prepare_conv(const NodeView& node) {
  const auto& a = node.attrs<ops::QuantisedConv>();
  const Tensor& weights = *node.constant(1);
  const ConvDesc d = describe_weights(a, weights.get_shape(), false);
  if (by_channel(node, d)) return prepare_by_channel(node, d);
  auto p = std::make_shared<PackedCodes>();
  p->kernel = get_gemm(DataType::u8, node.program().isa);
  const int64_t count = int64_t(weights.get_size()), ic = d.ic / d.groups,
                taps = count / (d.oc * ic);
  const auto fill = [=, kernel = p->kernel](const void* source, uint8_t* to, int64_t begin,
                                            int64_t end) {
    pack_conv_weights(d, *kernel, as_floats(source, count).data(), weight_strides(d), to, begin,
                      end);
  };
  p->data = node.pack(p->kernel->name, conv_packed_bytes(d, *p->kernel), weights,
                      conv_panels(d, *p->kernel), fill);
  add_tap_sums(node, *p, {taps * ic, ic, 1}, d.oc, d.groups, taps, ic);
  p->finish = finish_codes(node, product_of(a), d.oc, d.groups, p->kernel->lanes,
                           kLargestProduct * double(taps * ic));
  return p;
}

void run_conv_step(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  const auto& p = *static_cast<const Params<ConvPlan>*>(params);
  ConvArgs args;
  args.dst = o[0];
  args.src = o[1];
  args.weights = o[2];
  set_arguments(args, p, o);
  args.start_stride = p.packed->columns;
  run_conv(p.plan, args, begin, end, scratch);
}

void run_depthwise_step(const void* params, void* const* o, int64_t begin, int64_t end,
                        void* scratch) {
  const auto& p = *static_cast<const Params<DepthwisePlan>*>(params);
  ConvArgs args;
  args.dst = o[0];
  args.src = o[1];
  args.weights = o[2];
  set_arguments(args, p, o);
  run_depthwise(p.plan, args, begin, end, scratch);
}

const char* plan_conv_step(PlanContext& c) {
  const auto& a = c.attrs<ops::QuantisedConv>();
  const auto& packed = *c.prepared<PackedCodes>();
  ConvDesc d = describe_weights(a, c.shape(1), false);
  describe_images(d, c.shape(0), c.out_shape());
  d.src_type = DataType::u8;
  data_type(c.out_type(), &d.dst_type);
  d.epilogue = packed.finish.epilogue;
  int64_t row = d.oc;
  int residual = -1;
  const std::vector<Place> operands = operands_of(c, a, packed, &row, &residual);
  if (!a.has_residual) d.dst = dense_strides(d.dims, d.out, row);
  const double flop = conv_flop(d), bytes = double(elements(c.shape(0)) + elements(c.out_shape()));
  if (packed.depthwise) {
    d.src_zero = float(a.quantised.src_zero);
    Params<DepthwisePlan> p{
        plan_depthwise(d, packed.depthwise, c.threads()), &packed, {}, residual};
    c.step(spec_of(p.plan, run_depthwise_step, fmt::format("depthwise_u8_{}", tier_name(c.isa())),
                   estimate(bytes, 2 * flop), flop * 1e-9),
           std::move(p), operands);
    return nullptr;
  }
  Params<ConvPlan> p{plan_conv(d, packed.kernel, c.threads()), &packed, {}, residual};
  p.starts = starts_of(packed, p.plan.pointwise ? nullptr : &p.plan.lines, d.ic / d.groups,
                       int32_t(a.quantised.src_zero));
  c.step(spec_of(p.plan, run_conv_step,
                 fmt::format("conv{}_u8_{}", p.plan.pointwise ? "_1x1" : "", code_tier(c.isa())),
                 estimate(bytes, flop / 4), flop * 1e-9),
         std::move(p), operands);
  return nullptr;
}

std::string refuse_matmul(const NodeView& node) {
  const auto& a = node.attrs<ops::QuantisedMatMul>();
  const std::string reason = common_refusal(node, product_of(a));
  if (!reason.empty()) return reason;
  if (node.constant(1)->get_shape().size() != 2) return "the weights are more than one matrix";
  if (node.in_type(1) != element::i8) return "the weights are no codes";
  return a.transpose_a ? "the left matrix is transposed" : std::string();
}

std::shared_ptr<const void> prepare_matmul(const NodeView& node) {
  const auto& a = node.attrs<ops::QuantisedMatMul>();
  const Tensor& weights = *node.constant(1);
  const int64_t rows = int64_t(weights.get_shape()[0]), columns = int64_t(weights.get_shape()[1]);
  const int64_t k = a.transpose_b ? columns : rows, n = a.transpose_b ? rows : columns;
  const int64_t k_stride = a.transpose_b ? 1 : columns, n_stride = a.transpose_b ? columns : 1;
  auto p = std::make_shared<PackedCodes>();
  p->kernel = get_gemm(DataType::u8, node.program().isa);
  const auto fill = [=, kernel = p->kernel](const void* source, uint8_t* to, int64_t begin,
                                            int64_t end) {
    pack_gemm_b(*kernel, as_floats(source, rows * columns).data(), k_stride, n_stride, n, k, to,
                begin, end);
  };
  p->data = node.pack(p->kernel->name, gemm_packed_bytes(*p->kernel, n, k), weights,
                      gemm_panels(*p->kernel, n), fill);
  add_tap_sums(node, *p, {n_stride, 0, k_stride}, n, 1, 1, k);
  p->finish =
      finish_codes(node, product_of(a), n, 1, p->kernel->lanes, kLargestProduct * double(k));
  return p;
}

void run_matmul_step(const void* params, void* const* o, int64_t begin, int64_t end,
                     void* scratch) {
  const auto& p = *static_cast<const Params<GemmPlan>*>(params);
  GemmArgs args;
  args.c = o[0];
  args.a = o[1];
  args.b = o[2];
  set_arguments(args, p, o);
  run_gemm(p.plan, args, begin, end, scratch);
}

const char* plan_matmul_step(PlanContext& c) {
  const auto& a = c.attrs<ops::QuantisedMatMul>();
  const auto& packed = *c.prepared<PackedCodes>();
  const Shape& src = c.shape(0);
  GemmDesc d;
  d.k = d.a_row = int64_t(src.back());
  d.m = product(src, 0, src.size() - 1);
  d.n = d.c_row = d.residual_row = int64_t(c.out_shape().back());
  data_type(c.out_type(), &d.c_type);
  d.epilogue = packed.finish.epilogue;
  Params<GemmPlan> p;
  const std::vector<Place> operands = operands_of(c, a, packed, nullptr, &p.residual);
  p.plan = plan_gemm(d, packed.kernel, c.threads());
  p.packed = &packed;
  p.starts = starts_of(packed, nullptr, d.k, int32_t(a.quantised.src_zero));
  const double flop = 2.0 * double(d.m) * double(d.n) * double(d.k);
  const double bytes = double(elements(src) + elements(c.out_shape())) + double(d.n) * double(d.k);
  c.step(spec_of(p.plan, run_matmul_step, fmt::format("gemm_u8_{}", code_tier(c.isa())),
                 estimate(bytes, flop / 4), flop * 1e-9),
         std::move(p), operands);
  return nullptr;
}

}  // namespace

const NodeKind quantised_conv_node = {"vireo.QuantisedConv", refuse_conv, prepare_conv,
                                      plan_conv_step,        nullptr,     1};
const NodeKind quantised_matmul_node = {"vireo.QuantisedMatMul", refuse_matmul, prepare_matmul,
                                        plan_matmul_step,        nullptr,       1};

}  // namespace vireo::cpu
