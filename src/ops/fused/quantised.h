// Vireo's own operators on 8-bit codes (version 0): what the quantise passes make of FakeQuantize
// and of ONNX's QuantizeLinear and DequantizeLinear. A code q stands for (q - zero) * scale;
// activations are u8 with a zero point, weights i8 around 0.
#pragma once

#include <cstdint>

#include "core/op.h"
#include "ops/fused/fused.h"

namespace vireo::ops {

// dst = clamp(round_half_even(x / scale + zero), low, high) as `type`. Inputs x, scale, zero: real,
// scale and zero broadcast to x. NaN gives the code of `low`.
struct Quantise {
  element::Type type = element::u8;
  int64_t low = 0, high = 255;
};
void visit(AttrVisitor& v, Quantise& a);

// A picture as the first convolution wants it: x [N, C, H, W] with C up to 4 becomes codes [N, H,
// W, 4], channels beyond C holding the code of 0. Inputs x, scale, zero as there, scale and zero of
// one element.
struct QuantiseImage : Quantise {};
void visit(AttrVisitor& v, QuantiseImage& a);

// dst = (q - zero) * scale in f32. Inputs q (u8 or i8), scale, zero: f32, broadcast to q. Of a
// constant it is no constant: the codes are what products want.
struct Dequantise {};
void visit(AttrVisitor& v, Dequantise& a);

// dst = table[q]: a function of one code, spelled out. Inputs q (u8) and table (256 elements of the
// output's type).
struct Table {};
void visit(AttrVisitor& v, Table& a);

// What a quantised product does with its exact integer sums, in this order:
//   v = scale[o] * sum + bias[o]                                      scale and bias f32, one per output channel
//   v += residual                                                     unless `between`
//   v = activation(v)
//   v = between.scale * (clamp(round(v / between.scale + between.zero), 0, 255) - between.zero), v += residual, v += bias_after[o],
//       v = max(v, 0) if relu_after                                   if `between`: a sum of quantised values
//   dst = clamp(round(v / out_scale + out_zero), low, high)           if `type` is u8 or i8; v itself if it is f32
// A residual that is u8 stands for (r - residual_zero) * residual_scale. After it come bias_after
// [O], if there is one, and out_scale [O] if `per_channel_out`.
struct Requantise {
  element::Type type = element::f32;
  bool per_channel_out = false;
  double src_zero = 0;
  double out_scale = 1, out_zero = 0;
  int64_t low = 0, high = 255;
  double residual_scale = 1, residual_zero = 0;
  bool between = false, has_bias_after = false, relu_after = false;
  double between_scale = 1, between_zero = 0;
};

// vireo.Conv on codes: src u8, weights i8 [O, spatial..., C / groups] (of a depthwise convolution
// f32 too), scale [O], then bias and residual as there. What lies outside src counts for nothing,
// as its zero does.
struct QuantisedConv : FusedConv {
  Requantise quantised;
};
void visit(AttrVisitor& v, QuantisedConv& a);

// vireo.MatMul on codes: A u8, B i8, scale [N] or [1], then bias and residual as there.
struct QuantisedMatMul : FusedMatMul {
  Requantise quantised;
};
void visit(AttrVisitor& v, QuantisedMatMul& a);

extern const OpDef quantise_0, quantise_image_0, dequantise_0, table_0, quantised_conv_0,
    quantised_matmul_0;

}  // namespace vireo::ops
