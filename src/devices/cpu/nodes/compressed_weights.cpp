// From the inputs of a node to formats and sources of the compressed kernels.
#include "devices/cpu/nodes/compressed_weights.h"

#include <algorithm>

#include "core/values.h"
#include "devices/cpu/nodes/kernel_step.h"

namespace vireo::cpu {

namespace {

// Values of the codes of a 4-bit float type, as the element type defines them.
void read_table(element::Type type, float (&table)[16]) {
  Tensor codes(type, {16});
  auto* bytes = static_cast<uint8_t*>(codes.data());
  for (int i = 0; i < 8; ++i) bytes[i] = uint8_t(2 * i | (2 * i + 1) << 4);
  const std::vector<double> values = load<double>(codes);
  std::copy(values.begin(), values.end(), table);
}

std::string set_coding(element::Type type, NodeWeights& w) {
  CompressedFormat& f = w.format;
  w.source.bits = int(type.bitwidth());
  w.source.is_signed = type == element::i4 || type == element::i8;
  if (type == element::u4 || type == element::i4)
    f.coding = Coding::Bits4;
  else if (type == element::u8 || type == element::i8)
    f.coding = Coding::Bits8;
  else if (type == element::bf16)
    f.coding = Coding::Bf16;
  else if (type == element::f16)
    f.coding = Coding::F16;
  else if (type == element::nf4 || type == element::f4e2m1) {
    f.coding = Coding::Table4;
    read_table(type, f.table);
  } else {
    return fmt::format("the kernel takes no codes of {}", type.name());
  }
  f.zero = w.source.is_signed ? 1 << (w.source.bits - 1) : 0;
  return {};
}

std::string set_scale(const Tensor& scale, NodeWeights& w) {
  if (!data_type(scale.get_element_type(), &w.source.scale_type) ||
      !scale.get_element_type().is_real())
    return fmt::format("the kernel takes no scales of {}", scale.get_element_type().name());
  w.source.scale = scale.data();
  w.format.scale_type = w.source.scale_type == DataType::f16 ? DataType::f16 : DataType::f32;
  return {};
}

std::string set_zero(const Tensor& zero, NodeWeights& w) {
  const element::Type type = zero.get_element_type();
  CompressedFormat& f = w.format;
  if (f.coding == Coding::Table4) return "values of a table have no zero";
  if (zero.get_size() == 1 && !type.is_real()) {
    f.zero += int(load<int64_t>(zero)[0]);
    return f.zero >= 0 && f.zero < 256 ? std::string() : "the zero is no code";
  }
  w.source.zero = zero.data();
  w.source.zero_packed = type == element::u4 || type == element::i4;
  if (!w.source.zero_packed && !data_type(type, &w.source.zero_type))
    return fmt::format("the kernel takes no zeros of {}", type.name());
  if (w.source.zero_packed && (type == element::i4) != (w.source.is_signed && w.source.bits == 4))
    return "zeros are of another type than codes";
  const bool codes = w.source.zero_packed || (w.source.bits == 8 && !type.is_real() &&
                                              (type == element::i8) == w.source.is_signed);
  f.zero_kind = codes ? WeightZero::Codes : WeightZero::Minimum;
  f.zero = 0;
  if (f.zero_kind == WeightZero::Minimum) f.scale_type = DataType::f32;
  return {};
}

std::string read_blocks(const NodeView& node, const ops::CompressedWeights& weights,
                        const Tensor& bytes, NodeWeights* w) {
  const auto* name = std::find(std::begin(ops::kBlockFormatNames), std::end(ops::kBlockFormatNames),
                               weights.blocks);
  const auto format = static_cast<ops::BlockFormat>(name - std::begin(ops::kBlockFormatNames));
  w->blocks = &ops::layout_of(format);
  CompressedFormat& f = w->format;
  f.group = int64_t(w->blocks->group);
  f.zero = -w->blocks->low;
  f.zero_kind = w->blocks->has_minimums ? WeightZero::Minimum : WeightZero::Constant;
  // One f16 scale for a block is kept as it is. Products of two, as large blocks have them, are
  // exact in f32 alone; where activations are rounded to 8 bits that is nothing worth half a byte a
  // group.
  const bool exact = node.program().config.quantised_group.value_or(0) == 0;
  f.scale_type = w->blocks->elements > 32 && exact ? DataType::f32 : DataType::f16;
  switch (w->blocks->high - w->blocks->low) {
    case 3: f.coding = Coding::Bits2; break;
    case 7: f.coding = Coding::Bits3; break;
    case 15: f.coding = Coding::Bits4; break;
    case 31: f.coding = Coding::Bits5; break;
    case 63: f.coding = Coding::Bits6; break;
    default: f.coding = Coding::Bits8;
  }
  if (format == ops::BlockFormat::IQ4_NL) {
    // The levels of the codes, asked of a block that has them all; element i is in nibble i of the
    // first sixteen.
    uint8_t sample[18] = {0x00, 0x3c};  // a scale of 1
    for (int i = 0; i < 16; ++i) sample[2 + i] = uint8_t(i);
    ops::Block block{};
    w->blocks->unpack(sample, block);
    std::copy(block.codes, block.codes + 16, f.table);
    f.coding = Coding::Table4;
    f.zero = 0;
  }
  const Shape& shape = bytes.get_shape();
  if (shape.size() != 2) return "blocks are not the rows of a matrix";
  w->layout =
      layout_of(f, int64_t(shape[0]), int64_t(shape[1] / w->blocks->bytes * w->blocks->elements));
  w->source.row = int64_t(shape[1]);
  return {};
}

// A row of blocks as codes from 0 up, scales and minimums.
struct BlockRow {
  std::vector<uint8_t> codes;
  std::vector<float> scales, minimums;
};
void read_row(const NodeWeights& w, const uint8_t* bytes, BlockRow& row) {
  const ops::BlockLayout& b = *w.blocks;
  const int low = w.format.coding == Coding::Table4 ? 0 : b.low;
  uint8_t index[256];
  if (w.format.coding == Coding::Table4)
    for (int i = 0; i < 16; ++i) index[int(w.format.table[i]) + 128] = uint8_t(i);
  ops::Block block{};
  const size_t groups = b.elements / b.group;
  for (size_t at = 0; at * b.elements < size_t(w.layout.k); ++at) {
    b.unpack(bytes + at * b.bytes, block);
    for (size_t i = 0; i < b.elements; ++i)
      row.codes[at * b.elements + i] = w.format.coding == Coding::Table4
                                           ? index[block.codes[i] + 128]
                                           : uint8_t(block.codes[i] - low);
    std::copy(block.scales, block.scales + groups, row.scales.data() + at * groups);
    std::copy(block.minimums, block.minimums + groups, row.minimums.data() + at * groups);
  }
}
BlockRow make_row(const NodeWeights& w) {
  const size_t groups = size_t(w.layout.groups);
  return {std::vector<uint8_t>(size_t(w.layout.units * kUnitK)), std::vector<float>(groups),
          std::vector<float>(groups)};
}

}  // namespace

std::string NodeWeights::name() const {
  return fmt::format("compressed {} {} {} {} {}", int(format.coding), int(format.zero_kind),
                     int(format.scale_type), format.zero, format.group);
}

std::string read_weights(const NodeView& node, const ops::CompressedWeights& weights, size_t first,
                         bool rows_first, NodeWeights* w) {
  for (size_t i = 0; i < weights.inputs(); ++i) {
    const Tensor* t = node.constant(first + i);
    if (!t) return "the weights are not constant";
    w->keep.push_back(i == 0 ? *t : t->dense());
  }
  const Tensor& codes = w->keep[0];
  w->source.codes = static_cast<const uint8_t*>(codes.data());
  if (!weights.blocks.empty())
    return rows_first ? read_blocks(node, weights, codes, w) : "blocks are along N";
  const Tensor* scale = weights.has_scale ? &w->keep[1] : nullptr;
  const Tensor* zero = weights.has_zero ? &w->keep[1 + weights.has_scale] : nullptr;
  const auto geometry =
      ops::weight_geometry(codes.get_shape(), scale ? &scale->get_shape() : nullptr,
                           zero ? &zero->get_shape() : nullptr, rows_first);
  if (!geometry) return "scales are not one per row and group";
  std::string reason =
      set_coding(weights.code_type.is_dynamic() ? codes.get_element_type() : weights.code_type, *w);
  if (reason.empty() && scale) reason = set_scale(*scale, *w);
  if (reason.empty() && zero) reason = set_zero(*zero, *w);
  if (!reason.empty()) return reason;
  w->format.group = geometry->groups > 1 ? geometry->k / geometry->groups : 0;
  if (w->format.group % kUnitK)
    return fmt::format("groups of {} are no whole units", w->format.group);
  CompressedSource& s = w->source;
  s.row = geometry->row;
  s.column = geometry->column;
  s.scale_row = geometry->scale_row;
  s.scale_group = geometry->scale_group;
  s.zero_row = geometry->zero_row;
  s.zero_group = geometry->zero_group;
  w->layout = layout_of(w->format, geometry->n, geometry->k);
  return {};
}

void pack_weights(const NodeWeights& w, const void* codes, uint8_t* to, int64_t begin,
                  int64_t end) {
  if (!w.blocks) {
    CompressedSource source = w.source;
    source.codes = static_cast<const uint8_t*>(codes);
    return pack_compressed(w.format, w.layout, source, to, begin, end);
  }
  BlockRow row = make_row(w);
  for (int64_t n = begin * kPanelRows; n < end * kPanelRows; ++n) {
    if (n < w.layout.n)
      read_row(w, static_cast<const uint8_t*>(codes) + n * w.source.row, row);
    else
      row = make_row(w);
    pack_compressed_row(w.format, w.layout, n % kPanelRows, row.codes.data(), row.scales.data(),
                        row.minimums.data(), to + n / kPanelRows * w.layout.panel_bytes);
  }
}

void decode_row(const NodeWeights& w, int64_t n, float* to) {
  if (!w.blocks) return decode_compressed_row(w.format, w.layout, w.source, n, to);
  const ops::BlockLayout& b = *w.blocks;
  const uint8_t* bytes = w.source.codes + n * w.source.row;
  ops::Block block{};
  for (int64_t k = 0; k < w.layout.k; bytes += b.bytes) {
    b.unpack(bytes, block);
    for (size_t i = 0; i < b.elements; ++i, ++k)
      to[k] = block.scales[i / b.group] * float(block.codes[i]) - block.minimums[i / b.group];
  }
}

}  // namespace vireo::cpu
