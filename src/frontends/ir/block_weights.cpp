#include "frontends/ir/block_weights.h"

#include <algorithm>

#include "base/support/half.h"
#include "core/patch.h"
#include "ops/fused/block_format.h"
#include "ops/registry.h"

namespace vireo::ir {
namespace {

using ops::Block;
using ops::BlockLayout;

std::vector<NodeId> constants_in_blocks(const Graph& graph) {
  std::vector<NodeId> found;
  for (const NodeId id : graph.order()) {
    const GraphNode& node = graph[id];
    if (node.op == &ops::block_dequantise_0 && graph.fact(node.inputs[0]).value)
      found.push_back(id);
  }
  return found;
}

// value = scale * (code - zero); codes are unsigned where the zero point is.
struct Groups {
  Tensor codes, scales, zeros;  // zeros is empty: 0 everywhere
};

class Unpacker {
 public:
  Unpacker(const BlockLayout& layout, const Tensor& bytes)
      : layout_(layout), bytes_(static_cast<const uint8_t*>(bytes.data())) {
    const Shape& shape = bytes.get_shape();
    const size_t blocks = bytes.get_size() / layout.bytes;
    const size_t rows = shape.back() == 0 ? 0 : bytes.get_size() / shape.back();
    const size_t groups = blocks * layout.elements / layout.group;
    const bool wide = layout.high - layout.low > 15;
    const element::Type type = !wide ? element::u4 : layout.low < 0 ? element::i8 : element::u8;
    const Shape scales{rows, rows ? groups / rows : 0, 1};
    to_.codes = Tensor(type, Shape{rows, scales[1], layout.group});
    to_.scales = Tensor(element::f32, scales);
    if (layout.has_minimums) to_.zeros = Tensor(element::f32, scales);
    shift_ = type == element::u4 ? -layout.low : 0;
    std::fill_n(static_cast<uint8_t*>(to_.codes.data()), to_.codes.get_byte_size(), uint8_t{0});
    blocks_ = blocks;
  }

  Groups run() {
    Block block{};
    for (size_t b = 0; b < blocks_; ++b) {
      layout_.unpack(bytes_ + b * layout_.bytes, block);
      for (size_t g = 0; g < layout_.elements / layout_.group; ++g) add_group(block, g);
    }
    if (shift_ != 0) to_.zeros = single_zero();
    to_.scales = narrowed(to_.scales);
    return std::move(to_);
  }

 private:
  // The one zero point of codes that were made unsigned.
  Tensor single_zero() const {
    Tensor zero(element::u4, Shape{1, 1, 1});
    *static_cast<uint8_t*>(zero.data()) = static_cast<uint8_t>(shift_);
    return zero;
  }

  void add_group(const Block& block, size_t g) {
    float scale = block.scales[g];
    const float minimum = block.minimums[g];
    // Without a scale all elements are -minimum, which no zero point can say: codes of 1 can.
    const bool flat = layout_.has_minimums && scale == 0;
    if (flat) scale = -minimum;
    to_.scales.data<float>()[groups_] = scale;
    if (layout_.has_minimums) to_.zeros.data<float>()[groups_] = flat ? 0 : minimum / scale;
    auto* codes = static_cast<uint8_t*>(to_.codes.data());
    const bool packed = to_.codes.get_element_type() == element::u4;
    for (size_t i = 0; i < layout_.group; ++i) {
      const size_t at = groups_ * layout_.group + i;
      const int code = flat ? 1 : block.codes[g * layout_.group + i] + shift_;
      if (packed) {
        codes[at / 2] = static_cast<uint8_t>(codes[at / 2] | code << (at % 2 * 4));
      } else {
        codes[at] = static_cast<uint8_t>(code);
      }
    }
    ++groups_;
  }

  // As f16 where nothing is lost.
  static Tensor narrowed(const Tensor& scales) {
    const auto* from = static_cast<const float*>(scales.data());
    Tensor narrow(element::f16, scales.get_shape());
    auto* to = static_cast<uint16_t*>(narrow.data());
    for (size_t i = 0; i < scales.get_size(); ++i) {
      to[i] = f16_from_f32(from[i]);
      if (f32_from_f16(to[i]) != from[i]) return scales;
    }
    return narrow;
  }

  const BlockLayout& layout_;
  const uint8_t* bytes_;
  size_t blocks_, groups_ = 0;
  int shift_;
  Groups to_;
};

class Expander {
 public:
  explicit Expander(Graph& graph) : graph_(graph) {}

  OutputRef expand(NodeId id) {
    const GraphNode& node = graph_[id];
    const std::string name = node.name;
    const Shape shape = node.fact().shape.to_shape();
    const auto& layout = ops::layout_of(node.attrs.as<ops::BlockDequantise>().format);
    const Groups groups = Unpacker(layout, graph_.fact(node.inputs[0]).value).run();
    OutputRef value = widened(graph_.add_constant(groups.codes, name + "/codes"));
    if (groups.zeros) value = make("Subtract", {value, exact(groups.zeros, name + "/zero_point")});
    value = make("Multiply", {value, exact(groups.scales, name + "/scale")});
    Tensor target(element::i64, Shape{shape.size()});
    std::copy(shape.begin(), shape.end(), target.data<int64_t>());
    return make("Reshape", {value, graph_.add_constant(target)}, {{"special_zero", false}});
  }

 private:
  OutputRef make(const char* op, std::vector<OutputRef> inputs, const AttrList& attrs = {}) {
    return {add_op(graph_, op, 1, std::move(inputs), attrs), 0};
  }
  OutputRef widened(OutputRef ref) {
    if (graph_.fact(ref).type == element::f32) return ref;
    return make("Convert", {ref}, {{"destination_type", element::f32}});
  }
  // Scales and zero points are not rounded to f16 with the other weights.
  OutputRef exact(const Tensor& value, const std::string& name) {
    const OutputRef constant = graph_.add_constant(value, name);
    graph_.arena->edit(constant.node).rt_info.at("disable_fp16_compression_0");
    return widened(constant);
  }

  Graph& graph_;
};

}  // namespace

std::shared_ptr<Graph> with_public_weights(const Graph& graph) {
  if (constants_in_blocks(graph).empty()) return nullptr;
  const std::shared_ptr<Graph> copy = graph.clone();
  Patch patch(*copy);
  for (const NodeId id : constants_in_blocks(*copy))
    patch.replace({id, 0}, Expander(*copy).expand(id));
  patch.apply();
  return copy;
}

}  // namespace vireo::ir
