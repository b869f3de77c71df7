// Which operators the layout pass carries through, by name.
#include <string_view>
#include <unordered_map>

#include "passes/layout/layout.h"

namespace vireo::passes {

LayoutFn find_layout(const GraphNode& node) {
  static const std::unordered_map<std::string_view, LayoutFn> table = {
      {"Convolution", layout_convolution},
      {"GroupConvolution", layout_convolution},
      {"ConvolutionBackpropData", layout_deconvolution},
      {"GroupConvolutionBackpropData", layout_deconvolution},
      {"MaxPool", layout_max_pool},
      {"AvgPool", layout_avg_pool},
      {"PRelu", layout_prelu},
      {"FakeQuantize", layout_elementwise},
      {"Transpose", layout_transpose},
      {"Reshape", layout_reshape},
      {"Squeeze", layout_squeeze},
      {"Unsqueeze", layout_unsqueeze},
      {"Concat", layout_concat},
      {"Split", layout_split},
      {"VariadicSplit", layout_split},
      {"Pad", layout_pad},
      {"Slice", layout_slice},
      {"StridedSlice", layout_strided_slice},
      {"ReduceSum", layout_reduce},
      {"ReduceMean", layout_reduce},
      {"ReduceMax", layout_reduce},
      {"ReduceMin", layout_reduce},
      {"ReduceProd", layout_reduce},
      {"ReduceL1", layout_reduce},
      {"ReduceL2", layout_reduce},
      {"ReduceLogicalAnd", layout_reduce},
      {"ReduceLogicalOr", layout_reduce},
      {"Softmax", layout_axis_attribute},
      {"LogSoftmax", layout_axis_attribute},
      {"ShuffleChannels", layout_axis_attribute},
      {"MVN", layout_axes_input},
      {"NormalizeL2", layout_axes_input},
      {"CumSum", layout_axes_input},
      {"Interpolate", layout_interpolate},
      {"Tile", layout_per_axis},
      {"Broadcast", layout_per_axis},
      {"Gather", layout_gather},
      {"ShapeOf", layout_shape_of},
      {"MatMul", layout_matmul},
      {"vireo.Attention", layout_attention},
      {"vireo.CachedAttention", layout_cached_attention},
      {"vireo.Rope", layout_rope},
  };
  const auto it = table.find(node.op->name);
  if (it != table.end()) return it->second;
  return node.op->has(kElementwise) ? layout_elementwise : nullptr;
}

}  // namespace vireo::passes
