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
  HSwish,    // alpha * x * min(max(x + 3, 0), 6) / 6 + beta
  HSigmoid,  // min(max(alpha * x + beta, 0), 1); ONNX and OpenVINO: 1/6, 0.5
  Mish,
  Softplus,
};

enum class Bias : uint8_t { None, PerColumn, PerRow };
enum class Residual : uint8_t { None, BeforeActivation, AfterActivation };

// What else happens to exact sums of 8-bit codes. `v` starts as scale[column] * (start[column] +
// sum) + bias[column]; then, in this order:
//   v = round(clamp(v, between_low, between_high)) * between_scale + shift[column]    if `between`: v was to be a code itself
//   v += residual * residual_scale                                                    if there is a residual
//   v = activation(v)
//   v = v * out_scale[column] + out_shift    only where C is u8 and the activation is more than a clamp; else scale, bias and
//                                            clamp count in quanta of C from the start
// and a u8 C rounds and saturates.
struct Requantise {
  bool between = false;
  float between_low = 0, between_high = 255, between_scale = 1;
  float residual_scale = 1;
  float out_shift = 0;
};

// c = activation(scale * sum + bias + residual), or activation(scale * sum + bias) + residual.
struct Epilogue {
  float scale = 1.0f;
  Bias bias = Bias::None;
  Residual residual = Residual::None;
  Activation activation = Activation::None;
  float alpha = 1.0f;
  float beta = 0.0f;
  Requantise codes;
};

// The pointers that go with it. The residual has the shape and the element type of the output and
// may be the output itself.
struct EpilogueArgs {
  const float* bias = nullptr;
  const void* residual = nullptr;
  int64_t residual_stride = 0;   // from row to row
  const float* slope = nullptr;  // PRelu
  // Of codes; as many as there are packed columns, whole vectors. So is their bias.
  const float* scale = nullptr;
  const int32_t* start = nullptr;
  const float* shift = nullptr;
  const float* out_scale = nullptr;
};

}  // namespace vireo::cpu
