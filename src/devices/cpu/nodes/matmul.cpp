// Matrix products: the public MatMul and the fused one, with B packed at compile time where it is
// constant.
#include "ops/matmul/matmul.h"

#include "devices/cpu/kernels/gemm/gemm.h"
#include "devices/cpu/nodes/epilogue.h"
#include "devices/cpu/nodes/kernel_step.h"
#include "ops/fused/fused.h"

namespace vireo::cpu {

namespace {

struct Traits {
  bool transpose_a = false, transpose_b = false, has_bias = false, has_residual = false;
  ops::Activation activation;
};

Traits traits_of(const NodeView& node) {
  if (node.node().attrs.is<ops::MatMul>()) {
    const auto& a = node.attrs<ops::MatMul>();
    return {a.transpose_a, a.transpose_b, false, false, {}};
  }
  const auto& a = node.attrs<ops::FusedMatMul>();
  return {a.transpose_a, a.transpose_b, a.has_bias, a.has_residual, a.activation};
}

struct PackedMatrices {
  const uint8_t* data = nullptr;
  const GemmKernel* kernel = nullptr;
};

std::string refusal(const NodeView& node) {
  const Traits t = traits_of(node);
  std::string reason = needs_dense_types(node, 2, narrow_residual(node, t.has_residual));
  if (!reason.empty()) return reason;
  Epilogue epilogue;
  if (t.activation && !set_activation(epilogue, t.activation))
    return "the activation is not one of the kernel's";
  // Once B is packed there is no way back, so that what a plan would refuse is refused here.
  for (size_t i = 0; i < 2; ++i)
    if (!node.in(i).shape.rank_is_static() || node.in(i).shape.size() > size_t(kMaxBatchDims) + 2)
      return "there are too many batch axes";
  if (t.has_bias) {
    const PartialShape& bias = node.in(2).shape;
    const PartialShape& b = node.in(1).shape;
    const Dimension n = b.size() == 1 ? Dimension(1) : b[b.size() - (t.transpose_b ? 2 : 1)];
    if (!bias.rank_is_static() || bias.size() != 1 || !bias[0].same(n))
      return "the bias is a scalar";
  }
  return {};
}

// The last two axes of B, and the matrices in front of them; rank 1 counts as a column.
struct MatrixShape {
  int64_t rows = 1, columns = 1, count = 1;
};
MatrixShape matrices(const Shape& shape, bool second) {
  MatrixShape m;
  const size_t rank = shape.size();
  if (rank == 1) {
    (second ? m.rows : m.columns) = int64_t(shape[0]);
    return m;
  }
  m.rows = int64_t(shape[rank - 2]);
  m.columns = int64_t(shape[rank - 1]);
  m.count = product(shape, 0, rank - 2);
  return m;
}

std::shared_ptr<const void> prepare(const NodeView& node) {
  const Tensor* b = node.constant(1);
  if (!b || b->get_size() == 0) return nullptr;
  auto packed = std::make_shared<PackedMatrices>();
  DataType type = DataType::f32;
  data_type(node.in_type(0), &type);
  packed->kernel = get_gemm(type, node.program().isa);
  const bool transposed = traits_of(node).transpose_b && b->get_shape().size() > 1;
  const MatrixShape m = matrices(b->get_shape(), true);
  const int64_t k = transposed ? m.columns : m.rows, n = transposed ? m.rows : m.columns;
  const size_t bytes = gemm_packed_bytes(*packed->kernel, n, k);
  const int64_t panels = gemm_panels(*packed->kernel, n);
  packed->data = node.pack(
      packed->kernel->name, bytes * size_t(m.count), *b, m.count * panels,
      [=, &kernel = *packed->kernel](const void* source, uint8_t* to, int64_t begin, int64_t end) {
        for (int64_t piece = begin; piece < end; ++piece) {
          const int64_t i = piece / panels, panel = piece % panels;
          pack_gemm_b(kernel, static_cast<const float*>(source) + i * m.rows * m.columns,
                      transposed ? 1 : m.columns, transposed ? m.columns : 1, n, k,
                      to + size_t(i) * bytes, panel, panel + 1);
        }
      });
  return packed;
}

struct Params {
  GemmPlan plan;
  int bias = -1, residual = -1;  // operand numbers
};

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  const auto& p = *static_cast<const Params*>(params);
  GemmArgs args;
  args.c = o[0];
  args.a = o[1];
  args.b = o[2];
  if (p.bias >= 0) args.bias = static_cast<const float*>(o[p.bias]);
  if (p.residual >= 0) args.residual = o[p.residual];
  run_gemm(p.plan, args, begin, end, scratch);
}

// Batch axes of A, B and C aligned from the right, collapsed where all strides allow; false if too
// many remain.
bool set_batches(GemmDesc& d, const Shape& a, const Shape& b, const Shape& c, int64_t a_matrix,
                 int64_t b_matrix, int64_t c_matrix, bool fold_rows) {
  const size_t ranks = std::max(a.size() > 1 ? a.size() - 2 : 0, b.size() > 1 ? b.size() - 2 : 0);
  struct Axis {
    int64_t extent, a, b, c;
  };
  std::vector<Axis> axes;  // innermost first
  int64_t sa = a_matrix, sb = b_matrix, sc = c_matrix;
  const auto extent = [&](const Shape& s, size_t back) {
    return s.size() > 1 && s.size() - 2 > back ? int64_t(s[s.size() - 3 - back]) : int64_t(1);
  };
  for (size_t back = 0; back < ranks; ++back) {
    const int64_t ea = extent(a, back), eb = extent(b, back), e = ea == 1 ? eb : ea;
    if (e != 1) axes.push_back({e, ea == 1 ? 0 : sa, eb == 1 ? 0 : sb, sc});
    sa *= ea;
    sb *= eb;
    sc *= e;
  }
  (void)c;
  std::vector<Axis> merged;
  for (const Axis& x : axes) {
    if (!merged.empty()) {
      Axis& m = merged.back();
      if (x.a == m.a * m.extent && x.b == m.b * m.extent && x.c == m.c * m.extent) {
        m.extent *= x.extent;
        continue;
      }
    }
    merged.push_back(x);
  }
  // One B for all and rows of A behind one another: a single tall product.
  if (fold_rows && merged.size() == 1 && merged[0].b == 0 && merged[0].a == d.m * d.a_row &&
      d.a_column == 1) {
    d.m *= merged[0].extent;
    merged.clear();
  }
  if (merged.size() > size_t(kMaxBatchDims)) return false;
  d.batch_dims = int(merged.size());
  for (size_t i = 0; i < merged.size(); ++i) {
    const Axis& x = merged[merged.size() - 1 - i];
    d.batch[i] = x.extent;
    d.a_batch[i] = x.a;
    d.b_batch[i] = d.b_packed && b_matrix ? x.b / b_matrix : x.b;
    d.c_batch[i] = d.residual_batch[i] = x.c;
  }
  return true;
}

const char* plan(PlanContext& c) {
  const Traits t = traits_of(c);
  const Shape &a = c.shape(0), &b = c.shape(1);
  const bool ta = t.transpose_a && a.size() > 1, tb = t.transpose_b && b.size() > 1;
  const MatrixShape ma = matrices(a, false), mb = matrices(b, true);
  const auto* packed = c.prepared<PackedMatrices>();
  Params p;
  GemmDesc d;
  d.m = ta ? ma.columns : ma.rows;
  d.k = ta ? ma.rows : ma.columns;
  d.n = tb ? mb.rows : mb.columns;
  d.b_packed = packed != nullptr;
  d.a_row = ta ? 1 : ma.columns;
  d.a_column = ta ? ma.columns : 1;
  d.b_row = tb ? 1 : mb.columns;
  d.b_column = tb ? mb.columns : 1;
  d.c_row = d.residual_row = d.n;
  if (!set_batches(d, a, b, c.out_shape(), ma.rows * ma.columns, mb.rows * mb.columns, d.m * d.n,
                   !ta))
    return "too many batch axes";
  if (t.activation && !set_activation(d.epilogue, t.activation))
    return "the activation is not one of the kernel's";

  DataType type = DataType::f32;
  data_type(c.in_type(0), &type);
  data_type(c.out_type(), &d.c_type);
  const double bytes =
      double(size_of(type)) * double(elements(a) + elements(b) + elements(c.out_shape()));
  std::vector<Place> operands(3);
  operands[1] = c.input(0);
  operands[2] = packed ? fixed_place(packed->data) : c.input(1);
  size_t next = 2;
  if (t.has_bias) {
    const int64_t count = elements(c.shape(next));
    if (count != d.n) return "the bias is a scalar";
    d.epilogue.bias = Bias::PerColumn;
    p.bias = int(operands.size());
    operands.push_back(c.input(next++));
  }
  if (t.has_residual) {
    if (c.shape(next) != c.out_shape()) return "the residual broadcasts";
    d.epilogue.residual = Residual::BeforeActivation;
    p.residual = int(operands.size());
    operands.push_back(c.input(next));
    operands[0] = c.output_in_place(0, next);
  } else {
    operands[0] = c.output(0);
  }
  const GemmKernel* kernel = packed ? packed->kernel : get_gemm(type, c.isa());
  p.plan = plan_gemm(d, kernel, c.threads());
  const double flop = 2.0 * double(elements(c.out_shape())) * double(d.k);
  c.step(spec_of(p.plan, run,
                 fmt::format("gemm_{}{}", kernel_suffix(type, c.isa()), packed ? "" : "_unpacked"),
                 estimate(bytes, flop), flop * 1e-9),
         p, operands);
  return nullptr;
}

}  // namespace

const NodeKind matmul_node = {"MatMul", refusal, prepare, plan, nullptr, 1};
const NodeKind fused_matmul_node = {"vireo.MatMul", refusal, prepare, plan, nullptr, 1};

}  // namespace vireo::cpu
