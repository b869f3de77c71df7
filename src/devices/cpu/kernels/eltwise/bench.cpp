// Prints the bandwidth of element-wise programs for each tier: in L1, in L2 and in memory.
#include "devices/cpu/kernels/eltwise/eltwise.h"

#include "devices/cpu/kernels/vector_bench.h"

namespace vireo::cpu {
namespace {

void chain(const IsaSet& isa, int64_t rows, int64_t cols, const std::vector<EltwiseOp>& ops,
           const char* name) {
  EltwiseProgram p;
  p.rank = 2;
  p.dims[0] = rows, p.dims[1] = cols;
  p.inputs = 2;
  p.input[0].strides[0] = cols, p.input[0].strides[1] = 1;
  p.input[1].strides[1] = 1;  // per column
  p.outputs = 1;
  p.output[0].strides[0] = cols, p.output[0].strides[1] = 1;
  for (const EltwiseOp op : ops) {
    EltwiseStep& step = p.step[p.steps];
    step.op = op;
    step.src[0] = p.steps == 0 ? int16_t{0} : static_cast<int16_t>(p.inputs + p.steps - 1);
    step.src[1] = 1;
    step.imm[0] = 0.5f, step.imm[1] = 2.0f;
    ++p.steps;
  }
  p.output[0].value = static_cast<int16_t>(p.inputs + p.steps - 1);
  EltwisePlan plan;
  if (!plan_eltwise(p, isa, &plan)) return;
  auto x = bench::random_floats(rows * cols), y = x, b = bench::random_floats(cols);
  EltwiseArgs args = {{x.data(), b.data()}, {y.data()}};
  bench::measure(name + (" " + std::to_string(rows)) + "x" + std::to_string(cols), "GB/s",
                 8.0 * rows * cols, run_eltwise, plan, args);
}

}  // namespace
}  // namespace vireo::cpu

int main() {
  using namespace vireo::cpu;
  bench::for_tiers([](const vireo::IsaSet& isa) {
    for (const int64_t rows : {16, 256, 50176}) {
      chain(isa, rows, 64, {EltwiseOp::relu}, "relu");
      chain(isa, rows, 64, {EltwiseOp::add}, "add per column");
      chain(isa, rows, 64, {EltwiseOp::mul, EltwiseOp::add, EltwiseOp::relu}, "mul add relu");
    }
    chain(isa, 1, 64, {EltwiseOp::relu}, "relu");
    for (const EltwiseOp op : {EltwiseOp::exp, EltwiseOp::tanh, EltwiseOp::sigmoid,
                               EltwiseOp::gelu_erf, EltwiseOp::hswish, EltwiseOp::swish,
                               EltwiseOp::erf, EltwiseOp::log, EltwiseOp::div, EltwiseOp::pow})
      chain(isa, 128, 256, {op}, name_of(op));
  });
}
