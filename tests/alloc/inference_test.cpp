// An inference of a shape seen before allocates nothing: counted by replacing malloc.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <string>

#include "vireo/core.h"

namespace {
std::atomic<bool> counting{false};
std::atomic<long> allocations{0};
void count() {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
}
}  // namespace

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void* malloc(size_t n) {
  count();
  return __libc_malloc(n);
}
void* calloc(size_t n, size_t m) {
  count();
  return __libc_calloc(n, m);
}
void* realloc(void* p, size_t n) {
  count();
  return __libc_realloc(p, n);
}
void* aligned_alloc(size_t a, size_t n) {
  count();
  return __libc_memalign(a, n);
}
}

namespace vireo {
namespace {

constexpr const char* kModel = R"(<net name="m" version="11"><layers>
<layer id="0" name="a" type="Parameter" version="opset1"><data shape="?,64" element_type="f32"/><output><port id="0" precision="FP32"><dim>-1</dim><dim>64</dim></port></output></layer>
<layer id="1" name="b" type="Parameter" version="opset1"><data shape="64,48" element_type="f32"/><output><port id="0" precision="FP32"><dim>64</dim><dim>48</dim></port></output></layer>
<layer id="2" name="p" type="MatMul" version="opset1"><data transpose_a="false" transpose_b="false"/><input><port id="0"><dim>-1</dim><dim>64</dim></port><port id="1"><dim>64</dim><dim>48</dim></port></input><output><port id="2" precision="FP32"><dim>-1</dim><dim>48</dim></port></output></layer>
<layer id="3" name="r" type="ReLU" version="opset1"><input><port id="0"><dim>-1</dim><dim>48</dim></port></input><output><port id="1" precision="FP32"><dim>-1</dim><dim>48</dim></port></output></layer>
<layer id="4" name="s" type="SoftMax" version="opset8"><data axis="1"/><input><port id="0"><dim>-1</dim><dim>48</dim></port></input><output><port id="1" precision="FP32"><dim>-1</dim><dim>48</dim></port></output></layer>
<layer id="5" name="o" type="Result" version="opset1"><input><port id="0"><dim>-1</dim><dim>48</dim></port></input></layer>
</layers><edges>
<edge from-layer="0" from-port="0" to-layer="2" to-port="0"/><edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
<edge from-layer="2" from-port="2" to-layer="3" to-port="0"/><edge from-layer="3" from-port="1" to-layer="4" to-port="0"/>
<edge from-layer="4" from-port="1" to-layer="5" to-port="0"/></edges></net>)";

TEST(Allocation, NoneAfterTheFirstInferenceOfAShape) {
  Core core;
  const std::string text = kModel;
  auto model = core.read_model_from_memory(text.data(), text.size());
  CompiledModel compiled =
      core.compile_model(model, "CPU", {{"INFERENCE_NUM_THREADS", std::string("2")}});
  InferRequest request = compiled.create_infer_request();
  Tensor small(element::f32, {3, 64}), large(element::f32, {300, 64}),
      weights(element::f32, {64, 48});
  for (Tensor* t : {&small, &large, &weights})
    for (size_t i = 0; i < t->get_size(); ++i) t->data<float>()[i] = float(i % 17) * 0.1f - 0.8f;
  request.set_input_tensor(1, weights);
  counting = true;
  Tensor probe(element::f32, {1000});
  counting = false;
  ASSERT_GT(allocations.exchange(0), 0) << "malloc is not replaced";
  for (Tensor* t : {&small, &large}) {
    request.set_input_tensor(0, *t);
    request.infer();
    request.infer();
    counting = true;
    for (int i = 0; i < 5; ++i) request.infer();
    counting = false;
    EXPECT_EQ(allocations.exchange(0), 0) << t->get_shape().to_string();
  }
}

}  // namespace
}  // namespace vireo
