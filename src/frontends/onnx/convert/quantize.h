// Quantisation in IR's words: FakeQuantize where scales are constant, arithmetic elsewhere.
#pragma once

#include "frontends/onnx/convert/node.h"

namespace vireo::onnx {

// (x - zero_point) * scale in the type of the scale. `axis` says where scales of rank 1 lie; blocks
// of `block` elements along it if that is not 0. zero_point may be missing.
Value dequantize(const Value& x, const Value& scale, const Value& zero_point, int64_t axis = 1,
                 int64_t block = 0);
// saturate(round(x / scale) + zero_point) as `type`.
Value quantize(const Value& x, const Value& scale, const Value& zero_point, element::Type type,
               int64_t axis = 1, int64_t block = 0);

}  // namespace vireo::onnx
