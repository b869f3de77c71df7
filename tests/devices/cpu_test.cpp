// The CPU device: plans, dynamic shapes, outputs, two requests.
#include "devices/device_test.h"

namespace vireo::test {
namespace {

constexpr const char* kChain = R"(graph "chain"
x: f32[2,?] = Parameter()
axes: i64[2] = Constant(value=[1,0])
t: f32[?,2] = Transpose-1(x, axes)
y: f32[?,2] = Softmax-8(t, axis=1)
return y, t
)";

TEST(CpuDevice, RunsAChainAtSeveralShapes) {
  for (size_t n : {1, 3, 17, 3, 1}) expect_as_reference(kChain, {random_f32({2, n})});
}

TEST(CpuDevice, KeepsPlansPerShape) {
  auto device = cpu::make_device();
  auto executable = compile_text(*device, kChain);
  auto inference = executable->create();
  for (size_t n : {4, 5, 4, 5}) {
    inference->set_input(0, random_f32({2, n}));
    inference->run();
    EXPECT_EQ(inference->output(0).get_shape(), (Shape{n, 2}));
  }
  EXPECT_NE(executable->dump("lowered").find("plans 2"), std::string::npos);
}

TEST(CpuDevice, WritesIntoTheTensorOfTheUser) {
  auto device = cpu::make_device();
  auto inference = compile_text(*device, kChain)->create();
  Tensor mine(element::f32, {3, 2});
  inference->set_output(0, mine);
  inference->set_input(0, random_f32({2, 3}));
  inference->run();
  EXPECT_EQ(inference->output(0).data(), mine.data());
  EXPECT_NEAR(mine.data<float>()[0] + mine.data<float>()[1], 1.0f, 1e-6);
}

TEST(CpuDevice, RefusesAWrongInput) {
  auto device = cpu::make_device();
  auto inference = compile_text(*device, kChain)->create();
  EXPECT_THROW(inference->set_input(0, random_f32({3, 3})), Error);
  EXPECT_THROW(inference->set_input(0, Tensor(element::i32, {2, 3})), Error);
}

TEST(CpuDevice, StopsWhenCancelledAndRunsAgain) {
  auto device = cpu::make_device();
  auto inference = compile_text(*device, kChain)->create();
  inference->set_input(0, random_f32({2, 3}));
  std::atomic<bool> cancel{true};
  EXPECT_THROW(inference->run(&cancel), Cancelled);
  cancel = false;
  inference->run(&cancel);
  EXPECT_EQ(inference->output(0).get_shape(), (Shape{3, 2}));
}

}  // namespace
}  // namespace vireo::test
