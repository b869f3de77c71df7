// What is decided about a convolution at compile time: whether it is a plain product, and how it is
// cut into tasks.
#include <algorithm>

#include "devices/cpu/kernels/conv/conv.h"

namespace vireo::cpu {
namespace {

// All pixels of all images as the rows of one matrix, if they lie at one distance: then the
// convolution is a plain product.
bool as_gemm(const ConvDesc& d, GemmDesc* g) {
  if (d.groups != 1 || d.src.channel != 1) return false;
  for (int i = 0; i < d.dims; ++i) {
    if (d.kernel[i] != 1 || d.pad[i] != 0 || (d.out[i] - 1) * d.stride[i] >= d.in[i]) return false;
    if (d.transposed && d.stride[i] != 1) return false;
  }
  int64_t rows = 1, a = 0, c = 0, r = 0;
  for (int i = d.dims - 1; i >= -1; --i) {
    const int64_t count = i < 0 ? d.batch : d.out[i];
    if (count == 1) continue;
    const int64_t sa = i < 0 ? d.src.batch : d.src.spatial[i] * d.stride[i],
                  sc = i < 0 ? d.dst.batch : d.dst.spatial[i];
    const int64_t sr = d.epilogue.residual == Residual::None ? 0
                       : i < 0                               ? d.residual.batch
                                                             : d.residual.spatial[i];
    if (rows > 1 && (sa != rows * a || sc != rows * c || sr != rows * r)) return false;
    if (rows == 1) a = sa, c = sc, r = sr;
    rows *= count;
  }
  g->m = rows, g->n = d.oc, g->k = d.ic, g->c_type = d.dst_type;
  g->a_row = rows > 1 ? a : d.ic;
  g->c_row = rows > 1 ? c : d.oc;
  g->residual_row = r;
  g->epilogue = d.epilogue;
  return true;
}

// Between cutting the lines and cutting the panels, the one that leaves less waiting.
void choose_parts(ConvPlan* plan, int threads) {
  const ConvDesc& d = plan->desc;
  const int64_t units = d.batch * d.groups,
                panels = divide_up(d.oc / d.groups, plan->kernel->columns);
  int64_t parts = 1;
  while (parts < threads && units * parts % threads != 0 && units * parts < 4 * threads) ++parts;
  double by_lines;
  plan->line_parts = cut_lines(plan->lines, parts, &by_lines);
  const double by_panels = static_cast<double>(divide_up(panels, parts)) * parts / panels;
  if (by_lines > 1.05 * by_panels) {
    plan->n_parts = std::min(parts, panels);
    plan->line_parts = {0, static_cast<int64_t>(plan->lines.lines.size())};
  }
}

}  // namespace

ConvPlan plan_conv(const ConvDesc& d, const GemmKernel* kernel, int threads) {
  ConvPlan plan;
  plan.desc = d;
  plan.kernel = kernel;
  GemmDesc gemm;
  if (as_gemm(d, &gemm)) {
    plan.pointwise = true;
    plan.gemm = plan_gemm(gemm, kernel, threads);
    plan.tasks = plan.gemm.tasks;
    plan.scratch_bytes = plan.gemm.scratch_bytes;
    return plan;
  }
  plan.k = d.ic / d.groups;
  for (int i = 0; i < d.dims; ++i) plan.k *= d.kernel[i];
  plan.group_bytes = conv_packed_bytes(d, *kernel) / d.groups;
  plan.lines = make_lines(d, kernel->rows, d.ic / d.groups);
  if (plan.lines.lines.empty() || d.batch == 0 || d.oc == 0) return plan;
  choose_parts(&plan, threads);
  plan.tasks = d.batch * d.groups * plan.n_parts * static_cast<int64_t>(plan.line_parts.size() - 1);
  int64_t pixels = 1;
  for (int i = 0; i < d.dims; ++i) pixels *= d.in[i];
  const int64_t image_bytes = pixels * d.ic / d.groups * kernel->a_bytes(),
                lines = static_cast<int64_t>(plan.lines.lines.size());
  plan.lines_per_block = std::max<int64_t>(
      1, lines * static_cast<int64_t>(cache_sizes().l2 / 4) / std::max<int64_t>(1, image_bytes));
  return plan;
}

}  // namespace vireo::cpu
