// Strides, dilations and pads of ONNX's windowed operators in IR's words.
#pragma once

#include "frontends/onnx/convert/node.h"

namespace vireo::onnx {

struct WindowAttrs {
  std::vector<int64_t> strides, dilations, pads_begin, pads_end;
  std::string auto_pad;  // IR's name
};

// For `spatial` axes; fails on vectors of another length.
WindowAttrs window_attrs(Node& n, size_t spatial);
AttrList conv_list(const WindowAttrs& w);
// The rank of x, or that which an attribute of spatial lengths tells.
int64_t rank_from(const Node& n, const Value& x, const char* attribute);
// Filters as IR wants them for convolutions of groups.
Value grouped_filters(const Value& w, int64_t groups);
// Convolution or GroupConvolution with its bias.
Value convolution(Node& n, const Value& x, const Value& w, const Value& bias);
// Adds one number per channel (axis 1).
Value add_channel_bias(const Value& x, const Value& bias, int64_t rank);

}  // namespace vireo::onnx
