// Precisions of the CPU device: what is settled on, that bf16 flows between layers, and how far
// results are from f32.
#include "base/arch/isa.h"
#include "devices/device_test.h"

namespace vireo::test {
namespace {

// Two products with a chain and a residual between them.
constexpr const char* kBlock = R"(graph "block"
x: f32[?,16] = Parameter()
w: f32[16,16] = Constant(value=[%])
m: f32[?,16] = MatMul-1(x, w)
t: f32[?,16] = Relu-1(m)
s: f32[] = Constant(value=[0.37])
u: f32[?,16] = Multiply-1(t, s)
a: f32[?,16] = Exp-1(u)
n: f32[?,16] = MatMul-1(a, w)
r: f32[?,16] = Add-1(n, u)
return r
)";

std::shared_ptr<Executable> compile(std::string_view precision, ExecutionMode mode,
                                    const char* cap = "") {
  std::string values;
  for (int i = 0; i < 256; ++i) values += (i ? "," : "") + std::to_string(0.01 * (i * 7 % 13));
  std::string text = kBlock;
  text.replace(text.find('%'), 1, values);
  CompileConfig config;
  config.threads = 1;
  config.mode = mode;
  config.precision = precision.empty() ? element::Type(element::dynamic) : element::Type(precision);
  config.isa_cap = cap;
  return cpu::make_device()->compile(*graph_from_text(text, builtin_ops()), config);
}

std::string settled(const Executable& executable) {
  for (const auto& [name, value] : executable.properties())
    if (name == "INFERENCE_PRECISION_HINT") return value;
  return {};
}

Tensor run(const Executable& executable, const Tensor& x) {
  auto inference = const_cast<Executable&>(executable).create();
  inference->set_input(0, x);
  inference->run();
  return inference->output(0).dense();
}

bool has_bf16() { return machine_isa().has(Isa::Avx512Bf16); }

TEST(Precision, AHintIsObeyedWhereTheMachineCan) {
  EXPECT_EQ(settled(*compile("f32", ExecutionMode::Performance)), "f32");
  EXPECT_EQ(settled(*compile("bf16", ExecutionMode::Performance)), has_bf16() ? "bf16" : "f32");
  EXPECT_EQ(settled(*compile("bf16", ExecutionMode::Performance, "avx512")), "f32");
  EXPECT_EQ(settled(*compile("", ExecutionMode::Accuracy)), "f32");
}

TEST(Precision, Bf16FlowsBetweenLayers) {
  if (!has_bf16()) GTEST_SKIP() << "no bf16 products on this machine";
  const auto executable = compile("bf16", ExecutionMode::Performance);
  run(*executable, random_f32({3, 16}));
  const std::string plan = executable->dump("lowered");
  EXPECT_NE(plan.find("gemm_bf16_"), std::string::npos) << plan;
  EXPECT_EQ(plan.find("gemm_f32_"), std::string::npos) << plan;
  EXPECT_EQ(plan.find("evaluate"), std::string::npos) << plan;
  // Nothing between the products is a step of its own but the chain, which reads and writes bf16.
  EXPECT_EQ(plan.find("eltwise_copy", plan.find("gemm_bf16_")), plan.rfind("eltwise_copy")) << plan;
}

// All terms of all sums are positive, so that relative errors do not grow in them: two products of
// two rounded operands and the roundings of what lies between.
TEST(Precision, Bf16IsWithinItsRoundings) {
  if (!has_bf16()) GTEST_SKIP() << "no bf16 products on this machine";
  for (size_t rows : {1, 2, 5, 70}) {
    Tensor x = random_f32({rows, 16});
    for (size_t i = 0; i < x.get_size(); ++i) x.data<float>()[i] = std::abs(x.data<float>()[i]);
    const Tensor want = run(*compile("f32", ExecutionMode::Accuracy), x);
    const Tensor got = run(*compile("bf16", ExecutionMode::Performance), x);
    expect_close(got, want, 8.0 / 512);
  }
}

}  // namespace
}  // namespace vireo::test
