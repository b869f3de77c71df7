// Several threads on one runtime: compiling, sharing a compiled model, callbacks, cancel, fork.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <thread>

#include "runtime/runtime_test.h"

namespace vireo::test {
namespace {

using std::chrono::milliseconds;

TEST(Concurrency, TwoThreadsCompileAndInferDifferentModels) {
  Core core;
  const Model networks[] = {dense_network(3, 64), conv_network(3, 16, 20)};
  const Tensor inputs[] = {filled({5, 64}, 7), filled({1, 16, 20, 20}, 8)};
  Tensor expected[2];
  for (int i : {0, 1}) {
    InferRequest request =
        core.compile_model(networks[i], "CPU", threads(1)).create_infer_request();
    expected[i] = answer(request, inputs[i]);
  }
  const auto work = [&](int i) {
    for (int round = 0; round < 4; ++round) {
      CompiledModel compiled = core.compile_model(networks[i], "CPU", threads(2));
      InferRequest request = compiled.create_infer_request();
      for (int k = 0; k < 5; ++k)
        EXPECT_TRUE(same_contents(answer(request, inputs[i]), expected[i]));
    }
  };
  std::thread other(work, 1);
  work(0);
  other.join();
}

TEST(Concurrency, TwoThreadsReadAndCompileOneModel) {
  Core core;
  const Model network = dense_network(3, 64);
  const Tensor input = filled({5, 64}, 7);
  const auto work = [&] {
    InferRequest request = core.compile_model(network, "CPU", threads(2)).create_infer_request();
    return answer(request, input);
  };
  auto other = std::async(std::launch::async, work);
  EXPECT_TRUE(same_contents(work(), other.get()));
}

TEST(Concurrency, CallersShareACompiledModel) {
  Core core;
  for (int streams : {1, 2}) {
    AnyMap properties = threads(2);
    properties["NUM_STREAMS"] = streams;
    CompiledModel compiled = core.compile_model(dense_network(3, 64), "CPU", properties);
    // Shapes come and go, so that callers plan while others run.
    const auto work = [&](uint32_t seed) {
      InferRequest request = compiled.create_infer_request();
      for (size_t i = 0; i < 20; ++i) {
        const Tensor result = answer(request, filled({1 + i % 4, 64}, seed));
        EXPECT_EQ(result.get_shape(), (Shape{1 + i % 4, 64}));
      }
    };
    std::vector<std::thread> others;
    for (uint32_t seed : {1, 2, 3}) others.emplace_back(work, seed);
    work(4);
    for (std::thread& other : others) other.join();
  }
}

TEST(Concurrency, AsynchronousRequestsAnswerAsOthersDo) {
  Core core;
  AnyMap properties = threads(2);
  properties["NUM_STREAMS"] = 2;
  CompiledModel compiled = core.compile_model(dense_network(2, 32), "CPU", properties);
  InferRequest plain = compiled.create_infer_request();
  std::vector<InferRequest> requests;
  for (uint32_t i = 0; i < 8; ++i) {
    requests.push_back(compiled.create_infer_request());
    requests.back().set_input_tensor(0, filled({3, 32}, i));
    requests.back().start_async();
  }
  for (uint32_t i = 0; i < 8; ++i) {
    requests[i].wait();
    EXPECT_TRUE(same_contents(requests[i].get_output_tensor(0), answer(plain, filled({3, 32}, i))));
  }
}

class Callbacks : public ::testing::Test {
 protected:
  Callbacks() {
    for (InferRequest* r : {&first, &second}) r->set_input_tensor(0, filled({3, 32}, 1));
  }
  Core core;
  CompiledModel compiled = core.compile_model(dense_network(2, 32), "CPU", threads(2));
  InferRequest first = compiled.create_infer_request(), second = compiled.create_infer_request();
};

TEST_F(Callbacks, MayInferAndWaitForAnotherRequestOfTheSameStream) {
  std::atomic<int> inferred{0}, waited{0};
  first.set_callback([&](std::exception_ptr) {
    second.infer();
    ++inferred;
    second.start_async();
    second.wait();
    ++waited;
  });
  for (int i = 0; i < 3; ++i) {
    first.start_async();
    ASSERT_TRUE(first.wait_for(milliseconds(20000)));
  }
  EXPECT_EQ(inferred, 3);
  EXPECT_EQ(waited, 3);
}

TEST_F(Callbacks, MayStartTheirRequestAgain) {
  std::atomic<int> runs{0};
  first.set_callback([&](std::exception_ptr error) {
    EXPECT_EQ(error, nullptr);
    if (++runs < 10) first.start_async();
  });
  first.start_async();
  ASSERT_TRUE(first.wait_for(milliseconds(20000)));
  EXPECT_EQ(runs, 10) << "wait() is for the last run of the chain";
}

TEST_F(Callbacks, MayInferWithTheirOwnRequestAndWaitForIt) {
  first.set_callback([&](std::exception_ptr) {
    first.wait();  // over: the callback is its end
    first.infer();
  });
  first.start_async();
  ASSERT_TRUE(first.wait_for(milliseconds(20000)));
}

TEST_F(Callbacks, GetTheErrorAndMayThrow) {
  std::atomic<bool> cancelled{false};
  first.set_callback([&](std::exception_ptr error) {
    cancelled = error != nullptr;
    throw std::runtime_error("from the callback");
  });
  first.start_async();
  EXPECT_THROW(first.wait(), std::runtime_error);
  EXPECT_FALSE(cancelled);
  first.set_callback({});
  first.infer();
}

// Counts to n in a loop, and adds the input to a variable: long, of tiny steps, with a state.
constexpr const char* kCounting = R"(graph "counting"
x: f32[2] = Parameter()
n: i64[] = Parameter()
r: f32[2] = ReadValue-6(x, variable_id="v", variable_type="f32", variable_shape=[2])
s: f32[2] = Add-1(r, x)
w: f32[2] = Assign-6(s, variable_id="v")
return s
)";

Model counting_model() {
  auto g = graph_from_text(kCounting, builtin_ops());
  for (NodeId id = 0; id < g->arena->size(); ++id)
    if ((*g)[id].is("Assign")) g->sinks.push_back(id);
  if (g->variables.empty()) g->variables.push_back({"v", element::f32, PartialShape{2}});
  auto body = std::make_shared<Graph>();
  const OutputRef x = body->add_parameter(element::f32, PartialShape{2}, "x");
  const OutputRef half = body->add_constant(make_tensor<double>(element::f32, {}, {0.5}));
  body->add_result(body->add_constant(make_tensor<int64_t>(element::boolean, {}, {1})));
  body->add_result({add_op(*body, "Multiply", 1, {x, half}), 0});
  const OutputRef yes = g->add_constant(make_tensor<int64_t>(element::boolean, {}, {1}));
  const OutputRef start{g->parameters[0], 0}, trips{g->parameters[1], 0};
  const NodeId loop = add_op(*g, "Loop", 5, {trips, yes, start},
                             {{"body", Body{body, {{2, 0, 1}}, {{-1, 0}, {0, 1}}}}});
  g->add_result({loop, 0});
  return Model(g);
}

Tensor trips(int64_t count) { return make_i64_scalar(count); }

TEST(Cancel, EndsALoopLeavesStatesAndTheRequestRunsAgain) {
  Core core;
  CompiledModel compiled = core.compile_model(counting_model(), "CPU", threads(1));
  InferRequest request = compiled.create_infer_request();
  request.set_input_tensor(0, make_tensor<double>(element::f32, {2}, {1, 2}));
  request.set_input_tensor(1, trips(3));
  request.infer();
  const auto state = [&] { return request.query_state()[0].get_state().data<float>()[1]; };
  ASSERT_FLOAT_EQ(state(), 4);
  for (bool in_time : {false, true}) {
    request.set_input_tensor(1, trips(int64_t(1) << 40));
    request.start_async();
    if (in_time) std::this_thread::sleep_for(milliseconds(10));
    EXPECT_THROW(request.set_input_tensor(1, trips(1)), Busy);
    request.cancel();
    EXPECT_THROW(request.wait(), Cancelled);
    EXPECT_FLOAT_EQ(state(), 4);
  }
  request.set_input_tensor(1, trips(3));
  request.infer();
  EXPECT_FLOAT_EQ(request.get_output_tensor(1).data<float>()[1], 0.25f);
  EXPECT_FLOAT_EQ(state(), 6);
}

TEST(Cancel, OfARequestThatRestsIsForgotten) {
  Core core;
  InferRequest request =
      core.compile_model(dense_network(1, 8), "CPU", threads(1)).create_infer_request();
  request.set_input_tensor(0, filled({1, 8}, 1));
  request.cancel();
  request.infer();
  request.cancel();
  request.start_async();
  request.wait();
}

#if !defined(__SANITIZE_THREAD__)

template <typename F>
int in_child(F&& f) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(30);  // a child that hangs is ended
    int status = 1;
    try {
      status = f() ? 7 : 1;
    } catch (...) {
    }
    ::_exit(status);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST(Fork, TheChildInfersAndTheParentGoesOn) {
  Core core;
  CompiledModel compiled = core.compile_model(dense_network(3, 256), "CPU", threads(2));
  InferRequest request = compiled.create_infer_request();
  const Tensor input = filled({40, 256}, 1), other = filled({41, 256}, 1);
  const Tensor expected = answer(request, input);
  request.start_async();
  request.wait();
  EXPECT_EQ(
      in_child([&] {
        bool good = same_contents(answer(request, input), expected);
        answer(request, other);  // a shape that the parent has not seen
        InferRequest made = compiled.create_infer_request();
        made.set_input_tensor(0, input);
        made.start_async();
        made.wait();
        good = good && same_contents(made.get_output_tensor(0), expected);
        InferRequest fresh =
            Core().compile_model(dense_network(3, 256), "CPU", threads(2)).create_infer_request();
        return good && same_contents(answer(fresh, input), expected);
      }),
      7);
  EXPECT_TRUE(same_contents(answer(request, input), expected));
}

TEST(Fork, ChildrenInferWhileTheParentDoes) {
  Core core;
  CompiledModel compiled = core.compile_model(dense_network(3, 128), "CPU", threads(2));
  const Tensor input = filled({30, 128}, 1);
  InferRequest request = compiled.create_infer_request();
  const Tensor expected = answer(request, input);
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    InferRequest mine = compiled.create_infer_request();
    while (!stop) answer(mine, input);
  });
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(in_child([&] { return same_contents(answer(request, input), expected); }), 7);
  stop = true;
  busy.join();
}

#endif

}  // namespace
}  // namespace vireo::test
