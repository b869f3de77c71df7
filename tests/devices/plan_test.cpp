// The memory plan, the plan cache, several requests and threads.
#include <thread>

#include "devices/cpu/lower/shape_rules.h"
#include "devices/cpu/memory_plan.h"
#include "devices/cpu/plan_cache.h"
#include "devices/cpu/program.h"
#include "devices/device_test.h"

namespace vireo::test {
namespace {

TEST(MemoryPlan, GivesBuffersAliveTogetherDifferentPlaces) {
  std::vector<cpu::Lifetime> buffers = {
      {1000, 0, 1, 0}, {500, 1, 2, 0}, {1000, 2, 3, 0}, {64, 0, 3, 0}};
  const size_t total = cpu::lay_out(buffers);
  for (size_t i = 0; i < buffers.size(); ++i) {
    EXPECT_EQ(buffers[i].offset % cpu::kArenaAlign, 0u);
    EXPECT_LE(buffers[i].offset + buffers[i].bytes + cpu::kArenaSlack, total);
    for (size_t k = 0; k < i; ++k) {
      if (buffers[i].last < buffers[k].first || buffers[k].last < buffers[i].first) continue;
      const bool apart =
          buffers[i].offset >= buffers[k].offset + buffers[k].bytes + cpu::kArenaSlack ||
          buffers[k].offset >= buffers[i].offset + buffers[i].bytes + cpu::kArenaSlack;
      EXPECT_TRUE(apart) << i << " and " << k;
    }
  }
  EXPECT_EQ(buffers[0].offset, buffers[2].offset);
}

TEST(PlanCache, ForgetsTheLeastRecentlyUsed) {
  cpu::PlanCache cache(2);
  for (int64_t i = 0; i < 3; ++i) {
    cache.add(nullptr, {i}, std::make_shared<cpu::Segment>());
    (void)cache.find(nullptr, {0});
  }
  EXPECT_NE(cache.find(nullptr, {0}), nullptr);
  EXPECT_EQ(cache.find(nullptr, {1}), nullptr);
  EXPECT_NE(cache.find(nullptr, {2}), nullptr);
}

constexpr const char* kProduct = R"(graph "product"
a: f32[?,96] = Parameter()
b: f32[96,200] = Parameter()
y: f32[?,200] = MatMul-1(a, b)
z: f32[?,200] = Tanh-1(y)
s: f32[?,200] = Softmax-8(z, axis=1)
return s
)";

TEST(CpuDevice, GivesTheSameBitsAtOneAndTwoThreads) {
  auto device = cpu::make_device();
  auto one = compile_text(*device, kProduct, 1)->create(),
       two = compile_text(*device, kProduct, 2)->create();
  for (Inference* inference : {one.get(), two.get()}) {
    inference->set_input(0, random_f32({130, 96}, 3));
    inference->set_input(1, random_f32({96, 200}, 4));
    inference->run();
  }
  EXPECT_TRUE(same_contents(one->output(0), two->output(0)));
}

TEST(CpuDevice, RunsTwoRequestsAtOnce) {
  auto device = cpu::make_device();
  auto executable = compile_text(*device, kProduct, 2);
  const Tensor b = random_f32({96, 200}, 4);
  auto work = [&](size_t rows) {
    auto inference = executable->create();
    for (int i = 0; i < 20; ++i) {
      inference->set_input(0, random_f32({rows + size_t(i % 3), 96}, 5));
      inference->set_input(1, b);
      inference->run();
      EXPECT_EQ(inference->output(0).get_shape()[0], rows + size_t(i % 3));
    }
  };
  std::thread other(work, 40);
  work(7);
  other.join();
}

constexpr const char* kNonZero = R"(graph "data"
a: f32[?] = Parameter()
i: i64[1,?] = NonZero-3(a)
x: i64[] = Constant(value=[0])
p: i64[2] = Constant(value=[1,0])
t: i64[?,1] = Transpose-1(i, p)
g: f32[?,1] = Gather-8(a, t, x)
y: f32[?,1] = Exp-1(g)
b: f32[?] = Abs-1(a)
return y, b
)";

TEST(CpuDevice, SplitsThePlanWhereShapesDependOnData) {
  Tensor a = random_f32({9});
  a.data<float>()[2] = a.data<float>()[5] = 0;
  expect_as_reference(kNonZero, {a});
}

constexpr const char* kState = R"(graph "state"
a: f32[2] = Parameter()
r: f32[2] = ReadValue-6(a, variable_id="v", variable_type="f32", variable_shape=[2])
s: f32[2] = Add-1(r, a)
w: f32[2] = Assign-6(s, variable_id="v")
return s
)";

