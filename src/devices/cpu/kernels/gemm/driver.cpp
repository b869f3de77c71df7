// The one driver of matrix products: partition at compile time, cache blocks and tiles at run time.
#include <cstring>

#include "devices/cpu/kernels/gemm/gemm.h"

namespace vireo::cpu {
namespace {

constexpr int64_t kPageBytes = 4096;
// A panel of B for this many k fits a part of L2; more would be read from L3 for each tile, less
// would load and store C oftener.
constexpr int64_t kBlockK = 1024;

int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }

struct Shares {
  int64_t m = 1, n = 1;
};

// How to cut one matrix into tasks: the cut with the least work on the busiest thread; among
// equals, the one that reads least twice.
Shares choose_shares(const GemmDesc& d, const GemmKernel& kernel, int64_t batches, int threads) {
  Shares best;
  if (threads <= 1) return best;
  const int64_t blocks = divide_up(d.m, kernel.rows), panels = divide_up(d.n, kernel.columns);
  double best_cost = 0;
  for (int64_t per_thread = 1; per_thread <= 4; ++per_thread) {
    for (int64_t m = 1; m <= blocks && m <= threads * per_thread; ++m) {
      const int64_t n = min64(panels, max64(1, threads * per_thread / m));
      const int64_t tasks = m * n * batches;
      const double task = static_cast<double>(divide_up(blocks, m)) * divide_up(panels, n);
      // What each task reads again: its rows of A for every cut of n, its panels of B (packed again
      // if plain) for every cut of m.
      const double copies =
          0.02 * divide_up(blocks, m) + (d.b_packed ? 0.02 : 0.2) * divide_up(panels, n);
      const double cost = (task + copies) * divide_up(tasks, threads);
      if (best_cost == 0 || cost < best_cost * 0.995) {
        best_cost = cost;
        best = {m, n};
      }
    }
  }
  return best;
}

// One task: a rectangle of one matrix.
struct Rectangle {
  int64_t m0, m1, panel0, panel1;
};

struct Operands {
  const char* a;
  const char* b;
  char* c;
  const char* residual;
};

class TaskRunner {
 public:
  TaskRunner(const GemmPlan& plan, const GemmArgs& args, void* scratch)
      : plan_(plan), d_(plan.desc), kernel_(*plan.kernel), args_(args) {
    scratch_a_ = static_cast<char*>(scratch);
    scratch_b_ = scratch_a_;
    // Partial sums wait in C; a residual that lies there would be lost, so then K goes in one
    // piece.
    const bool aliased = args.residual && args.residual == args.c;
    k_block_ = aliased ? max64(d_.k, 1) : plan.k_block;
    m_block_ = plan.m_block;
    if (plan.pack_a) {
      if (aliased) m_block_ = max64(1, plan.m_block * plan.k_block / k_block_);
      scratch_b_ += round_up(plan.m_block * padded_k(plan.k_block) * kernel_.a_bytes() +
                                 padded_k(d_.k) * kernel_.a_bytes(),
                             kCacheLine);
    }
  }

  static int64_t padded_k(int64_t k) { return round_up(k, 16) + 16; }

  void run(const Operands& o, const Rectangle& r) const {
    for (int64_t k0 = 0; k0 == 0 || k0 < d_.k; k0 += k_block_) {
      const int64_t k = min64(k_block_, d_.k - k0);
      if (!plan_.pack_a) {
        run_block(o, o.a + k0 * d_.a_column * kernel_.a_bytes(), d_.a_row, r, k0, k);
        continue;
      }
      const int64_t rows = r.m1 - r.m0, blocks = divide_up(rows, m_block_);
      for (int64_t i = 0; i < blocks; ++i) {
        const int64_t m = r.m0 + part_begin(rows, blocks, i);
        Rectangle part = r;
        part.m0 = m;
        part.m1 = r.m0 + part_begin(rows, blocks, i + 1);
        const char* a = o.a + (m * d_.a_row + k0 * d_.a_column) * kernel_.a_bytes();
        if (kernel_.a_bytes() == 1)
          copy_a<uint8_t>(a, part.m1 - m, k);
        else if (kernel_.a_bytes() == 2)
          copy_a<uint16_t>(a, part.m1 - m, k);
        else
          copy_a<uint32_t>(a, part.m1 - m, k);
        run_block(o, scratch_a_ - m * padded_k(k) * kernel_.a_bytes(), padded_k(k), part, k0, k);
      }
    }
  }

