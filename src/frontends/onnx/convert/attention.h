// The pieces that attention operators are made of. Heads lie at axis 1: [B, H, S, D].
#pragma once

#include "frontends/onnx/convert/node.h"

namespace vireo::onnx {

Value split_heads(const Value& x, int64_t heads);   // [B, S, H * D] to [B, H, S, D]
Value merge_heads(const Value& x);                  // and back
Value repeat_heads(const Value& x, int64_t times);  // every head `times` times in a row
// columns <= rows + offset, boolean [S, T] (or with the offset's axes in front).
Value causal_mask(const Value& q, const Value& k, const Value& offset);
// What both masks allow; boolean or additive in `type`.
Value joined_mask(const Value& a, const Value& b, element::Type type);
Value attend(const Value& q, const Value& k, const Value& v, const Value& mask,
             std::optional<double> scale, bool causal);
// Turns the first `width` elements (all if 0) of every head; cos and sin are [B or 1, S, width /
// 2].
Value rotate(const Value& x, const Value& cos, const Value& sin, bool interleaved, int64_t width);

}  // namespace vireo::onnx
