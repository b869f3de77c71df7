// What the tests of devices share: a graph from text, compiled, run and compared with the reference
// device.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/text.h"
#include "core/values.h"
#include "devices/cpu/device.h"
#include "devices/reference/device.h"
#include "ops/registry.h"

namespace vireo::test {

inline std::shared_ptr<Executable> compile_text(Device& device, std::string_view text,
                                                int threads = 1) {
  CompileConfig config;
  config.threads = threads;
  config.mode = ExecutionMode::Accuracy;
  return device.compile(*graph_from_text(text, builtin_ops()), config);
}

inline Tensor random_f32(const Shape& shape, uint32_t seed = 1) {
  Tensor t(element::f32, shape);
  float* data = t.data<float>();
  for (size_t i = 0; i < t.get_size(); ++i) {
    seed = seed * 1664525u + 1013904223u;
    data[i] = float(int32_t(seed >> 8) % 2000 - 1000) / 1000.0f;
  }
  return t;
}

inline void expect_close(const Tensor& got, const Tensor& want, double tolerance = 1e-5) {
  ASSERT_EQ(got.get_element_type(), want.get_element_type());
  ASSERT_EQ(got.get_shape().to_string(), want.get_shape().to_string());
  const std::vector<double> a = load<double>(got.dense()), b = load<double>(want.dense());
  double largest = 1e-30, worst = 0;
  for (double v : b) largest = std::max(largest, std::abs(v));
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  EXPECT_LE(worst / largest, tolerance);
}

// Runs a text graph on both devices and compares all outputs.
inline void expect_as_reference(std::string_view text, const std::vector<Tensor>& inputs,
                                double tolerance = 1e-5) {
  auto cpu = cpu::make_device();
  auto reference = reference::make_device();
  auto a = compile_text(*cpu, text)->create(), b = compile_text(*reference, text)->create();
  for (size_t i = 0; i < inputs.size(); ++i) {
    a->set_input(i, inputs[i]);
    b->set_input(i, inputs[i]);
  }
  for (int round = 0; round < 2; ++round) a->run();
  b->run();
  const size_t outputs = compile_text(*cpu, text)->outputs().size();
  for (size_t i = 0; i < outputs; ++i) expect_close(a->output(i), b->output(i), tolerance);
}

}  // namespace vireo::test
