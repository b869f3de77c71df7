// How the blocks of each format are packed.
#include "ops/fused/block_format.h"

#include <cstring>

#include "base/support/half.h"

namespace vireo::ops {
namespace {

float half_at(const uint8_t* p) { return f32_from_f16(static_cast<uint16_t>(p[0] | p[1] << 8)); }
int low_nibble(uint8_t byte) { return byte & 15; }
int high_nibble(uint8_t byte) { return byte >> 4; }

// --- Blocks of 32. Byte i of the codes holds element i in its low half and element i + 16 in its
// high one.

template <typename F>
void unpack_nibbles(const uint8_t* p, Block& block, F&& code) {
  for (int i = 0; i < 16; ++i) {
    block.codes[i] = static_cast<int8_t>(code(low_nibble(p[i]), i));
    block.codes[i + 16] = static_cast<int8_t>(code(high_nibble(p[i]), i + 16));
  }
}

void unpack_q4_0(const uint8_t* p, Block& block) {
  block.scales[0] = half_at(p);
  unpack_nibbles(p + 2, block, [](int nibble, int) { return nibble - 8; });
}

void unpack_q4_1(const uint8_t* p, Block& block) {
  block.scales[0] = half_at(p);
  block.minimums[0] = -half_at(p + 2);
  unpack_nibbles(p + 4, block, [](int nibble, int) { return nibble; });
}

// The fifth bit of element i is bit i of the 32 before the nibbles.
int fifth_bit(const uint8_t* bits, int i) { return (bits[i / 8] >> i % 8 & 1) << 4; }

void unpack_q5_0(const uint8_t* p, Block& block) {
  block.scales[0] = half_at(p);
  unpack_nibbles(p + 6, block,
                 [&](int nibble, int i) { return (nibble | fifth_bit(p + 2, i)) - 16; });
}

void unpack_q5_1(const uint8_t* p, Block& block) {
  block.scales[0] = half_at(p);
  block.minimums[0] = -half_at(p + 2);
  unpack_nibbles(p + 8, block, [&](int nibble, int i) { return nibble | fifth_bit(p + 4, i); });
}

void unpack_q8_0(const uint8_t* p, Block& block) {
  block.scales[0] = half_at(p);
  std::memcpy(block.codes, p + 2, 32);
}

void unpack_iq4_nl(const uint8_t* p, Block& block) {
  static constexpr int8_t kLevels[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                         1,    13,   25,  38,  53,  69,  89,  113};
  block.scales[0] = half_at(p);
  unpack_nibbles(p + 2, block, [](int nibble, int) { return kLevels[nibble]; });
}

// --- Super-blocks of 256 with scales of 4 to 8 bits, which the f16 scale of the whole multiplies.

// 2-bit codes: four planes of 32 in each run of 32 bytes.
int two_bits(const uint8_t* codes, int i) {
  return codes[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
}

void unpack_q2_k(const uint8_t* p, Block& block) {
  const uint8_t *scales = p, *codes = p + 16;
  const float scale = half_at(p + 80), minimum = half_at(p + 82);
  for (int g = 0; g < 16; ++g) {
    block.scales[g] = scale * static_cast<float>(low_nibble(scales[g]));
    block.minimums[g] = minimum * static_cast<float>(high_nibble(scales[g]));
  }
  for (int i = 0; i < 256; ++i) block.codes[i] = static_cast<int8_t>(two_bits(codes, i));
}

// Signed codes of 3 bits; the scale of group g has its low 4 bits in byte g % 8 and its high 2 bits
// in byte 8 + g % 4.
void unpack_q3_k(const uint8_t* p, Block& block) {
  const uint8_t *high_bits = p, *codes = p + 32, *scales = p + 96;
  const float scale = half_at(p + 108);
  for (int g = 0; g < 16; ++g) {
    const int low = scales[g % 8] >> (g / 8 * 4) & 15, high = scales[8 + g % 4] >> (g / 4 * 2) & 3;
    block.scales[g] = scale * static_cast<float>((low | high << 4) - 32);
  }
  for (int i = 0; i < 256; ++i) {
    const int above = (high_bits[i % 32] >> i / 32 & 1) << 2;
    block.codes[i] = static_cast<int8_t>((two_bits(codes, i) | above) - 4);
  }
}

// Eight scales and eight minimums of 6 bits in 12 bytes: the first four of each whole, the high 2
// bits of the others above them.
void unpack_scales_k(const uint8_t* p, Block& block) {
  const float scale = half_at(p), minimum = half_at(p + 2);
  const uint8_t* packed = p + 4;
  for (int g = 0; g < 8; ++g) {
    const bool whole = g < 4;
    const int s = whole ? packed[g] & 63 : low_nibble(packed[g + 4]) | packed[g - 4] >> 6 << 4;
    const int m = whole ? packed[g + 4] & 63 : high_nibble(packed[g + 4]) | packed[g] >> 6 << 4;
    block.scales[g] = scale * static_cast<float>(s);
    block.minimums[g] = minimum * static_cast<float>(m);
  }
}

// 4-bit codes: 32 bytes hold 32 elements in their low halves and the next 32 in their high ones.
int four_bits(const uint8_t* codes, int i) {
  return codes[i / 64 * 32 + i % 32] >> (i % 64 / 32 * 4) & 15;
}

void unpack_q4_k(const uint8_t* p, Block& block) {
  unpack_scales_k(p, block);
  for (int i = 0; i < 256; ++i) block.codes[i] = static_cast<int8_t>(four_bits(p + 16, i));
}

void unpack_q5_k(const uint8_t* p, Block& block) {
  unpack_scales_k(p, block);
  const uint8_t *high_bits = p + 16, *codes = p + 48;
  for (int i = 0; i < 256; ++i) {
    const int above = (high_bits[i % 32] >> i / 32 & 1) << 4;
    block.codes[i] = static_cast<int8_t>(four_bits(codes, i) | above);
  }
}

// 128 elements: their low 4 bits in 64 bytes (two planes), their high 2 bits in 32 (four planes).
void unpack_q6_k(const uint8_t* p, Block& block) {
  const uint8_t *low_bits = p, *high_bits = p + 128, *scales = p + 192;
  const float scale = half_at(p + 208);
  for (int g = 0; g < 16; ++g)
    block.scales[g] = scale * static_cast<float>(static_cast<int8_t>(scales[g]));
  for (int i = 0; i < 256; ++i) {
    const int low = low_bits[i / 128 * 64 + i % 64] >> (i % 128 / 64 * 4) & 15;
    block.codes[i] = static_cast<int8_t>((low | two_bits(high_bits, i) << 4) - 32);
  }
}

constexpr BlockLayout kLayouts[kBlockFormats] = {
    {32, 18, 32, false, -8, 7, unpack_q4_0},        // q4_0
    {32, 20, 32, true, 0, 15, unpack_q4_1},         // q4_1
    {32, 22, 32, false, -16, 15, unpack_q5_0},      // q5_0
    {32, 24, 32, true, 0, 31, unpack_q5_1},         // q5_1
    {32, 34, 32, false, -128, 127, unpack_q8_0},    // q8_0
    {256, 84, 16, true, 0, 3, unpack_q2_k},         // q2_k
    {256, 110, 16, false, -4, 3, unpack_q3_k},      // q3_k
    {256, 144, 32, true, 0, 15, unpack_q4_k},       // q4_k
    {256, 176, 32, true, 0, 31, unpack_q5_k},       // q5_k
    {256, 210, 16, false, -32, 31, unpack_q6_k},    // q6_k
    {32, 18, 32, false, -127, 113, unpack_iq4_nl},  // iq4_nl
};

}  // namespace

const BlockLayout& layout_of(BlockFormat format) { return kLayouts[static_cast<size_t>(format)]; }

}  // namespace vireo::ops
