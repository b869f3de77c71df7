// Products with weights that stay compressed: C[m, n] = epilogue(A[m, k] * W[n, k]^T), where W is
// codes of 2 to 8 bits with a scale and a zero or minimum per group along K, or 16-bit floats.
//
// Few rows (decode): every byte of W is read once and decoded in registers, either to f32, in one
// chain of multiply-adds in the order of K, or as integers against activations that are quantised
// to 8 bits per group ("dynamic quantisation"). Many rows (prefill): panels are decoded into
// scratch, once each, and multiplied by the tiles of gemm.
//
// One packed form serves all sources and tiers. A panel is 64 rows of W; for each unit of 32 k it
// holds the planes of its codes: an element of a plane of b bits for k = 32 unit + 32/b i + 4 f + j
// lies in byte j of the row's i-th 32-bit word, at bit b f; the words of the 64 rows lie side by
// side. A code has a low plane (2, 4 or 8 bits) and perhaps a high one (1 or 2 bits). So a shift
// and a mask give four codes of consecutive k, ready for a product of four bytes. Behind the planes
// come scales and zeros, [group][64] each. 16-bit floats are [k][64].
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/arch/isa.h"
#include "devices/cpu/kernels/gemm/gemm.h"
#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {

constexpr int64_t kPanelRows = 64, kUnitK = 32;

// How the bits of an element are laid out. Group sizes of a form are multiples of its `segment`.
enum class Coding : uint8_t { Bits4, Table4, Bits8, Bits5, Bits6, Bits2, Bits3, Bf16, F16 };
constexpr int kCodingCount = 9;
struct CodingForm {
  int low, high;  // bits of the planes; low 16: floats
  int segment;    // k that surely share a scale
};
constexpr CodingForm kCodingForms[kCodingCount] = {{4, 0, 32}, {4, 0, 32},  {8, 0, 32},
                                                   {4, 1, 32}, {4, 2, 16},  {2, 0, 16},
                                                   {2, 1, 16}, {16, 0, 32}, {16, 0, 32}};

enum class WeightZero : uint8_t {
  Constant,  // w = (q - zero) * scale, the same zero for all
  Codes,     // w = (q - zero[row, group]) * scale, u8
  Minimum,   // w = q * scale - minimum[row, group], of the scales' type
};

// What packed weights are. `table`: the value of each code of Table4; for Bits4 plan_compressed
// fills it.
struct CompressedFormat {
  Coding coding = Coding::Bits4;
  WeightZero zero_kind = WeightZero::Constant;
  DataType scale_type = DataType::f16;  // f16 or f32
  int zero = 0;
  int64_t group = 0;  // along K; 0: one for a row
  float table[16] = {};
  bool integer_table = false;  // the table's values are whole numbers within i8
  uint8_t bytes[16] = {};      // they, 128 higher

  const CodingForm& form() const { return kCodingForms[static_cast<int>(coding)]; }
  bool is_float() const { return form().low == 16; }
};

// Where the parts of packed weights [n, k] lie, in bytes.
struct CompressedLayout {
  int64_t n = 0, k = 0;
  int64_t units = 0, groups = 0, panels = 0;
  int64_t units_per_group = 0;                               // 0: a group is half a unit
  int64_t high = 0, scales = 0, zeros = 0, panel_bytes = 0;  // from the start of a panel
};
CompressedLayout layout_of(const CompressedFormat& format, int64_t n, int64_t k);
inline size_t packed_bytes(const CompressedLayout& layout) {
  return static_cast<size_t>(layout.panels * layout.panel_bytes);
}

// Weights as a model has them: code (n, k) is element n * row + k * column of `codes`, of 4, 8 or
// 16 bits; codes of 4 bits lie two in a byte, the first low. A scale (n, group) is element n *
// scale_row + group * scale_group, likewise a zero.
struct CompressedSource {
  const uint8_t* codes = nullptr;
  int bits = 4;
  bool is_signed = false;
  int64_t row = 0, column = 1;
  const void* scale = nullptr;          // null: 1
  DataType scale_type = DataType::f32;  // f32, f16, bf16
  int64_t scale_row = 0, scale_group = 0;
  // of WeightZero::Codes and Minimum, where the minimum is scale * zero
  const void* zero = nullptr;
  DataType zero_type = DataType::u8;  // u8, i8, f32, f16, bf16
  bool zero_packed = false;           // 4 bits, of the codes' signedness
  int64_t zero_row = 0, zero_group = 0;
};
// Rows of [panel_begin, panel_end) * kPanelRows of a source.
void pack_compressed(const CompressedFormat& format, const CompressedLayout& layout,
                     const CompressedSource& source, uint8_t* to, int64_t panel_begin,
                     int64_t panel_end);
