// Convolutions.
#include "frontends/onnx/convert/window.h"

namespace vireo::onnx {
namespace {

std::vector<int64_t> of_length(Node& n, const char* name, size_t length, int64_t otherwise) {
  const auto given = n.ints(name);
  if (!given || given->empty()) return std::vector<int64_t>(length, otherwise);
  if (given->size() != length)
    fail(ErrorCode::InvalidModel, "attribute '{}' has {} values, expected {}", name, given->size(),
         length);
  return *given;
}

std::string auto_pad_name(const std::string& text) {
  if (text.empty() || text == "NOTSET") return "explicit";
  if (text == "SAME_UPPER") return "same_upper";
  if (text == "SAME_LOWER") return "same_lower";
  if (text == "VALID") return "valid";
  fail(ErrorCode::InvalidModel, "auto_pad '{}' does not exist", text);
}

}  // namespace

WindowAttrs window_attrs(Node& n, size_t spatial) {
  WindowAttrs w;
  w.strides = of_length(n, "strides", spatial, 1);
  w.dilations = of_length(n, "dilations", spatial, 1);
  w.auto_pad = auto_pad_name(n.text("auto_pad", "NOTSET"));
  const std::vector<int64_t> pads = of_length(n, "pads", 2 * spatial, 0);
  w.pads_begin.assign(pads.begin(), pads.begin() + int64_t(spatial));
  w.pads_end.assign(pads.begin() + int64_t(spatial), pads.end());
  return w;
}

AttrList conv_list(const WindowAttrs& w) {
  return {{"strides", w.strides},
          {"dilations", w.dilations},
          {"pads_begin", w.pads_begin},
          {"pads_end", w.pads_end},
          {"auto_pad", w.auto_pad}};
}

int64_t rank_from(const Node& n, const Value& x, const char* attribute) {
  if (x.has_rank()) return x.rank();
  const auto lengths = n.ints(attribute);
  if (!lengths || lengths->empty()) return x.rank();
  return int64_t(lengths->size()) + 2;
}

Value grouped_filters(const Value& w, int64_t groups) {
  Builder& b = *w.builder;
  if (const Tensor& t = w.fact().value) {
    Shape shape = t.get_shape();
    if (groups < 1 || shape[0] % size_t(groups))
      fail(ErrorCode::InvalidModel, "{} filters do not divide into {} groups", shape[0], groups);
    shape[0] /= size_t(groups);
    shape.insert(shape.begin(), size_t(groups));
    return b.constant(t.is_continuous() ? t.reshaped(shape) : t.dense().reshaped(shape));
  }
  return reshape(w, concat({b.ints({groups, -1}), dims_of(w, 1, w.rank())}, 0));
}

Value add_channel_bias(const Value& x, const Value& bias, int64_t rank) {
  std::vector<int64_t> shape(size_t(rank), 1);
  shape[1] = -1;
  const Tensor& t = bias.fact().value;
  if (!t) return x + reshape(bias, shape);
  Shape dims(size_t(rank), 1);
  dims[1] = t.get_size();
  return x + x.builder->constant(t.dense().reshaped(dims));
}

Value convolution(Node& n, const Value& x, const Value& w, const Value& bias) {
  const int64_t rank = w.has_rank() ? w.rank() : x.rank();
  if (rank < 3) fail(ErrorCode::InvalidModel, "filters of rank {}, expected 3 or more", rank);
  if (x.has_rank() && x.rank() != rank)
    fail(ErrorCode::InvalidModel, "data of rank {} and filters of rank {} do not go together",
         x.rank(), rank);
  const AttrList attrs = conv_list(window_attrs(n, size_t(rank - 2)));
  const int64_t groups = n.integer("group", 1);
  Value y = groups == 1 ? n.b.add("Convolution", 1, {x, w}, attrs)
                        : n.b.add("GroupConvolution", 1, {x, grouped_filters(w, groups)}, attrs);
  return bias ? add_channel_bias(y, bias, rank) : y;
}

Outputs conv(Node& n) { return convolution(n, n.in(0), n.in(1), n.in_or(2, {})); }

namespace {

// ONNX shares the padding that output_shape asks for: the odd element goes to the end only for
// SAME_UPPER.
void pads_for_output(Node& n, WindowAttrs& w, const Value& x, const Value& filters,
                     const std::vector<int64_t>& out, const std::vector<int64_t>& output_padding) {
  for (size_t i = 0; i < w.strides.size(); ++i) {
    const Dimension in = x.dim(int64_t(i) + 2), k = filters.dim(int64_t(i) + 2);
    if (in.is_dynamic() || k.is_dynamic())
      fail(ErrorCode::NotSupported, "output_shape with dynamic extents is not supported");
    const int64_t total = w.strides[i] * (in.get_length() - 1) + output_padding[i] +
                          (k.get_length() - 1) * w.dilations[i] + 1 - out[i];
    const int64_t half = total >= 0 ? total / 2 : -((1 - total) / 2);
    w.pads_begin[i] = n.text("auto_pad", "") == "SAME_UPPER" ? half : total - half;
    w.pads_end[i] = total - w.pads_begin[i];
  }
  w.auto_pad = "explicit";
}

}  // namespace

Outputs conv_transpose(Node& n) {
  const Value x = n.in(0), w = n.in(1);
  const int64_t rank = w.has_rank() ? w.rank() : x.rank();
  if (rank < 3) fail(ErrorCode::InvalidModel, "filters of rank {}, expected 3 or more", rank);
  const size_t spatial = size_t(rank - 2);
  WindowAttrs window = window_attrs(n, spatial);
  const std::vector<int64_t> output_padding = of_length(n, "output_padding", spatial, 0);
  std::vector<int64_t> out = n.ints("output_shape", {});
  if (out.size() > spatial) out.erase(out.begin(), out.end() - int64_t(spatial));
  const bool same = window.auto_pad == "same_upper" || window.auto_pad == "same_lower";
  if (out.empty() && same)
    for (size_t i = 0; i < spatial; ++i) {
      const Dimension in = x.dim(int64_t(i) + 2);
      if (in.is_dynamic())
        fail(ErrorCode::NotSupported, "auto_pad with dynamic extents is not supported");
      out.push_back(in.get_length() * window.strides[i]);
    }
  if (!out.empty()) pads_for_output(n, window, x, w, out, output_padding);
  AttrList attrs = conv_list(window);
  attrs.emplace_back("output_padding", output_padding);
  const int64_t groups = n.integer("group", 1);
  const Value y = groups == 1 ? n.b.add("ConvolutionBackpropData", 1, {x, w}, attrs)
                              : n.b.add("GroupConvolutionBackpropData", 1,
                                        {x, grouped_filters(w, groups)}, attrs);
  return n.has(2) ? add_channel_bias(y, n.in(2), rank) : y;
}

Outputs conv_integer(Node& n) {
  Value x = convert(n.in(0), element::f32), w = convert(n.in(1), element::f32);
  if (n.has(2)) x = x - as_scalar(convert(n.in(2), element::f32));
  if (n.has(3)) {
    Value zero = convert(n.in(3), element::f32);
    if (zero.has_rank() && zero.rank() == 1) zero = unsqueeze(zero, iota(1, w.rank()));
    w = w - zero;
  }
  return convert(convolution(n, x, w, {}), element::i32);
}

Outputs ms_fused_conv(Node& n) {
  Value y = convolution(n, n.in(0), n.in(1), n.in_or(2, {}));
  if (n.has(3)) y = y + n.in(3);
  const std::string activation = n.text("activation", "");
  const std::vector<double> p = n.reals("activation_params");
  const auto parameter = [&](size_t i, double otherwise) {
    return i < p.size() ? p[i] : otherwise;
  };
  if (activation.empty()) return y;
  if (activation == "Relu" || activation == "Tanh" || activation == "Sigmoid")
    return unary(activation.c_str(), y);
  if (activation == "LeakyRelu")
    return n.b.add("PRelu", 1, {y, n.b.numbers(y.type(), {parameter(0, 0.01)})});
  if (activation == "Clip") return clamp(y, parameter(0, -3.4e38), parameter(1, 3.4e38));
  if (activation == "HardSigmoid")
    return n.b.add("HardSigmoid", 1,
                   {y, n.b.like(y, parameter(0, 0.2)), n.b.like(y, parameter(1, 0.5))});
  fail(ErrorCode::NotSupported, "activation '{}' is not supported", activation);
}

Outputs deform_conv(Node& n) {
  const Value x = n.in(0), w = n.in(1), offset = n.in(2);
  const WindowAttrs window = window_attrs(n, 2);
  AttrList attrs = conv_list(window);
  attrs.emplace_back("group", n.integer("group", 1));
  attrs.emplace_back("deformable_group", n.integer("offset_group", 1));
  attrs.emplace_back("bilinear_interpolation_pad", true);
  Values in{x, offset, w};
  if (n.has(4)) in.push_back(n.in(4));
  const Value y = n.b.add("DeformableConvolution", 8, in, attrs);
  return n.has(3) ? add_channel_bias(y, n.in(3), 4) : y;
}

Outputs col_2_im(Node& n) {
  const Value block = n.in(2);
  const Dimension axes = block.dim(0);
  if (axes.is_dynamic())
    fail(ErrorCode::NotSupported, "a block_shape of unknown length is not supported");
  const WindowAttrs w = window_attrs(n, size_t(axes.get_length()));
  return n.b.add("Col2Im", 15, {n.in(0), n.in(1), block},
                 {{"strides", w.strides},
                  {"dilations", w.dilations},
                  {"pads_begin", w.pads_begin},
                  {"pads_end", w.pads_end}});
}

}  // namespace vireo::onnx
