// vireo.BlockDequantise: weights in blocks to numbers.
#include "core/values.h"
#include "ops/fused/block_format.h"

namespace vireo::ops {

void visit(AttrVisitor& v, BlockDequantise& a) { v.on("format", a.format, kBlockFormatNames); }

namespace {

void infer(InferContext& c) {
  c.expect_inputs(1, 1);
  c.expect_rank(0, 1, 64);
  if (c.type(0) != element::u8 && !c.type(0).is_dynamic())
    c.fail("blocks are bytes of type u8, got {}", c.type(0).name());
  const BlockFormat format = c.attrs<BlockDequantise>().format;
  const BlockLayout& layout = layout_of(format);
  PartialShape out = c.shape(0);
  if (out.rank_is_static()) {
    Dimension& row = out[out.size() - 1];
    const auto bytes = static_cast<int64_t>(layout.bytes);
    if (row.is_static() && row.get_length() % bytes != 0) {
      c.fail("a row of {} bytes is no sequence of blocks of {} bytes ({})", row.get_length(), bytes,
             kBlockFormatNames[static_cast<size_t>(format)]);
    }
    row = row.is_static()
              ? Dimension(row.get_length() / bytes * static_cast<int64_t>(layout.elements))
              : Dimension();
  }
  c.set_output(0, element::f32, out);
}

void evaluate(EvalContext& c) {
  const BlockLayout& layout = layout_of(c.attrs<BlockDequantise>().format);
  const auto* bytes = static_cast<const uint8_t*>(c.input(0).data());
  const size_t blocks = c.input(0).get_size() / layout.bytes;
  auto* out = static_cast<float*>(c.output(0).data());
  Block block{};
  for (size_t b = 0; b < blocks; ++b) {
    layout.unpack(bytes + b * layout.bytes, block);
    for (size_t i = 0; i < layout.elements; ++i) {
      const size_t g = i / layout.group;
      *out++ = block.scales[g] * static_cast<float>(block.codes[i]) - block.minimums[g];
    }
  }
}

}  // namespace

VIREO_DEFINE_OP(block_dequantise_0){
    "vireo.BlockDequantise", 0, &kAttrType<BlockDequantise>, infer, evaluate, Tolerance::Exact};

}  // namespace vireo::ops
