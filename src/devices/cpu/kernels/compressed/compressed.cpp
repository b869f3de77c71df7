// The driver of compressed products: a task is a panel of W.
#include "devices/cpu/kernels/compressed/compressed.h"

#include <cstring>

namespace vireo::cpu {

#define VIREO_COMPRESSED(space, tier)              \
  namespace space {                                \
  extern const CompressedKernel compressed_kernel; \
  }
#include "devices/cpu/kernels/compressed/kernels.inc"
#undef VIREO_COMPRESSED

namespace {

int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }

// The values of a table's codes in both forms.
void fill_table(CompressedFormat& f) {
  if (f.coding == Coding::Bits4) {
    for (int i = 0; i < 16; ++i) f.table[i] = static_cast<float>(i - f.zero);
    return;
  }
  if (f.coding != Coding::Table4) return;
  f.integer_table = true;
  for (int i = 0; i < 16; ++i) {
    const int value = static_cast<int>(f.table[i]);
    f.integer_table &= static_cast<float>(value) == f.table[i] && value >= -128 && value <= 127;
    f.bytes[i] = static_cast<uint8_t>(value + 128);
  }
}

// What the bytes that integer products read are higher than the values that they stand for.
int offset_of(const CompressedFormat& f) { return f.coding == Coding::Table4 ? 128 : f.zero; }

struct RowSizes {
  int64_t k, codes, scales, starts, sums;  // elements of a row
  size_t bytes() const { return static_cast<size_t>(codes + 4 * (scales + starts + sums)); }
};
RowSizes row_sizes(const CompressedPlan& plan) {
  const CompressedLayout& l = plan.layout;
  const int64_t segments = kUnitK / plan.desc.format.form().segment;
  const bool sums = plan.desc.format.zero_kind != WeightZero::Constant;
  // Rows a power of two apart would lie in the same lines of L1: each begins a line later.
  const int64_t k = l.units * kUnitK + static_cast<int64_t>(kCacheLine) / 4;
  return {k, round_up(l.units * kUnitK, 64), round_up(l.units, 16),
          round_up(l.units * segments, 16), sums ? round_up(l.groups, 16) : 0};
}

// The largest tile that there is for so many rows: its number in kTileRowCounts.
int tile_size(const CompressedTileFn* fns, int64_t rows) {
  int size = kTileSizes - 1;
  while (size > 0 && (!fns[size] || rows < kTileRowCounts[size])) --size;
  return size;
}

// Rows of A as i8 in `scratch`, those of a tile side by side.
class RowQuantiser {
 public:
  RowQuantiser(const CompressedPlan& plan, void* scratch) : plan_(plan), sizes_(row_sizes(plan)) {
    const int64_t m = plan.desc.m;
    codes_ = static_cast<int8_t*>(scratch);
    scales_ = reinterpret_cast<float*>(codes_ + m * sizes_.codes);
    starts_ = reinterpret_cast<int32_t*>(scales_ + m * sizes_.scales);
    sums_ = reinterpret_cast<float*>(starts_ + m * sizes_.starts);
  }
  const RowSizes& sizes() const { return sizes_; }
  // The tile whose first row is m.
  QuantisedRows tile(int64_t m) const {
    return {codes_ + m * sizes_.codes, scales_ + m * sizes_.scales, starts_ + m * sizes_.starts,
            sizes_.sums ? sums_ + m * sizes_.sums : nullptr};
  }
  void quantise(const float* a, int64_t a_row, int64_t first, int rows) const {
    const CompressedDesc& d = plan_.desc;
    if (sizes_.sums)
      std::memset(sums_ + first * sizes_.sums, 0, static_cast<size_t>(rows * sizes_.sums) * 4);
    for (int r = 0; r < rows; ++r) {
      const float* from = a + (first + r) * a_row;
      for (int64_t k = 0; k < d.k; k += d.quantised_group) {
        const int64_t end = min64(d.k, k + d.quantised_group);
        const float largest = plan_.kernel->largest(from + k, end - k);
        for (int64_t at = k; at < end; at += kUnitK)
          quantise_unit(from + at, end - at, largest, first, rows, r, at / kUnitK);
      }
    }
  }

