// What a dense kernel does to a sum before it is stored: scale, bias, residual, activation. Shared
// by gemm, conv, depthwise.
#pragma once

#include <cstdint>

namespace vireo::cpu {

enum class Activation : uint8_t {
  None,
  Relu,
  Clamp,      // min(max(x, alpha), beta)
  LeakyRelu,  // x < 0 ? alpha * x : x; PReLU with one slope
  PRelu,      // x < 0 ? slope[column] * x : x
  Elu,        // x < 0 ? alpha * (exp(x) - 1) : x
  Sigmoid,
  Silu,  // x * sigmoid(alpha * x): Swish with beta = alpha
  Tanh,
  GeluErf,
  GeluTanh,
  HSwish,    // x * min(max(x + 3, 0), 6) / 6
  HSigmoid,  // min(max(alpha * x + beta, 0), 1); ONNX and OpenVINO: 1/6, 0.5
  Mish,
  Softplus,
};

enum class Bias : uint8_t { None, PerColumn, PerRow };
enum class Residual : uint8_t { None, BeforeActivation, AfterActivation };

// c = activation(scale * sum + bias + residual), or activation(scale * sum + bias) + residual.
struct Epilogue {
  float scale = 1.0f;
  Bias bias = Bias::None;
  Residual residual = Residual::None;
  Activation activation = Activation::None;
  float alpha = 1.0f;
  float beta = 0.0f;
};

// The pointers that go with it. The residual has the shape and the element type of the output and
// may be the output itself.
struct EpilogueArgs {
  const float* bias = nullptr;
  const void* residual = nullptr;
  int64_t residual_stride = 0;   // from row to row
  const float* slope = nullptr;  // PRelu
};

}  // namespace vireo::cpu