 private:
  template <typename T>
  void copy_a(const char* from, int64_t rows, int64_t k) const {
    const T* a = reinterpret_cast<const T*>(from);
    T* to = reinterpret_cast<T*>(scratch_a_);
    const int64_t stride = padded_k(k);
    if (d_.a_column == 1) {
      for (int64_t i = 0; i < rows; ++i)
        std::memcpy(to + i * stride, a + i * d_.a_row, k * sizeof(T));
      return;
    }
    for (int64_t k0 = 0; k0 < k; k0 += 16) {
      const int64_t k1 = min64(k, k0 + 16);
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = k0; j < k1; ++j) to[i * stride + j] = a[i * d_.a_row + j * d_.a_column];
      }
    }
  }

  // All panels of the rectangle for k0 .. k0 + k; `a` is row 0 of the matrix, wherever the rows
  // were copied to.
  void run_block(const Operands& o, const char* a, int64_t a_stride, const Rectangle& r, int64_t k0,
                 int64_t k) const {
    const GemmRun run = {0, 0, k};
    GemmTile tile;
    tile.a_stride = a_stride;
    tile.runs = &run;
    tile.run_count = 1;
    tile.c_stride = d_.c_row;
    tile.c_type = d_.c_type;
    tile.accumulate = k0 > 0;
    tile.finish = k0 + k >= d_.k;
    tile.epilogue = &d_.epilogue;
    tile.args.residual_stride = d_.residual_row;
    // With packed weights the rows of A in L2 are swept by all panels; a plain B is packed once and
    // swept over all rows.
    const int64_t m_block = d_.b_packed ? m_block_ : max64(1, r.m1 - r.m0);
    const int64_t blocks = divide_up(r.m1 - r.m0, m_block);
    for (int64_t i = 0; i < blocks; ++i) {
      const int64_t m0 = r.m0 + part_begin(r.m1 - r.m0, blocks, i),
                    m1 = r.m0 + part_begin(r.m1 - r.m0, blocks, i + 1);
      for (int64_t panel = r.panel0; panel < r.panel1;) {
        panel += run_panels(o, a, {m0, m1, panel, r.panel1}, k0, tile);
      }
    }
  }

  // The rows of the rectangle times its first panel, or its first two or four where the rows are
  // few. Returns how many.
  int64_t run_panels(const Operands& o, const char* a, const Rectangle& r, int64_t k0,
                     GemmTile& tile) const {
    const int64_t rows = r.m1 - r.m0, n0 = r.panel0 * kernel_.columns, k = tile.runs->k;
    const int64_t columns = min64(d_.n - n0, kernel_.columns);
    const int64_t vectors = divide_up(columns, kernel_.lanes);
    GemmTileFn wide = nullptr;
    int64_t panels = 1;
    if (rows <= kMaxWideRows && d_.b_packed) panels = widest(rows, n0, r.panel1 - r.panel0, &wide);
    const int64_t width = vectors * kernel_.lanes;
    tile.n = panels == 1 ? columns : min64(d_.n - n0, panels * kernel_.columns);
    const int64_t padded = kernel_.padded_k(d_.k), c_bytes = size_of(d_.c_type);
    tile.panel_stride = kernel_.columns * padded;
    if (d_.b_packed) {
      tile.b = o.b + (n0 * padded + k0 * width) * kernel_.b_bytes();
      tile.b_stride = width;
    } else {
      plain_panel(o.b + (k0 * d_.b_row + n0 * d_.b_column) * kernel_.b_bytes(), k, columns, width,
                  rows, tile);
    }
    const int64_t tiles = divide_up(rows, wide ? kernel_.rows : kernel_.rows_of(vectors));
    // The tiles of this panel bring the next one from memory, each its share.
    const char* next =
        static_cast<const char*>(tile.b) + panels * kernel_.columns * padded * kernel_.b_bytes();
    const int64_t share = divide_up(width * kernel_.b_bytes(), tiles);  // of a row
    const bool asks = d_.b_packed && r.panel0 + 1 < r.panel1 && tiles > 1;
    for (int64_t i = 0; i < tiles; ++i) {
      tile.next = asks ? next + i * share * k : nullptr;
      tile.next_step = asks ? share : 0;
      const int64_t m = r.m0 + kernel_.tile_begin(rows, tiles, i),
                    count = r.m0 + kernel_.tile_begin(rows, tiles, i + 1) - m;
      tile.rows = static_cast<int>(count);
      tile.a = a + m * tile.a_stride * kernel_.a_bytes();
      tile.c = o.c + (m * d_.c_row + n0) * c_bytes;
      tile.args.bias = args_.bias + (d_.epilogue.bias == Bias::PerRow ? m : n0);
      tile.args.residual = o.residual + (m * d_.residual_row + n0) * c_bytes;
      tile.args.slope = args_.slope + n0;
      tile.args.scale = args_.scale + n0;
      tile.args.start = args_.start + n0;
      tile.args.shift = args_.shift + n0;
      tile.args.out_scale = args_.out_scale + n0;
      (wide ? wide : kernel_.tile[vectors - 1][count - 1])(tile);
    }
    return panels;
  }

  // The widest tile whose panels all have their full number of vectors.
  int64_t widest(int64_t rows, int64_t n0, int64_t left, GemmTileFn* wide) const {
    for (int64_t panels = 4; panels >= 2; panels -= 2) {
      const GemmTileFn fn = (panels == 4 ? kernel_.wide4 : kernel_.wide2)[rows - 1];
      const int64_t last = d_.n - n0 - (panels - 1) * kernel_.columns;
      if (fn && panels <= left &&
          divide_up(last, kernel_.lanes) * kernel_.lanes >= kernel_.columns) {
        *wide = fn;
        return panels;
      }
    }
    return 1;
  }

  // A whole panel of a row-major B that few rows will read is used where it lies; any other is
  // packed.
  void plain_panel(const char* b, int64_t k, int64_t columns, int64_t width, int64_t rows,
                   GemmTile& tile) const {
    const bool near = d_.b_row * kernel_.b_bytes() % kPageBytes != 0 || k <= 8;
    if (d_.b_column == 1 && columns == width && near && rows <= 4 * kernel_.rows &&
        kernel_.k_group == 1) {
      tile.b = b;
      tile.b_stride = d_.b_row;
      return;
    }
    kernel_.pack_b(b, d_.b_row, d_.b_column, k, columns, width, scratch_b_);
    tile.b = scratch_b_;
    tile.b_stride = width;
  }

  const GemmPlan& plan_;
  const GemmDesc& d_;
  const GemmKernel& kernel_;
  const GemmArgs& args_;
  char* scratch_a_;
  char* scratch_b_;
  int64_t k_block_, m_block_;
};