 private:
  void quantise_unit(const float* a, int64_t n, float largest, int64_t first, int rows, int r,
                     int64_t unit) const {
    const CompressedLayout& l = plan_.layout;
    const float scale = largest / 127.0f;
    int32_t halves[2] = {};
    int8_t* codes = codes_ + first * sizes_.codes + (unit * rows + r) * kUnitK;
    if (largest > 0)
      plan_.kernel->quantise(a, n, 127.0f / largest, codes, halves);
    else
      std::memset(codes, 0, kUnitK);
    scales_[first * sizes_.scales + unit * rows + r] = scale;
    const int offset = offset_of(plan_.desc.format);
    const int segments = static_cast<int>(kUnitK / plan_.desc.format.form().segment);
    int32_t* starts = starts_ + first * sizes_.starts + unit * segments * rows + r;
    starts[0] = -offset * (segments == 1 ? halves[0] + halves[1] : halves[0]);
    if (segments == 2) starts[rows] = -offset * halves[1];
    if (!sizes_.sums) return;
    float* sums = sums_ + first * sizes_.sums + r;
    for (int64_t half = 0; half < 2; ++half) {
      const int64_t group = l.units_per_group ? unit / l.units_per_group : 2 * unit + half;
      if (group < l.groups) sums[group * rows] += static_cast<float>(halves[half]) * scale;
    }
  }

