// A convolution of the graph in the words of the kernels, as far as its weights tell.
#pragma once

#include "devices/cpu/kernels/conv/lines.h"
#include "ops/fused/fused.h"
#include "vireo/tensor.h"

namespace vireo::cpu {

// weights [O, taps..., C / groups]; everything but the sizes of the images.
ConvDesc describe_weights(const ops::FusedConv& conv, const Shape& weights, bool transposed);
WeightStrides weight_strides(const ConvDesc& desc);
// Sizes and dense strides of src [N, spatial..., C] and dst [N, spatial..., O].
void describe_images(ConvDesc& desc, const Shape& src, const Shape& dst);
// 2 x the multiply-accumulates.
double conv_flop(const ConvDesc& desc);

}  // namespace vireo::cpu