TEST(CpuDevice, KeepsVariablesAndLeavesThemOnCancel) {
  auto device = cpu::make_device();
  auto graph = graph_from_text(kState, builtin_ops());
  for (size_t n = 0; n < graph->arena->size(); ++n)
    if ((*graph)[NodeId(n)].is("Assign")) graph->sinks.push_back(NodeId(n));
  if (graph->variables.empty()) graph->variables.push_back({"v", element::f32, PartialShape{2}});
  CompileConfig config;
  config.threads = 1;
  auto inference = device->compile(*graph, config)->create();
  Tensor a = make_tensor<double>(element::f32, {2}, {1, 2});
  inference->set_input(0, a);
  inference->run();  // starts from a
  EXPECT_FLOAT_EQ(inference->output(0).data<float>()[0], 2);
  inference->run();
  EXPECT_FLOAT_EQ(inference->output(0).data<float>()[1], 6);
  std::atomic<bool> cancel{true};
  EXPECT_THROW(inference->run(&cancel), Cancelled);
  EXPECT_FLOAT_EQ(inference->get_variable("v").data<float>()[1], 6);
  inference->reset_variables();
  inference->run();
  EXPECT_FLOAT_EQ(inference->output(0).data<float>()[1], 4);
}

// A block of a transformer without its weights' sizes: what a new length has to plan again.
constexpr const char* kBlock = R"(graph "block"
x: f32[?,?,8] = Parameter()
w: f32[8,8] = Parameter()
a: f32[?,?,8] = MatMul-1(x, w)
p: i64[4] = Constant(value=[0,0,2,4])
b: f32[?,?,2,4] = Reshape-1(a, p, special_zero=true)
o: i64[4] = Constant(value=[0,2,1,3])
c: f32[?,2,?,4] = Transpose-1(b, o)
s: f32[?,2,?,?] = MatMul-1(c, c, transpose_b=true)
t: f32[?,2,?,?] = Softmax-8(s, axis=-1)
y: f32[?,2,?,4] = MatMul-1(t, c)
z: f32[?,2,?,4] = Add-1(y, c)
return z
)";

std::shared_ptr<cpu::Program> program_of(const char* text) {
  CompileConfig config;
  config.threads = 1;
  return cpu::make_program(graph_from_text(text, builtin_ops()), config, machine_isa(),
                           std::make_shared<cpu::PackedWeights>());
}

// Names of the nodes whose shapes a plan does not infer.
std::vector<std::string> following(const cpu::Program& program) {
  std::vector<std::string> names;
  for (size_t n = 0; n < program.nodes.size(); ++n)
    if (program.shape_rules.follows[n]) names.push_back(program.nodes[n].node->name);
  return names;
}

TEST(ShapeRules, CoverATransformer) {
  const auto program = program_of(kBlock);
  EXPECT_EQ(following(*program), (std::vector<std::string>{"a", "b", "c", "s", "t", "y", "z"}));
  const auto extents = program->shape_rules.read({Shape{3, 5, 8}, Shape{8, 8}});
  ASSERT_TRUE(extents);
  EXPECT_EQ(*extents, (std::vector<size_t>{3, 5}));
  EXPECT_FALSE(program->shape_rules.read({Shape{3, 0, 8}, Shape{8, 8}}))
      << "empty axes are special";
  const Tensor w = random_f32({8, 8}, 2);
  for (const Shape& shape : {Shape{1, 1, 8}, Shape{2, 7, 8}, Shape{3, 1, 8}, Shape{1, 0, 8}})
    expect_as_reference(kBlock, {random_f32(shape), w});
}

// Unknown extents that only happen to be equal are compared at every new shape.
constexpr const char* kTwoLengths = R"(graph "two"
a: f32[?,4] = Parameter()
b: f32[?,4] = Parameter()
c: f32[3,4] = Parameter()
s: f32[?,4] = Add-1(a, b)
t: f32[3,4] = Add-1(a, c)
u: f32[?,4] = Add-1(a, a)
return s, t, u
)";

TEST(ShapeRules, LeaveComparisonsToInference) {
  EXPECT_EQ(following(*program_of(kTwoLengths)), std::vector<std::string>{"u"});
  auto device = cpu::make_device();
  auto inference = compile_text(*device, kTwoLengths)->create();
  inference->set_input(2, random_f32({3, 4}, 3));
  const auto run = [&](size_t a, size_t b) {
    inference->set_input(0, random_f32({a, 4}, 1));
    inference->set_input(1, random_f32({b, 4}, 2));
    inference->run();
  };
  run(3, 3);
  run(1, 3);
  EXPECT_EQ(inference->output(0).get_shape(), (Shape{3, 4}));
  EXPECT_THROW(run(2, 3), Error);
  EXPECT_THROW(run(3, 2), Error);
  run(3, 1);
}

// A Reshape by a value that a plan learns from its inputs: the value goes on through operators that
// have rules for their shapes.
constexpr const char* kLearnt = R"(graph "learnt"
x: f32[?,6] = Parameter()
n: i64[2] = Parameter()
one: i64[2] = Constant(value=[1,1])
m: i64[2] = Multiply-1(n, one)
y: f32[?,?] = Reshape-1(x, m, special_zero=false)
z: f32[?,?] = Abs-1(y)
return z
)";

TEST(ShapeRules, LetValuesPass) {
  for (int64_t rows : {1, 4, 12})
    expect_as_reference(
        kLearnt, {random_f32({2, 6}), make_tensor<int64_t>(element::i64, {2}, {rows, 12 / rows})});
}

}  // namespace
}  // namespace vireo::test