  const CompressedPlan& plan_;
  RowSizes sizes_;
  int8_t* codes_;
  float* scales_;
  int32_t* starts_;
  float* sums_;
};

// A whole unit may be read beyond the end of a row; and see row_sizes.
bool copies_rows(const CompressedPlan& plan) {
  constexpr int64_t kPage = 4096;
  return plan.desc.k % kUnitK != 0 || (plan.desc.m > 1 && plan.desc.a_row * 4 % kPage == 0);
}

void run_few(const CompressedPlan& plan, const CompressedArgs& args, int64_t begin, int64_t end,
             void* scratch) {
  const CompressedDesc& d = plan.desc;
  const CompressedKernel& kernel = *plan.kernel;
  const int coding = static_cast<int>(d.format.coding);
  const CompressedTileFn* fns = plan.quantised ? kernel.quantised[coding] : kernel.exact[coding];
  const RowQuantiser rows(plan, scratch);
  CompressedTile t{};
  t.format = &d.format;
  t.layout = &plan.layout;
  t.a_stride = d.a_row;
  const float* a = args.a;
  if (plan.quantised) {
    for (int64_t m = 0; m < d.m;) {
      const int count = kTileRowCounts[tile_size(fns, d.m - m)];
      rows.quantise(args.a, d.a_row, m, count);
      m += count;
    }
  } else if (copies_rows(plan)) {
    float* to = static_cast<float*>(scratch);
    t.a_stride = rows.sizes().k;
    for (int64_t m = 0; m < d.m; ++m) {
      std::memcpy(to + m * t.a_stride, args.a + m * d.a_row, static_cast<size_t>(d.k) * 4);
      std::memset(to + m * t.a_stride + d.k, 0, static_cast<size_t>(t.a_stride - d.k) * 4);
    }
    a = to;
  }
  t.out.c_stride = d.c_row;
  t.out.c_type = DataType::f32;
  t.out.finish = true;
  t.out.epilogue = &d.epilogue;
  t.out.args.residual_stride = d.residual_row;
  for (int64_t panel = begin; panel < end; ++panel) {
    t.panel = args.w + panel * plan.layout.panel_bytes;
    for (int64_t m = 0; m < d.m;) {
      const int size = tile_size(fns, d.m - m);
      t.q = rows.tile(m);
      t.a = a + m * t.a_stride;
      for (t.column = 0; t.column < kPanelRows; t.column += kernel.columns[size]) {
        const int64_t n = panel * kPanelRows + t.column;
        if (n >= d.n) break;
        t.out.rows = kTileRowCounts[size];
        t.out.n = d.n - n;
        t.out.c = args.c + m * d.c_row + n;
        t.out.args.bias = args.bias ? args.bias + n : nullptr;
        t.out.args.residual = args.residual ? args.residual + m * d.residual_row + n : nullptr;
        fns[size](t);
      }
      m += kTileRowCounts[size];
    }
  }
}

// Panels decoded to what gemm reads, one after the other.
void run_many(const CompressedPlan& plan, const CompressedArgs& args, int64_t begin, int64_t end,
              void* scratch) {
  const CompressedDesc& d = plan.desc;
  const GemmKernel& gemm = *plan.gemm[0].kernel;
  CompressedBlock block{&d.format, &plan.layout, nullptr, 0, 0, gemm.k_group == 2, nullptr};
  const size_t weights = gemm_packed_bytes(gemm, kPanelRows, d.k);
  void* rest = static_cast<uint8_t*>(scratch) + round_up(static_cast<int64_t>(weights), kCacheLine);
  for (int64_t panel = begin; panel < end; ++panel) {
    const int64_t n = panel * kPanelRows, columns = min64(kPanelRows, d.n - n);
    block.panel = args.w + panel * plan.layout.panel_bytes;
    uint8_t* to = static_cast<uint8_t*>(scratch);
    for (block.column = 0; block.column < columns; block.column += gemm.columns) {
      block.width = round_up(min64(gemm.columns, columns - block.column), gemm.lanes);
      block.to = to;
      plan.kernel->decode[static_cast<int>(d.format.coding)](block);
      to += block.width * gemm.padded_k(d.k) * gemm.b_bytes();
    }
    const GemmPlan& product = plan.gemm[columns < kPanelRows];
    GemmArgs g;
    g.a = args.prepared ? args.prepared : args.a;
    g.b = scratch;
    g.c = args.c + n;
    g.bias = args.bias ? args.bias + n : nullptr;
    g.residual = args.residual ? args.residual + n : nullptr;
    run_gemm(product, g, 0, product.tasks, rest);
  }
}

void plan_many(CompressedPlan& plan, IsaSet isa) {
  const CompressedDesc& d = plan.desc;
  const GemmKernel* gemm = get_gemm(d.many_type, isa);
  GemmDesc g;
  g.m = d.m;
  g.k = d.k;
  g.a_row = d.a_row;
  g.c_row = d.c_row;
  g.residual_row = d.residual_row;
  g.epilogue = d.epilogue;
  // Rows whose distance is a power of two lie in the same lines of L1.
  constexpr int64_t kFar = 4096, kApart = 64;
  if (d.many_type == DataType::bf16 || d.a_row * 4 % kFar == 0) {
    plan.prepared_row = round_up(d.k, 32) + kApart / size_of(d.many_type);
    if (plan.prepared_row * size_of(d.many_type) % kFar == 0) plan.prepared_row += kApart;
    plan.prepared_bytes =
        static_cast<size_t>(d.m * plan.prepared_row * size_of(d.many_type)) + kCacheLine;
    g.a_row = plan.prepared_row;
  }
  size_t scratch = 0;
  for (int tail = 0; tail < 2; ++tail) {
    g.n = tail ? d.n % kPanelRows : min64(d.n, kPanelRows);
    plan.gemm[tail] = plan_gemm(g, gemm, 1);
    if (plan.gemm[tail].scratch_bytes > scratch) scratch = plan.gemm[tail].scratch_bytes;
  }
  plan.scratch_bytes =
      static_cast<size_t>(
          round_up(static_cast<int64_t>(gemm_packed_bytes(*gemm, kPanelRows, d.k)), kCacheLine)) +
      scratch;
}

}  // namespace

