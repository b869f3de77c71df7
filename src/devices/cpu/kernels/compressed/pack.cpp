// Compressed weights as models have them: to panels, and to numbers.
#include <cstring>
#include <vector>

#include "base/support/half.h"
#include "devices/cpu/kernels/compressed/compressed.h"

namespace vireo::cpu {
namespace {

float number_at(const void* data, DataType type, int64_t at) {
  switch (type) {
    case DataType::f16: return f32_from_f16(static_cast<const uint16_t*>(data)[at]);
    case DataType::bf16: return f32_from_bf16(static_cast<const uint16_t*>(data)[at]);
    case DataType::f32: return static_cast<const float*>(data)[at];
    case DataType::i8: return static_cast<const int8_t*>(data)[at];
    default: return static_cast<const uint8_t*>(data)[at];
  }
}

int nibble_at(const void* data, int64_t at) {
  return static_cast<const uint8_t*>(data)[at / 2] >> 4 * (at & 1) & 15;
}

// Codes of signed types count from 0 here, 2^(bits - 1) higher than in the source, and so do their
// zeros.
class Reader {
 public:
  Reader(const CompressedFormat& format, const CompressedLayout& layout,
         const CompressedSource& source)
      : f_(format), l_(layout), s_(source), flip_(source.is_signed ? 1 << (source.bits - 1) : 0) {}

  void codes(int64_t n, uint8_t* to) const {
    const int64_t first = n * s_.row;
    if (s_.bits == 4 && s_.column == 1 && first % 2 == 0 && l_.k % 2 == 0) {
      const uint8_t* from = s_.codes + first / 2;
      for (int64_t i = 0; i < l_.k / 2; ++i) {
        to[2 * i] = static_cast<uint8_t>((from[i] & 15) ^ flip_);
        to[2 * i + 1] = static_cast<uint8_t>((from[i] >> 4) ^ flip_);
      }
    } else if (s_.bits == 4) {
      for (int64_t i = 0; i < l_.k; ++i)
        to[i] = static_cast<uint8_t>(nibble_at(s_.codes, first + i * s_.column) ^ flip_);
    } else {
      for (int64_t i = 0; i < l_.k; ++i)
        to[i] = static_cast<uint8_t>(s_.codes[first + i * s_.column] ^ flip_);
    }
    std::memset(to + l_.k, 0, static_cast<size_t>(l_.units * kUnitK - l_.k));
  }
  int code(int64_t n, int64_t k) const {
    const int64_t at = n * s_.row + k * s_.column;
    return (s_.bits == 4 ? nibble_at(s_.codes, at) : s_.codes[at]) ^ flip_;
  }
  float scale(int64_t n, int64_t group) const {
    return s_.scale ? number_at(s_.scale, s_.scale_type, n * s_.scale_row + group * s_.scale_group)
                    : 1;
  }
  // As the format wants it.
  float zero(int64_t n, int64_t group) const {
    if (f_.zero_kind == WeightZero::Constant) return static_cast<float>(f_.zero);
    const int64_t at = n * s_.zero_row + group * s_.zero_group;
    const float zero = s_.zero_packed
                           ? static_cast<float>(nibble_at(s_.zero, at) ^ flip_)
                           : number_at(s_.zero, s_.zero_type, at) + static_cast<float>(flip_);
    return f_.zero_kind == WeightZero::Minimum ? zero * scale(n, group) : zero;
  }

