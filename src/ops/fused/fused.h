// Vireo's own fused operators (version 0, names "vireo.X"): what passes make and devices run.
// Activations are channels last.
#pragma once

#include "core/op.h"

namespace vireo::ops {

// What is applied to each element of a result before it is stored. alpha and beta by kind:
//   LeakyRelu alpha = slope below 0; Elu alpha; Swish x * sigmoid(alpha x); HardSigmoid clamp(alpha x + beta, 0, 1);
//   Clamp [alpha, beta]; HSwish alpha * hswish(x) + beta; Gelu is the erf form.
enum class ActivationKind {
  None,
  Relu,
  LeakyRelu,
  Elu,
  Sigmoid,
  Tanh,
  Gelu,
  GeluTanh,
  Swish,
  HSwish,
  HSigmoid,
  HardSigmoid,
  Mish,
  SoftPlus,
  Clamp,
  Exp,
  Abs,
  Sqrt,
  Square,
};
inline constexpr const char* kActivationKindNames[] = {
    "none",      "relu",  "leaky_relu", "elu",      "sigmoid",      "tanh", "gelu",
    "gelu_tanh", "swish", "hswish",     "hsigmoid", "hard_sigmoid", "mish", "soft_plus",
    "clamp",     "exp",   "abs",        "sqrt",     "square"};

struct Activation {
  ActivationKind kind = ActivationKind::None;
  double alpha = 0, beta = 0;
  explicit operator bool() const { return kind != ActivationKind::None; }
  bool operator==(const Activation& o) const {
    return kind == o.kind && alpha == o.alpha && beta == o.beta;
  }
};
double apply(const Activation& activation, double x);
void visit_activation(AttrVisitor& v, Activation& a);  // "activation", "alpha", "beta"

// dst = activation(conv(src, wei) + bias + residual). src [N, spatial..., C] ([N, C, spatial...] if
// planar), wei [O, spatial..., C / groups], bias [O] if has_bias, residual of dst's shape if
// has_residual.
struct FusedConv {
  std::vector<int64_t> strides, dilations, pads_begin, pads_end;  // one per spatial axis
  int64_t groups = 1;
  bool planar = false;
  bool has_bias = false, has_residual = false;
  Activation activation;
  element::Type output_type = element::dynamic;  // of dst; dynamic: that of src
};
void visit(AttrVisitor& v, FusedConv& a);

// The transposed convolution, never planar. src [N, spatial..., C], wei [O, spatial..., C / groups]
// too (O counts all groups); extent = (in - 1) * stride + (kernel - 1) * dilation + 1 - pads +
// output_padding.
struct FusedConvTranspose : FusedConv {
  std::vector<int64_t> output_padding;
};
void visit(AttrVisitor& v, FusedConvTranspose& a);

// dst = activation(A x B + bias + residual). A [..., M, K] ([..., K, M] if transpose_a), B [..., K,
// N] ([..., N, K] if transpose_b), leading axes broadcast; ranks of 1 are not taken. bias [N] or
// [1], residual of dst's shape.
struct FusedMatMul {
  bool transpose_a = false, transpose_b = false, has_bias = false, has_residual = false;
  Activation activation;
  element::Type output_type = element::dynamic;  // of dst; dynamic: that of A
};
void visit(AttrVisitor& v, FusedMatMul& a);

// Windows over [N, spatial..., C]. The output extents are those of floor rounding with these pads.
// What lies in the padding counts for nothing in a maximum; in an average it counts as 0 unless
// exclude_pad. overhang[i] tells how much of pads_end[i] rounding up added; it counts like the
// rest.
struct FusedPool {
  std::vector<int64_t> kernel, strides, dilations, pads_begin, pads_end, overhang;
  bool exclude_pad = true;  // averages only
};
void visit(AttrVisitor& v, FusedPool& a);

// softmax(scale q k^T + mask) v. q [B, H, S, D], k [B, G, T, D], v [B, G, T, E] with H a multiple
// of G, dst [B, H, S, E]; under "bshd" axes 1 and 2 of q, k, v and dst are swapped. Batches, S and
// T broadcast with each other and with mask, which has up to the four axes [B, H, S, T]: so the
// operator says the same as what it was fused from also where an extent unknown at compile time
// turns out to be 1. A boolean mask hides where it is false; a query that sees no key gets zeros.
// causal: query s sees the keys up to s (counted from the top left corner, as the public operator
// has it). packed: q, k and v are one input [B, S, 3, H, D]; the layout is "bshd" then.
enum class HeadLayout { Bhsd, Bshd };
inline constexpr const char* kHeadLayoutNames[] = {"bhsd", "bshd"};
struct FusedAttention {
  double scale = 1;
  bool causal = false, has_mask = false;
  HeadLayout layout = HeadLayout::Bhsd;
  bool packed = false;
};
void visit(AttrVisitor& v, FusedAttention& a);

// Attention over a cache and what joins it: present = Concat(Gather(past, beam_idx), fresh) along
// the sequence, for keys and values; dst = softmax(scale q present_k^T + mask) present_v. Inputs q
// [B, H, S, D], k [B, G, S, D], v [B, G, S, E], past_k [P.., G, P, D], past_v [P.., G, P, E], then
// beam_idx [B] if has_beam and mask if has_mask; outputs dst, present_k, present_v. Under "bshd"
// axes 1 and 2 of q, k, v and dst are swapped; caches never are. The operator itself keeps nothing:
// where past and present are a variable that nobody else reads, a device may hold it in whatever
// form it likes.
struct FusedCachedAttention {
  double scale = 1;
  bool has_mask = false, has_beam = false;
  HeadLayout layout = HeadLayout::Bhsd;
};
void visit(AttrVisitor& v, FusedCachedAttention& a);

// The same between two variables that nobody else reads or writes, which hold past_k and past_v and
// are nothing at first: inputs q, k, v, then those that are there: beam_idx [B], padding [B, P +
// S], slopes [H]; output dst. What a mask would say are attributes: causal: query s sees the keys
// up to P + s; window: of those the last so many, 0 for all. padding hides keys where it is 0, and
// slopes * position of the key joins the scores (ALiBi). A query that sees no key gets zeros. So no
// value that is computed has the extent of the past.
struct FusedPagedAttention {
  double scale = 1;
  bool has_beam = false;
  HeadLayout layout = HeadLayout::Bhsd;
  bool causal = false;
  int64_t window = 0;
  bool has_padding = false, has_slopes = false;
  std::string key_id, value_id;  // of the variables
};
void visit(AttrVisitor& v, FusedPagedAttention& a);

// (x + residual - mean) / sqrt(variance + eps) * scale + shift over the last `axes` axes; inputs x,
// then those that are there. scale and shift have the shape of the normalised axes. Input order: x,
// scale, shift, residual.
struct FusedLayerNorm {
  int64_t axes = 1;
  double eps = 1e-5;
  bool has_scale = false, has_shift = false, has_residual = false;
};
void visit(AttrVisitor& v, FusedLayerNorm& a);

// (x + residual) / sqrt(mean of squares + eps) * scale over the last axis. Input order: x, scale,
// residual.
struct FusedRmsNorm {
  double eps = 1e-6;
  bool has_scale = false, has_residual = false;
};
void visit(AttrVisitor& v, FusedRmsNorm& a);

// Rotary position embedding: x cos + turned(x) sin, where turned(x) is (-b, a) for each pair (a, b)
// of the last axis D: elements i and i + D/2, or 2i and 2i + 1 if interleaved. Inputs x, cos, sin
// broadcast by NumPy's rule.
struct FusedRope {
  bool interleaved = false;
};
void visit(AttrVisitor& v, FusedRope& a);

extern const OpDef fused_conv_0, fused_conv_transpose_0, fused_matmul_0, fused_max_pool_0,
    fused_avg_pool_0, fused_attention_0, fused_cached_attention_0, fused_paged_attention_0,
    fused_layer_norm_0, fused_rms_norm_0, fused_rope_0;

}  // namespace vireo::ops