const CompressedKernel& get_compressed(IsaSet isa) {
#define VIREO_COMPRESSED(space, tier) \
  if (isa.has(Isa::tier)) return space::compressed_kernel;
#include "devices/cpu/kernels/compressed/kernels.inc"
#undef VIREO_COMPRESSED
  return scalar::compressed_kernel;
}

CompressedLayout layout_of(const CompressedFormat& format, int64_t n, int64_t k) {
  CompressedLayout l;
  l.n = n;
  l.k = k;
  l.units = divide_up(k, kUnitK);
  l.panels = divide_up(n, kPanelRows);
  const CodingForm& form = format.form();
  constexpr int64_t plane = kPanelRows * kUnitK / 8;  // bytes of one bit of a unit
  l.high = l.units * plane * form.low;
  l.scales = l.high + l.units * plane * form.high;
  l.zeros = l.panel_bytes = l.scales;
  if (format.is_float()) return l;
  l.groups = format.group ? divide_up(k, format.group) : 1;
  l.units_per_group = format.group ? format.group / kUnitK : l.units;
  l.zeros = l.scales + l.groups * kPanelRows * size_of(format.scale_type);
  const int64_t zero_bytes = format.zero_kind == WeightZero::Constant ? 0
                             : format.zero_kind == WeightZero::Codes  ? 1
                                                                      : size_of(format.scale_type);
  l.panel_bytes = l.zeros + l.groups * kPanelRows * zero_bytes;
  return l;
}

CompressedPlan plan_compressed(const CompressedDesc& desc, IsaSet isa) {
  CompressedPlan plan;
  plan.desc = desc;
  fill_table(plan.desc.format);
  const CompressedFormat& f = plan.desc.format;
  plan.layout = layout_of(f, desc.n, desc.k);
  plan.kernel = &get_compressed(isa);
  if (desc.m <= 0 || desc.n <= 0 || desc.k <= 0) return plan;
  plan.tasks = plan.layout.panels;
  plan.many = desc.m > kFewRows;
  if (plan.many) {
    plan_many(plan, isa);
    return plan;
  }
  plan.quantised =
      desc.quantised_group > 0 && !f.is_float() && (f.coding != Coding::Table4 || f.integer_table);
  if (plan.quantised) {
    int64_t& group = plan.desc.quantised_group;
    group = max64(kUnitK, min64(group, plan.layout.units * kUnitK) / kUnitK * kUnitK);
    plan.scratch_bytes = static_cast<size_t>(desc.m) * row_sizes(plan).bytes();
  } else if (copies_rows(plan)) {
    plan.scratch_bytes = static_cast<size_t>(desc.m * row_sizes(plan).k) * 4;
  }
  return plan;
}

void prepare_compressed(const CompressedPlan& plan, const float* a, void* prepared, int64_t begin,
                        int64_t end) noexcept {
  const CompressedDesc& d = plan.desc;
  for (int64_t m = begin; m < end; ++m) {
    const float* from = a + m * d.a_row;
    if (d.many_type == DataType::f32) {
      std::memcpy(static_cast<float*>(prepared) + m * plan.prepared_row, from,
                  static_cast<size_t>(d.k) * 4);
      continue;
    }
    uint16_t* to = static_cast<uint16_t*>(prepared) + m * plan.prepared_row;
    plan.kernel->narrow(from, d.k, to);
    std::memset(to + d.k, 0, static_cast<size_t>(plan.prepared_row - d.k) * 2);
  }
}

void run_compressed(const CompressedPlan& plan, const CompressedArgs& args, int64_t task_begin,
                    int64_t task_end, void* scratch) noexcept {
  if (plan.many) return run_many(plan, args, task_begin, task_end, scratch);
  run_few(plan, args, task_begin, task_end, scratch);
}

}  // namespace vireo::cpu
