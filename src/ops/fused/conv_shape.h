// The geometry of channels-last convolutions, for their inference and their evaluation.
#pragma once

#include "ops/conv/compute.h"
#include "ops/fused/fused.h"

namespace vireo::ops {

// The output of a convolution of input 0 with the weights of input 1; fails if they do not fit.
PartialShape conv_output_shape(InferContext& c, const FusedConv& a);
// src [N, spatial..., C], wei [O, spatial..., C / groups], out [N, spatial..., O].
ConvShape conv_shape(const FusedConv& a, const Shape& src, const Shape& wei, const Shape& out);

}  // namespace vireo::ops