// One row: as many codes as there are k in all units, zero behind the last; per group a scale and,
// unless it is constant, a zero or minimum. `to` is the row's panel.
void pack_compressed_row(const CompressedFormat& format, const CompressedLayout& layout,
                         int64_t row_in_panel, const uint8_t* codes, const float* scales,
                         const float* zeros, uint8_t* to);
// The numbers of row n, f32.
void decode_compressed_row(const CompressedFormat& format, const CompressedLayout& layout,
                           const CompressedSource& source, int64_t n, float* to);

// Rows of activations as the integer products read them, those of a tile side by side: codes
// [unit][row][32], a scale per unit [unit][row], what sums start from [segment][row], and scale
// times sum of codes per group of weights [group][row].
struct QuantisedRows {
  const int8_t* codes = nullptr;
  const float* scales = nullptr;
  const int32_t* starts = nullptr;
  const float* sums = nullptr;  // null unless zeros are per group
};

// A few rows of A times some columns of a panel.
struct CompressedTile {
  const CompressedFormat* format;
  const CompressedLayout* layout;
  const uint8_t* panel;
  int64_t column;  // first of the panel's 64
  const float* a;
  int64_t a_stride;
  QuantisedRows q;
  GemmTile out;  // c, epilogue and its operands at this tile; n is what is left of the row
};
using CompressedTileFn = void (*)(const CompressedTile&);
// Decodes columns [column, column + width) of a panel to f32 rows [k][width] (pairs of k side by
// side, rounded to bf16, if pairs), width a multiple of the lanes.
struct CompressedBlock {
  const CompressedFormat* format;
  const CompressedLayout* layout;
  const uint8_t* panel;
  int64_t column, width;
  bool pairs;
  void* to;
};
using CompressedBlockFn = void (*)(const CompressedBlock&);

constexpr int kTileSizes = 3;
constexpr int kTileRowCounts[kTileSizes] = {1, 4, 8};  // rows that a tile takes
struct CompressedKernel {
  const char* name;
  int columns[kTileSizes];                               // of such a tile
  CompressedTileFn exact[kCodingCount][kTileSizes];      // null: there is none
  CompressedTileFn quantised[kCodingCount][kTileSizes];  // none for floats
  CompressedBlockFn decode[kCodingCount];
  // The largest of n activations without its sign; not a number if one is none, or infinite.
  float (*largest)(const float* a, int64_t n);
  // A unit of activations, n of them there, times `inverse`, rounded; and the sums of its halves.
  void (*quantise)(const float* a, int64_t n, float inverse, int8_t* to, int32_t* sums);
  // n activations to bf16.
  void (*narrow)(const float* a, int64_t n, uint16_t* to);
};
const CompressedKernel& get_compressed(IsaSet isa);

struct CompressedDesc {
  int64_t m = 0, n = 0, k = 0;
  int64_t a_row = 0, c_row = 0, residual_row = 0;
  CompressedFormat format;
  int64_t quantised_group = 0;         // along K, of activations; 0: computed in f32
  DataType many_type = DataType::f32;  // what many rows compute in: f32 or bf16
  Epilogue epilogue;
};

struct CompressedPlan {
  CompressedDesc desc;
  CompressedLayout layout;
  const CompressedKernel* kernel = nullptr;
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  bool quantised = false, many = false;
  GemmPlan gemm[2];  // of a whole panel and of the last one
  // memory that prepare_compressed fills with the rows of A, once before the tasks; or 0
  size_t prepared_bytes = 0;
  int64_t prepared_row = 0;
};

// `prepared`: what prepare_compressed made, if the plan has it.
struct CompressedArgs {
  const float* a = nullptr;
  const uint8_t* w = nullptr;
  float* c = nullptr;
  const float* bias = nullptr;
  const float* residual = nullptr;
  const void* prepared = nullptr;
};

// Rows up to which codes are read in place.
constexpr int64_t kFewRows = 8;

CompressedPlan plan_compressed(const CompressedDesc& desc, IsaSet isa);
// Rows [begin, end) of A in the form that many rows compute in.
void prepare_compressed(const CompressedPlan& plan, const float* a, void* prepared, int64_t begin,
                        int64_t end) noexcept;
void run_compressed(const CompressedPlan& plan, const CompressedArgs& args, int64_t task_begin,
                    int64_t task_end, void* scratch) noexcept;

}  // namespace vireo::cpu
