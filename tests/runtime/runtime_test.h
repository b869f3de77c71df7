// What the tests of the runtime share: networks small and large as text, and how they are run.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/text.h"
#include "core/values.h"
#include "ops/registry.h"
#include "vireo/core.h"

namespace vireo::test {

inline Model model_from_text(std::string_view text) {
  return Model(graph_from_text(text, builtin_ops()));
}

inline Tensor filled(const Shape& shape, uint32_t seed) {
  Tensor t(element::f32, shape);
  float* data = t.data<float>();
  for (size_t i = 0; i < t.get_size(); ++i) {
    seed = seed * 1664525u + 1013904223u;
    data[i] = float(int32_t(seed >> 8) % 2000 - 1000) / 1000.0f;
  }
  return t;
}

// `depth` dense layers of `width`, ReLU between: matrix products and element-wise work.
inline Model dense_network(int depth, size_t width, const Dimension& batch = {}) {
  auto g = std::make_shared<Graph>();
  OutputRef x = g->add_parameter(element::f32, PartialShape{batch, Dimension(int64_t(width))}, "x");
  for (int i = 0; i < depth; ++i) {
    const OutputRef w = g->add_constant(filled({width, width}, uint32_t(i + 1)));
    const NodeId product = add_op(*g, "MatMul", 1, {x, w});
    const OutputRef scale =
        g->add_constant(make_tensor<double>(element::f32, {}, {1.0 / double(width)}));
    x = {add_op(*g, "Relu", 1, {{add_op(*g, "Multiply", 1, {{product, 0}, scale}), 0}}), 0};
  }
  g->add_result(x);
  return Model(g);
}

// `depth` 3x3 convolutions of `channels` over size x size pixels, ReLU between, and a mean:
// channels last, fused and packed.
inline Model conv_network(int depth, size_t channels, size_t size) {
  auto g = std::make_shared<Graph>();
  const auto extent = [](size_t n) { return Dimension(int64_t(n)); };
  OutputRef x = g->add_parameter(
      element::f32, PartialShape{Dimension(1), extent(channels), extent(size), extent(size)}, "x");
  for (int i = 0; i < depth; ++i) {
    const OutputRef w = g->add_constant(filled({channels, channels, 3, 3}, uint32_t(i + 1)));
    const NodeId conv = add_op(*g, "Convolution", 1, {x, w},
                               {{"strides", std::vector<int64_t>{1, 1}},
                                {"pads_begin", std::vector<int64_t>{1, 1}},
                                {"pads_end", std::vector<int64_t>{1, 1}},
                                {"dilations", std::vector<int64_t>{1, 1}}});
    const OutputRef scale =
        g->add_constant(make_tensor<double>(element::f32, {}, {1.0 / double(9 * channels)}));
    x = {add_op(*g, "Relu", 1, {{add_op(*g, "Multiply", 1, {{conv, 0}, scale}), 0}}), 0};
  }
  const OutputRef axes = g->add_constant(make_i64({2, 3}));
  g->add_result({add_op(*g, "ReduceMean", 1, {x, axes}, {{"keep_dims", false}}), 0});
  return Model(g);
}

inline AnyMap threads(int count) {
  return {{"INFERENCE_NUM_THREADS", std::to_string(count)},
          {"EXECUTION_MODE_HINT", "ACCURACY"},
          {"NUM_STREAMS", "1"}};
}

// The first output for an input.
inline Tensor answer(InferRequest& request, const Tensor& input) {
  request.set_input_tensor(0, input);
  request.infer();
  const Tensor result = request.get_output_tensor(0);
  Tensor copy(result.get_element_type(), result.get_shape());
  result.copy_to(copy);
  return copy;
}

}  // namespace vireo::test
