// Channels-last convolution and its transpose, weights packed at compile time.
#include "devices/cpu/kernels/conv/conv.h"
#include "devices/cpu/kernels/depthwise/depthwise.h"

#include "devices/cpu/kernels/winograd/winograd.h"
#include "devices/cpu/nodes/conv_desc.h"
#include "devices/cpu/nodes/epilogue.h"
#include "devices/cpu/nodes/kernel_step.h"
#include "ops/fused/fused.h"

namespace vireo::cpu {

namespace {

bool is_transposed(const NodeView& node) { return node.node().is("vireo.ConvTranspose"); }

const ops::FusedConv& attributes(const NodeView& node) {
  if (is_transposed(node)) return node.attrs<ops::FusedConvTranspose>();
  return node.attrs<ops::FusedConv>();
}

std::string refusal(const NodeView& node) {
  std::string reason =
      needs_dense_types(node, 1, narrow_residual(node, attributes(node).has_residual));
  if (!reason.empty()) return reason;
  const Tensor* weights = node.constant(1);
  if (!weights) return "the weights are not constant";
  if (weights->get_shape().size() < 3 || weights->get_shape().size() > 5)
    return "the kernel has one to three spatial axes";
  if (weights->get_size() == 0) return "the weights are empty";
  Epilogue epilogue;
  if (!set_activation(epilogue, attributes(node).activation))
    return "the activation is not one of the kernel's";
  return {};
}

ConvDesc describe_weights(const NodeView& node, const Shape& weights) {
  return cpu::describe_weights(attributes(node), weights, is_transposed(node));
}

struct ConvWeights {
  const uint8_t* data = nullptr;
  const GemmKernel* kernel = nullptr;
  const DepthwiseKernel* depthwise = nullptr;  // else
  const uint8_t* winograd_data = nullptr;      // besides, or alone where shapes are known
  const WinogradKernel* winograd = nullptr;
  const GemmKernel* winograd_gemm = nullptr;  // f32, whatever the images are
};

// Winograd weights are four times as big and round otherwise: performance mode only, and in all as
// much as the plain weights and a little more, since small networks gain most.
constexpr size_t kWinogradAllowance = 20 << 20;
bool pack_winograd(const NodeView& node, ConvDesc d, const Tensor& weights, ConvWeights& packed) {
  const Program& program = node.program();
  if (program.config.mode == ExecutionMode::Accuracy || node.in_type(0) != node.out_type())
    return false;
  const PartialShape& out = node.out().shape;
  const bool sizes_known = out.is_static();
  for (int i = 0; i < d.dims; ++i)
    d.out[i] = sizes_known ? out[size_t(i) + 1].get_length() : 1 << 10;
  packed.winograd_gemm = get_gemm(DataType::f32, program.isa);
  const size_t bytes = winograd_packed_bytes(d, *packed.winograd_gemm);
  const size_t most = program.weight_bytes + kWinogradAllowance;
  if (refuse_winograd(d) || program.winograd_bytes + bytes > most) return false;
  program.winograd_bytes += bytes;
  packed.winograd = get_winograd(image_type(node), program.isa);
  packed.winograd_data =
      node.pack(packed.winograd->name, bytes, weights, gemm_panels(*packed.winograd_gemm, d.oc),
                [d, kernel = packed.winograd, gemm = packed.winograd_gemm](
                    const void* source, uint8_t* to, int64_t begin, int64_t end) {
                  pack_winograd_weights(*kernel, d, *gemm, static_cast<const float*>(source),
                                        weight_strides(d), to, begin, end);
                });
  return sizes_known;
}

std::shared_ptr<const void> prepare(const NodeView& node) {
  const Tensor& weights = *node.constant(1);
  const ConvDesc d = describe_weights(node, weights.get_shape());
  auto packed = std::make_shared<ConvWeights>();
  const DepthwiseKernel* depthwise = get_depthwise(image_type(node), node.program().isa);
  if (group_width(d, *depthwise)) {
    packed->depthwise = depthwise;
    packed->data = node.pack(
        packed->depthwise->name, depthwise_packed_bytes(d, *packed->depthwise), weights, 1,
        [d, kernel = packed->depthwise](const void* source, uint8_t* to, int64_t, int64_t) {
          pack_depthwise_weights(d, *kernel, static_cast<const float*>(source), weight_strides(d),
                                 to);
        });
    return packed;
  }
  packed->kernel = get_gemm(image_type(node), node.program().isa);
  if (pack_winograd(node, d, weights, *packed)) return packed;
  packed->data = node.pack(
      packed->kernel->name, conv_packed_bytes(d, *packed->kernel), weights,
      conv_panels(d, *packed->kernel),
      [d, kernel = packed->kernel](const void* source, uint8_t* to, int64_t begin, int64_t end) {
        pack_conv_weights(d, *kernel, static_cast<const float*>(source), weight_strides(d), to,
                          begin, end);
      });
  return packed;
}

struct Operands {
  int bias = -1, residual = -1;  // numbers
};
template <typename Plan>
struct Params {
  Plan plan;
  Operands operands;
};

ConvArgs arguments(const Operands& p, void* const* o) {
  ConvArgs args;
  args.dst = o[0];
  args.src = o[1];
  args.weights = o[2];
  if (p.bias >= 0) args.bias = static_cast<const float*>(o[p.bias]);
  if (p.residual >= 0) args.residual = o[p.residual];
  return args;
}

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  const auto& p = *static_cast<const Params<ConvPlan>*>(params);
  run_conv(p.plan, arguments(p.operands, o), begin, end, scratch);
}
void run_by_channel(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  const auto& p = *static_cast<const Params<DepthwisePlan>*>(params);
  run_depthwise(p.plan, arguments(p.operands, o), begin, end, scratch);
}

void run_tiles(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  const auto& p = *static_cast<const Params<WinogradPlan>*>(params);
  run_winograd(p.plan, arguments(p.operands, o), begin, end, scratch);
}

const char* winograd_refusal(const PlanContext& c, const ConvDesc& d) {
  if (c.program().config.mode == ExecutionMode::Accuracy) return "accuracy mode";
  const char* reason = refuse_winograd(d);
  return reason ? reason : "its weights would take too much memory";
}

const char* plan(PlanContext& c) {
  const ops::FusedConv& a = attributes(c);
  const Shape &src = c.shape(0), &out = c.out_shape();
  const auto& packed = *c.prepared<ConvWeights>();
  Operands p;
  ConvDesc d = describe_weights(c, c.shape(1));
  describe_images(d, src, out);
  d.src_type = image_type(c);
  data_type(c.out_type(), &d.dst_type);
  set_activation(d.epilogue, a.activation);

  std::vector<Place> operands(3);
  operands[1] = c.input(0);
  const bool by_tiles = packed.winograd && !refuse_winograd(d);
  operands[2] = fixed_place(by_tiles ? packed.winograd_data : packed.data);
  size_t next = 2;
  if (a.has_bias) {
    d.epilogue.bias = Bias::PerColumn;
    p.bias = int(operands.size());
    operands.push_back(c.input(next++));
  }
  if (a.has_residual) {
    if (c.shape(next) != out) return "the residual broadcasts";
    d.epilogue.residual = Residual::BeforeActivation;
    p.residual = int(operands.size());
    operands.push_back(c.input(next));
    operands[0] = c.output_in_place(0, next);
  } else {
    int64_t row = d.oc;
    operands[0] = c.output_rows(0, &row);
    d.dst = dense_strides(d.dims, d.out, row);
  }
  const double flop = conv_flop(d);
  const double bytes = double(size_of(d.src_type)) * double(elements(src) + elements(out));
  const std::string suffix = kernel_suffix(d.src_type, c.isa());
  if (packed.depthwise) {
    Params<DepthwisePlan> params{plan_depthwise(d, packed.depthwise, c.threads()), p};
    c.step(
        spec_of(params.plan, run_by_channel, (is_depthwise(d) ? "depthwise_" : "grouped_") + suffix,
                estimate(bytes, is_depthwise(d) ? 4 * flop : 2 * flop), flop * 1e-9),
        std::move(params), operands);
    return nullptr;
  }
  if (by_tiles) {
    Params<WinogradPlan> params{
        plan_winograd(d, packed.winograd, packed.winograd_gemm, c.threads()), p};
    c.step(spec_of(params.plan, run_tiles, "winograd_" + suffix, estimate(bytes, flop / 2),
                   flop * 1e-9),
           std::move(params), operands);
    return nullptr;
  }
  if (d.kernel[0] == 3 && d.kernel[1] == 3) c.refused("winograd", winograd_refusal(c, d));
  Params<ConvPlan> params{plan_conv(d, packed.kernel, c.threads()), p};
  c.step(spec_of(params.plan, run,
                 fmt::format("conv{}_{}",
                             params.plan.pointwise ? "_1x1"
                             : a.planar            ? "_planar"
                             : d.transposed        ? "_transposed"
                                                   : "",
                             suffix),
                 estimate(bytes, flop), flop * 1e-9),
         std::move(params), operands);
  return nullptr;
}

}  // namespace

const NodeKind conv_node = {"vireo.Conv", refusal, prepare, plan, nullptr, 1};
const NodeKind conv_transpose_node = {"vireo.ConvTranspose", refusal, prepare, plan, nullptr, 1};

}  // namespace vireo::cpu