Operands operands_of(const GemmPlan& plan, const GemmArgs& args, int64_t batch) {
  const GemmDesc& d = plan.desc;
  int64_t a = 0, b = 0, c = 0, residual = 0;
  for (int i = d.batch_dims - 1; i >= 0 && batch; --i) {
    const int64_t at = batch % d.batch[i];
    batch /= d.batch[i];
    a += at * d.a_batch[i];
    b += at * d.b_batch[i];
    c += at * d.c_batch[i];
    residual += at * d.residual_batch[i];
  }
  const int64_t b_bytes =
      d.b_packed ? static_cast<int64_t>(plan.packed_b_bytes) : plan.kernel->b_bytes();
  return {static_cast<const char*>(args.a) + a * plan.kernel->a_bytes(),
          static_cast<const char*>(args.b) + b * b_bytes,
          static_cast<char*>(args.c) + c * size_of(d.c_type),
          static_cast<const char*>(args.residual) + residual * size_of(d.c_type)};
}

}  // namespace

GemmPlan plan_gemm(const GemmDesc& d, const GemmKernel* kernel, int threads) {
  GemmPlan plan;
  plan.desc = d;
  plan.kernel = kernel;
  for (int i = 0; i < d.batch_dims; ++i) plan.batches *= d.batch[i];
  plan.packed_b_bytes = gemm_packed_bytes(*kernel, d.n, d.k);
  if (d.m <= 0 || d.n <= 0 || plan.batches <= 0) return plan;
  const Shares shares = choose_shares(d, *kernel, plan.batches, threads);
  plan.m_parts = shares.m;
  plan.n_parts = shares.n;
  plan.tasks = plan.batches * shares.m * shares.n;
  // Partial sums wait in C, so that only an f32 C lets K be cut, and sums of codes are no floats.
  const int64_t block = kBlockK * 4 / kernel->b_bytes();
  plan.k_block =
      d.k <= block + block / 4 || d.c_type != DataType::f32 || kernel->a_type == DataType::u8
          ? max64(d.k, 1)
          : round_up(divide_up(d.k, divide_up(d.k, block)), 16);
  const int64_t half_l2 = static_cast<int64_t>(cache_sizes().l2) / 2;
  const int64_t rows = divide_up(d.m, plan.m_parts);
  plan.m_block = max64(kernel->rows,
                       half_l2 / (plan.k_block * kernel->a_bytes()) / kernel->rows * kernel->rows);
  // All panels of B go by for each block of rows, so that a few rows more are better than a rest.
  if (rows <= plan.m_block + plan.m_block / 4) plan.m_block = round_up(rows, kernel->rows);
  const bool far = d.a_row * kernel->a_bytes() % kPageBytes == 0 && rows > 4 && d.k > 16;
  plan.pack_a = d.a_column != 1 || (far && divide_up(d.n, plan.n_parts) > 4 * kernel->columns);
  if (plan.pack_a) {
    const int64_t elements =
        plan.m_block * TaskRunner::padded_k(plan.k_block) + TaskRunner::padded_k(d.k);
    plan.scratch_bytes += round_up(elements * kernel->a_bytes(), kCacheLine);
  }
  if (!d.b_packed)
    plan.scratch_bytes +=
        round_up(kernel->columns * kernel->padded_k(max64(d.k, 1)) * kernel->b_bytes(), kCacheLine);
  return plan;
}

void run_gemm(const GemmPlan& plan, const GemmArgs& args, int64_t task_begin, int64_t task_end,
              void* scratch) noexcept {
  const GemmThread thread(*plan.kernel);
  const TaskRunner runner(plan, args, scratch);
  const int64_t panels = divide_up(plan.desc.n, plan.kernel->columns);
  for (int64_t task = task_begin; task < task_end; ++task) {
    // Neighbouring tasks share the panels of B.
    const int64_t m = task % plan.m_parts, n = task / plan.m_parts % plan.n_parts,
                  batch = task / (plan.m_parts * plan.n_parts);
    const Rectangle r = {
        part_begin(plan.desc.m, plan.m_parts, m), part_begin(plan.desc.m, plan.m_parts, m + 1),
        part_begin(panels, plan.n_parts, n), part_begin(panels, plan.n_parts, n + 1)};
    runner.run(operands_of(plan, args, batch), r);
  }
}

}  // namespace vireo::cpu