 private:
  const CompressedFormat& f_;
  const CompressedLayout& l_;
  const CompressedSource& s_;
  const int flip_;
};

// Bits [first, first + bits) of 32 codes, four codes a step; words of a row lie a row of the panel
// apart.
void put_plane(const uint8_t* codes, int first, int bits, uint8_t* to) {
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

void put_number(DataType type, float value, uint8_t* to, int64_t at) {
  if (type == DataType::f16) {
    const uint16_t half = f16_from_f32(value);
    std::memcpy(to + at * 2, &half, 2);
  } else {
    std::memcpy(to + at * 4, &value, 4);
  }
}

void pack_floats(const CompressedLayout& l, const CompressedSource& s, int64_t panel, uint8_t* to) {
  auto* out = reinterpret_cast<uint16_t*>(to);
  for (int64_t row = 0; row < kPanelRows; ++row) {
    const int64_t n = panel * kPanelRows + row, k = n < l.n ? l.k : 0;
    const auto* from = reinterpret_cast<const uint16_t*>(s.codes) + n * s.row;
    for (int64_t i = 0; i < k; ++i) out[i * kPanelRows + row] = from[i * s.column];
    for (int64_t i = k; i < l.units * kUnitK; ++i) out[i * kPanelRows + row] = 0;
  }
}

}  // namespace

void pack_compressed_row(const CompressedFormat& format, const CompressedLayout& l, int64_t row,
                         const uint8_t* codes, const float* scales, const float* zeros,
                         uint8_t* to) {
  const CodingForm& form = format.form();
  for (int64_t unit = 0; unit < l.units; ++unit) {
    put_plane(codes + unit * kUnitK, 0, form.low, to + (unit * form.low * kPanelRows + row) * 4);
    if (form.high)
      put_plane(codes + unit * kUnitK, form.low, form.high,
                to + l.high + (unit * form.high * kPanelRows + row) * 4);
  }
  for (int64_t group = 0; group < l.groups; ++group) {
    const int64_t at = group * kPanelRows + row;
    put_number(format.scale_type, scales[group], to + l.scales, at);
    if (format.zero_kind == WeightZero::Codes)
      to[l.zeros + at] = static_cast<uint8_t>(static_cast<int>(zeros[group]));
    else if (format.zero_kind == WeightZero::Minimum)
      put_number(format.scale_type, zeros[group], to + l.zeros, at);
  }
}

void pack_compressed(const CompressedFormat& format, const CompressedLayout& l,
                     const CompressedSource& source, uint8_t* to, int64_t panel_begin,
                     int64_t panel_end) {
  const Reader reader(format, l, source);
  std::vector<uint8_t> codes(static_cast<size_t>(l.units * kUnitK));
  std::vector<float> scales(static_cast<size_t>(l.groups)), zeros(scales.size());
  for (int64_t panel = panel_begin; panel < panel_end; ++panel) {
    uint8_t* at = to + panel * l.panel_bytes;
    if (format.is_float()) {
      pack_floats(l, source, panel, at);
      continue;
    }
    for (int64_t row = 0; row < kPanelRows; ++row) {
      const int64_t n = panel * kPanelRows + row;
      if (n < l.n)
        reader.codes(n, codes.data());
      else
        std::fill(codes.begin(), codes.end(), uint8_t(0));
      for (size_t g = 0; g < scales.size(); ++g) {
        scales[g] = n < l.n ? reader.scale(n, static_cast<int64_t>(g)) : 0;
        zeros[g] = n < l.n ? reader.zero(n, static_cast<int64_t>(g)) : 0;
      }
      pack_compressed_row(format, l, row, codes.data(), scales.data(), zeros.data(), at);
    }
  }
}

void decode_compressed_row(const CompressedFormat& format, const CompressedLayout& l,
                           const CompressedSource& source, int64_t n, float* to) {
  if (format.is_float()) {
    for (int64_t k = 0; k < l.k; ++k)
      to[k] = number_at(source.codes, format.coding == Coding::F16 ? DataType::f16 : DataType::bf16,
                        n * source.row + k * source.column);
    return;
  }
  const Reader reader(format, l, source);
  const int64_t group = format.group ? format.group : l.k;
  for (int64_t g = 0; g < l.groups; ++g) {
    const float scale = reader.scale(n, g), zero = reader.zero(n, g);
    const bool minimum = format.zero_kind == WeightZero::Minimum;
    for (int64_t k = g * group; k < l.k && k < (g + 1) * group; ++k) {
      const int q = reader.code(n, k);
      const float value = format.coding == Coding::Table4 ? format.table[q] : static_cast<float>(q);
      to[k] = minimum ? value * scale - zero : (value - zero) * scale;
    }
  }
}

}  // namespace vireo::cpu
