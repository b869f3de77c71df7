// Weights in blocks of 4 to 8 bits, as GGUF files hold them (the formats of ggml), and the operator
// that makes them numbers.
//
// A row is a sequence of blocks, each of the same count of elements and bytes. Every format can be
// said as
//   value[i] = scale[i / group] * code[i] - minimum[i / group]
// with small integer codes and f32 scales and minimums, exactly: the products of f16 scales, small
// integers and codes fit the 24 bits of an f32, so there is one rounding, that of the difference.
#pragma once

#include <cstdint>

#include "core/op.h"

namespace vireo::ops {

enum class BlockFormat { Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL };
inline constexpr const char* kBlockFormatNames[] = {"q4_0", "q4_1", "q5_0", "q5_1", "q8_0",  "q2_k",
                                                    "q3_k", "q4_k", "q5_k", "q6_k", "iq4_nl"};
inline constexpr size_t kBlockFormats = 11;

constexpr size_t kMaxBlock = 256, kMaxBlockGroups = 16;

// The codes of one block. Codes lie between `low` and `high` of its layout.
struct Block {
  int8_t codes[kMaxBlock];
  float scales[kMaxBlockGroups], minimums[kMaxBlockGroups];
};

struct BlockLayout {
  size_t elements, bytes;  // of a block
  size_t group;            // elements that share a scale
  bool has_minimums;
  int low, high;
  void (*unpack)(const uint8_t* bytes, Block& block);
};
const BlockLayout& layout_of(BlockFormat format);

// Input: bytes, u8 [..., bytes per row]; output f32 [..., elements per row].
struct BlockDequantise {
  BlockFormat format = BlockFormat::Q4_0;
};
void visit(AttrVisitor& v, BlockDequantise& a);

extern const OpDef block_dequantise_0;

}  // namespace vireo::ops
