// Attributes of the convolutions.
#pragma once

#include "core/op.h"
#include "ops/conv/window.h"

namespace vireo::ops {

// Convolution and GroupConvolution: data [N, C, spatial...], filters [O, C, spatial...] or [G, O,
// C, spatial...].
struct Convolution {
  std::vector<int64_t> strides, pads_begin, pads_end, dilations;
  AutoPad auto_pad = AutoPad::Explicit;
};
void visit(AttrVisitor& v, Convolution& a);

// ConvolutionBackpropData and the grouped form: filters [C, O, spatial...] or [G, C, O,
// spatial...]; an optional third input gives the spatial output extents.
struct ConvolutionBackprop : Convolution {
  std::vector<int64_t> output_padding;
};
void visit(AttrVisitor& v, ConvolutionBackprop& a);

// Pads of every axis for known extents, auto_pad resolved.
std::vector<WindowAxis> resolved_axes(const Convolution& a, const std::vector<int64_t>& in,
                                      const std::vector<int64_t>& kernel);
// The same for the transposed forms: `out` are the output extents that the third input asks for,
// empty if there is none. Afterwards out = (in - 1) * stride + extent - pads + output_padding.
std::vector<WindowAxis> resolved_axes(const ConvolutionBackprop& a, const std::vector<int64_t>& in,
                                      const std::vector<int64_t>& kernel,
                                      const std::vector<int64_t>& out);

// Inputs 0 and 1 of a convolution of either direction: data [N, C, spatial...], filters with `lead`
// axes before the spatial ones, 2 or with groups 3. Returns the number of spatial axes, `otherwise`
// if neither rank is known.
size_t expect_spatial(InferContext& c, size_t lead, size_t otherwise);
void expect_channels(InferContext& c, const Dimension& taken);
std::vector<int64_t> spatial_extents(const Shape& shape, size_t from);

extern const OpDef convolution_1, group_convolution_1, convolution_backprop_1,
    group_convolution_backprop_1;

}  // namespace vireo::ops
