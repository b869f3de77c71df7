// Transposed convolutions whose windows lie side by side: every pixel becomes a block of its own,
// so that a row of the source times the taps of one row of the window is a matrix product whose
// result is a row of the output as it lies.
#include "base/support/aligned_buffer.h"
#include "devices/cpu/kernels/gemm/gemm.h"
#include "devices/cpu/nodes/epilogue.h"
#include "devices/cpu/nodes/kernel_step.h"
#include "ops/fused/fused.h"

namespace vireo::cpu {

namespace {

bool all_are(const std::vector<int64_t>& v, int64_t value) {
  return std::all_of(v.begin(), v.end(), [&](int64_t n) { return n == value; });
}

std::string refusal(const NodeView& node) {
  const auto& a = node.attrs<ops::FusedConvTranspose>();
  std::string reason = needs_dense_types(node, 1, narrow_residual(node, a.has_residual));
  if (!reason.empty()) return reason;
  const Tensor* weights = node.constant(1);
  if (!weights) return "the weights are not constant";
  const Shape& shape = weights->get_shape();
  if (shape.size() < 3 || shape.size() > 4) return "the kernel has one or two spatial axes";
  if (weights->get_size() == 0) return "the weights are empty";
  if (a.groups != 1) return "there are groups";
  if (!all_are(a.pads_begin, 0) || !all_are(a.pads_end, 0) || !all_are(a.output_padding, 0) ||
      !all_are(a.dilations, 1))
    return "there are pads or dilations";
  for (size_t i = 0; i + 2 < shape.size(); ++i)
    if ((a.strides.empty() ? 1 : a.strides[i]) != int64_t(shape[1 + i]))
      return "the windows do not lie side by side";
  if (a.has_bias && !node.constant(2)) return "the bias is not constant";
  Epilogue epilogue;
  if (!set_activation(epilogue, a.activation)) return "the activation is not one of the kernel's";
  return {};
}

struct Packed {
  const GemmKernel* kernel = nullptr;
  int64_t rows = 1, columns = 1, channels = 0;  // of the window; output channels
  const uint8_t* weights = nullptr;             // a matrix per row of the window
  AlignedBuffer bias;                           // for each column of the window again
};

// Rows [begin, end) of the window: weights [O, rows, columns, C] to matrices [C, columns * O].
void pack_rows(const Packed& p, int64_t k, const float* from, uint8_t* to, int64_t begin,
               int64_t end) {
  const int64_t n = p.columns * p.channels;
  std::vector<float> matrix(size_t(n * k));
  for (int64_t row = begin; row < end; ++row) {
    for (int64_t column = 0; column < p.columns; ++column)
      for (int64_t o = 0; o < p.channels; ++o)
        std::copy_n(from + ((o * p.rows + row) * p.columns + column) * k, k,
                    matrix.data() + (column * p.channels + o) * k);
    pack_gemm_b(*p.kernel, matrix.data(), 1, k, n, k,
                to + size_t(row) * gemm_packed_bytes(*p.kernel, n, k));
  }
}

std::shared_ptr<const void> prepare(const NodeView& node) {
  const Tensor& w = *node.constant(1);
  const Shape& shape = w.get_shape();  // [O, taps..., C]
  auto p = std::make_shared<Packed>();
  p->kernel = get_gemm(image_type(node), node.program().isa);
  p->channels = int64_t(shape[0]);
  p->columns = int64_t(shape[shape.size() - 2]);
  if (shape.size() == 4) p->rows = int64_t(shape[1]);
  const int64_t k = int64_t(shape.back()), n = p->columns * p->channels;
  p->weights = node.pack(fmt::format("spread {}", p->kernel->name),
                         gemm_packed_bytes(*p->kernel, n, k) * size_t(p->rows), w, p->rows,
                         [p, k](const void* from, uint8_t* to, int64_t begin, int64_t end) {
                           pack_rows(*p, k, static_cast<const float*>(from), to, begin, end);
                         });
  if (node.attrs<ops::FusedConvTranspose>().has_bias) {
    const Tensor bias = node.constant(2)->dense();
    p->bias = AlignedBuffer(size_t(n) * sizeof(float), AlignedBuffer::Fill::Zero);
    for (int64_t i = 0; i < n; ++i)
      reinterpret_cast<float*>(p->bias.data())[i] =
          bias.data<float>()[bias.get_size() == 1 ? 0 : i % p->channels];
  }
  return p;
}

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  GemmArgs args;
  args.c = o[0];
  args.a = o[1];
  args.b = o[2];
  args.bias = static_cast<const float*>(o[3]);
  args.residual = o[4];
  run_gemm(*static_cast<const GemmPlan*>(params), args, begin, end, scratch);
}

const char* plan(PlanContext& c) {
  const auto& a = c.attrs<ops::FusedConvTranspose>();
  const auto& packed = *c.prepared<Packed>();
  const Shape& src = c.shape(0);
  const size_t last = src.size() - 2;
  GemmDesc d;
  d.m = int64_t(src[last]);
  d.k = d.a_row = int64_t(src.back());
  d.n = d.c_row = d.residual_row = packed.columns * packed.channels;
  d.batch_dims = 2;
  d.batch[0] = product(src, 0, last);
  d.batch[1] = packed.rows;
  d.a_batch[0] = d.m * d.k;
  d.c_batch[1] = d.residual_batch[1] = d.m * d.n;
  d.c_batch[0] = d.residual_batch[0] = packed.rows * d.m * d.n;
  d.b_batch[1] = 1;
  set_activation(d.epilogue, a.activation);
  data_type(c.out_type(), &d.c_type);

  Place operands[5];
  operands[1] = c.input(0);
  operands[2] = fixed_place(packed.weights);
  if (a.has_bias) {
    d.epilogue.bias = Bias::PerColumn;
    operands[3] = fixed_place(packed.bias.data());
  }
  if (a.has_residual) {
    const size_t input = a.has_bias ? 3 : 2;
    if (c.shape(input) != c.out_shape()) return "the residual broadcasts";
    d.epilogue.residual = Residual::BeforeActivation;
    operands[4] = c.input(input);
    operands[0] = c.output_in_place(0, input);
  } else {
    operands[0] = c.output(0);
  }
  const GemmPlan gemm = plan_gemm(d, packed.kernel, c.threads());
  const double flop = 2.0 * double(elements(src) * d.n * packed.rows);
  c.step(spec_of(gemm, run, "conv_spread_" + kernel_suffix(image_type(c), c.isa()),
                 estimate(4.0 * double(elements(c.out_shape())), flop), flop * 1e-9),
         gemm, operands);
  return nullptr;
}

}  // namespace

const NodeKind conv_spread_node = {"vireo.ConvTranspose", refusal, prepare, plan, nullptr, 1};

}  // namespace vireo::cpu
