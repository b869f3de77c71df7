// Compressed weights as models have them, to panels.
#include <cstring>

#include "base/support/half.h"
#include "devices/cpu/kernels/compressed/compressed.h"

namespace vireo::cpu {
namespace {

float as_float(const void* data, DataType type, int64_t at) {
  switch (type) {
    case DataType::f16: return f32_from_f16(static_cast<const uint16_t*>(data)[at]);
    case DataType::bf16: return f32_from_bf16(static_cast<const uint16_t*>(data)[at]);
    case DataType::f32: return static_cast<const float*>(data)[at];
    case DataType::i8: return static_cast<const int8_t*>(data)[at];
    default: return static_cast<const uint8_t*>(data)[at];
  }
}

uint8_t nibble(const void* data, int64_t at) {
  return static_cast<uint8_t>(static_cast<const uint8_t*>(data)[at / 2] >> 4 * (at & 1) & 15);
}

class Packer {
 public:
  Packer(const CompressedFormat& format, const CompressedLayout& layout, const CompressedSource& source)
      : f_(format), l_(layout), s_(source), flip_(source.is_signed ? 1 << (source.bits - 1) : 0) {}

  void panel(int64_t panel, uint8_t* to) const {
    for (int64_t row = 0; row < kPanelRows; ++row) {
      const int64_t n = panel * kPanelRows + row;
      if (f_.is_float()) {
        pack_floats(n, row, to);
        continue;
      }
      for (int64_t unit = 0; unit < l_.units; ++unit) {
        uint8_t codes[kUnitK] = {};
        if (n < l_.n) read_codes(n, unit * kUnitK, codes);
        const CodingForm& form = f_.form();
        put_plane(codes, 0, form.low, to + unit * form.low * kPanelRows * 4 + row * 4);
        if (form.high) put_plane(codes, form.low, form.high, to + l_.high + unit * form.high * kPanelRows * 4 + row * 4);
      }
      for (int64_t group = 0; group < l_.groups; ++group) put_scale(n, group, row, to);
    }
  }

 private:
  // Codes of signed types are 2^(bits - 1) higher from here on, and so are their zeros.
  void read_codes(int64_t n, int64_t k, uint8_t* to) const {
    const int64_t count = l_.k - k < kUnitK ? l_.k - k : kUnitK;
    int64_t at = n * s_.row + k * s_.column;
    const auto flip = static_cast<uint8_t>(flip_);
    if (s_.bits == 4 && s_.column == 1 && at % 2 == 0 && count == kUnitK) {
      const uint8_t* from = s_.codes + at / 2;
      for (int64_t i = 0; i < kUnitK / 2; ++i) {
        to[2 * i] = static_cast<uint8_t>((from[i] & 15) ^ flip);
        to[2 * i + 1] = static_cast<uint8_t>((from[i] >> 4) ^ flip);
      }
      return;
    }
    for (int64_t i = 0; i < count; ++i, at += s_.column)
      to[i] = static_cast<uint8_t>((s_.bits == 4 ? nibble(s_.codes, at) : s_.codes[at]) ^ flip);
  }

  // Bits [first, first + bits) of 32 codes, four codes a step, words a row of the panel apart.
  static void put_plane(const uint8_t* codes, int first, int bits, uint8_t* to) {
    const int fields = 8 / bits;
    const uint32_t mask = 0x01010101u * ((1u << bits) - 1);
    for (int word = 0; word < bits; ++word) {
      uint32_t out = 0;
      for (int field = 0; field < fields; ++field) {
        uint32_t four;
        std::memcpy(&four, codes + 4 * (word * fields + field), 4);
        out |= (four >> first & mask) << bits * field;
      }
      std::memcpy(to + word * kPanelRows * 4, &out, 4);
    }
  }

  void put_number(float value, uint8_t* to, int64_t at) const {
    if (f_.scale_type == DataType::f16) {
      const uint16_t half = f16_from_f32(value);
      std::memcpy(to + at * 2, &half, 2);
    } else {
      std::memcpy(to + at * 4, &value, 4);
    }
  }

  void put_scale(int64_t n, int64_t group, int64_t row, uint8_t* to) const {
    const int64_t at = group * kPanelRows + row;
    const bool there = n < l_.n;
    const float scale = !there ? 0 : s_.scale ? as_float(s_.scale, s_.scale_type, n * s_.scale_row + group * s_.scale_group) : 1;
    put_number(scale, to + l_.scales, at);
    if (f_.zero_kind == WeightZero::Constant) return;
    const float zero = there ? zero_of(n, group) : 0;
    if (f_.zero_kind == WeightZero::Codes)
      to[l_.zeros + at] = static_cast<uint8_t>(static_cast<int>(zero));
    else
      put_number(scale * zero, to + l_.zeros, at);
  }

  float zero_of(int64_t n, int64_t group) const {
    const int64_t at = n * s_.zero_row + group * s_.zero_group;
    if (s_.zero_packed) return static_cast<float>(nibble(s_.zero, at) ^ flip_);
    return as_float(s_.zero, s_.zero_type, at) + static_cast<float>(flip_);
  }

  void pack_floats(int64_t n, int64_t row, uint8_t* to) const {
    const auto* from = reinterpret_cast<const uint16_t*>(s_.codes) + n * s_.row;
    auto* out = reinterpret_cast<uint16_t*>(to) + row;
    for (int64_t k = 0; k < l_.units * kUnitK; ++k) out[k * kPanelRows] = n < l_.n && k < l_.k ? from[k * s_.column] : uint16_t(0);
  }

  const CompressedFormat& f_;
  const CompressedLayout& l_;
  const CompressedSource& s_;
  const int flip_;
};

}  // namespace

void pack_compressed(const CompressedFormat& format, const CompressedLayout& layout, const CompressedSource& source, uint8_t* to,
                     int64_t panel_begin, int64_t panel_end) {
  const Packer packer(format, layout, source);
  for (int64_t panel = panel_begin; panel < panel_end; ++panel) packer.panel(panel, to + panel * layout.panel_bytes);
}

}  // namespace vireo::cpu
