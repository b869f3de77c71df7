// Constants made from constants: transposing and scaling of weights, fast where it is f32.
#pragma once

#include <vector>

#include "vireo/tensor.h"

namespace vireo::passes {

// Axis i of the result is axis order[i]. Shares the memory when only extents of 1 move.
Tensor transposed(const Tensor& t, const std::vector<int64_t>& order);
Tensor reshaped(const Tensor& t, const Shape& shape);
// f32 from any floating type.
Tensor to_f32(const Tensor& t);
// t (f32) times factors[i] along an axis.
Tensor scaled(const Tensor& t, size_t axis, const std::vector<float>& factors);

}  // namespace vireo::passes
