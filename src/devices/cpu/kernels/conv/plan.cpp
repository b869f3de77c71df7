// Cuts the output of a convolution into lines of pixels with the same valid taps, and lines into tasks.
#include <algorithm>

#include "devices/cpu/kernels/conv/conv.h"

namespace vireo::cpu {
namespace {

struct Tap {
  int64_t k, at;  // and the input coordinate that it meets at the first output of the class
};

// Outputs begin, begin + step ... in one dimension that have the same taps; their inputs advance by in_step.
struct DimClass {
  int64_t begin, step, count, in_step;
  std::vector<Tap> taps;
};

std::vector<Tap> taps_of(const ConvDesc& d, int dim, int64_t o) {
  std::vector<Tap> taps;
  for (int64_t k = 0; k < d.kernel[dim]; ++k) {
    int64_t at;
    if (d.transposed) {
      at = o + d.pad[dim] - k * d.dilation[dim];
      if (at < 0 || at % d.stride[dim] != 0) continue;
      at /= d.stride[dim];
    } else {
      at = o * d.stride[dim] - d.pad[dim] + k * d.dilation[dim];
    }
    if (at >= 0 && at < d.in[dim]) taps.push_back({k, at});
  }
  return taps;
}

bool continues(const DimClass& c, const std::vector<Tap>& taps) {
  if (taps.size() != c.taps.size()) return false;
  for (size_t i = 0; i < taps.size(); ++i) {
    if (taps[i].k != c.taps[i].k || taps[i].at != c.taps[i].at + c.count * c.in_step) return false;
  }
  return true;
}

std::vector<DimClass> classes_of(const ConvDesc& d, int dim) {
  std::vector<DimClass> classes;
  const int64_t step = d.transposed ? d.stride[dim] : 1, in_step = d.transposed ? 1 : d.stride[dim];
  for (int64_t phase = 0; phase < step; ++phase) {
    bool open = false;
    for (int64_t o = phase; o < d.out[dim]; o += step) {
      std::vector<Tap> taps = taps_of(d, dim, o);
      if (open && continues(classes.back(), taps)) {
        ++classes.back().count;
      } else {
        classes.push_back({o, step, 1, in_step, std::move(taps)});
        open = true;
      }
    }
  }
  return classes;
}

// The runs of K of one combination of classes: neighbouring taps merge where the source's elements are neighbours.
class RunList {
 public:
  explicit RunList(ConvPlan* plan) : plan_(plan), begin_(plan->runs.size()) {}
  void add(int64_t a, int64_t b, int64_t k) {
    if (plan_->runs.size() > begin_) {
      GemmRun& last = plan_->runs.back();
      if (last.a + last.k == a && last.b + last.k == b) {
        last.k += k;
        return;
      }
    }
    plan_->runs.push_back({a, b, k});
  }
  int32_t begin() const { return static_cast<int32_t>(begin_); }
  int32_t count() const { return static_cast<int32_t>(plan_->runs.size() - begin_); }

 private:
  ConvPlan* plan_;
  size_t begin_;
};

class LineBuilder {
 public:
  explicit LineBuilder(ConvPlan* plan) : plan_(*plan), d_(plan->desc) {
    for (int i = 0; i < kMaxSpatial; ++i) classes_[i] = i < d_.dims ? classes_of(d_, i) : std::vector<DimClass>{{0, 1, 1, 1, {{0, 0}}}};
  }

  void build() {
    for (const DimClass& c0 : classes_[0]) {
      for (const DimClass& c1 : classes_[1]) {
        for (const DimClass& c2 : classes_[2]) {
          const DimClass* box[kMaxSpatial] = {&c0, &c1, &c2};
          add_box(box);
        }
      }
    }
    // In the order of the image, so that a block of lines has its source in the cache.
    std::stable_sort(plan_.lines.begin(), plan_.lines.end(), [](const ConvLine& a, const ConvLine& b) { return a.dst < b.dst; });
  }

 private:
  // Cost of cutting `count` pixels into tiles, in rows; short tiles wait for the latency of their sums.
  int64_t line_cost(int64_t count) const {
    const int64_t tiles = divide_up(count, plan_.kernel->rows);
    return std::max(count, tiles * 4) + tiles;
  }

  void add_box(const DimClass* const* box) {
    int along = d_.dims - 1;
    int64_t pixels = 1, best = 0;
    for (int i = 0; i < d_.dims; ++i) pixels *= box[i]->count;
    for (int i = d_.dims - 1; i >= 0; --i) {
      const int64_t cost = pixels / box[i]->count * line_cost(box[i]->count);
      if (best == 0 || cost < best) {
        best = cost;
        along = i;
      }
    }
    const int32_t kind = add_kind(box, along);
    int64_t at[kMaxSpatial] = {};
    do add_lines(box, along, at, kind);
    while (advance(box, along, at));
  }

  static bool advance(const DimClass* const* box, int along, int64_t* at) {
    for (int i = kMaxSpatial - 1; i >= 0; --i) {
      if (i == along) continue;
      if (++at[i] < box[i]->count) return true;
      at[i] = 0;
    }
    return false;
  }

  void add_lines(const DimClass* const* box, int along, const int64_t* at, int32_t kind) {
    ConvLine line = {0, 0, 0, 0, kind};
    for (int i = 0; i < d_.dims; ++i) {
      line.src += at[i] * box[i]->in_step * d_.src.spatial[i];
      line.dst += (box[i]->begin + at[i] * box[i]->step) * d_.dst.spatial[i];
      line.residual += (box[i]->begin + at[i] * box[i]->step) * d_.residual.spatial[i];
    }
    const ConvLineKind& k = plan_.kinds[kind];
    constexpr int64_t kTilesPerLine = 8;  // longer lines are cut, so that threads share them
    const int64_t count = box[along]->count, parts = divide_up(count, kTilesPerLine * plan_.kernel->rows);
    for (int64_t i = 0; i < parts; ++i) {
      const int64_t first = part_begin(count, parts, i);
      ConvLine part = line;
      part.count = static_cast<int32_t>(part_begin(count, parts, i + 1) - first);
      part.src += first * k.src_step;
      part.dst += first * k.dst_step;
      part.residual += first * k.residual_step;
      plan_.lines.push_back(part);
    }
  }

  int32_t add_kind(const DimClass* const* box, int along) {
    ConvLineKind kind;
    const int64_t ic = d_.ic / d_.groups;
    const int last = d_.dims - 1;
    RunList runs(&plan_);
    const std::vector<Tap> one = {{0, 0}};
    const std::vector<Tap>& t0 = d_.dims > 1 ? box[0]->taps : one;
    const std::vector<Tap>& t1 = d_.dims > 2 ? box[1]->taps : one;
    for (const Tap& a : t0) {
      for (const Tap& b : t1) {
        const int64_t base = (d_.dims > 1 ? a.at * d_.src.spatial[0] : 0) + (d_.dims > 2 ? b.at * d_.src.spatial[1] : 0);
        const int64_t row = (d_.dims > 2 ? a.k * d_.kernel[1] + b.k : a.k) * d_.kernel[last];
        add_row(runs, box[last]->taps, base, row, ic);
      }
    }
    kind.run_begin = runs.begin();
    kind.run_count = runs.count();
    kind.src_step = box[along]->in_step * d_.src.spatial[along];
    kind.dst_step = box[along]->step * d_.dst.spatial[along];
    kind.residual_step = box[along]->step * d_.residual.spatial[along];
    plan_.kinds.push_back(kind);
    return static_cast<int32_t>(plan_.kinds.size() - 1);
  }

  // The taps of the last dimension; `row` counts the taps before them.
  void add_row(RunList& runs, const std::vector<Tap>& taps, int64_t base, int64_t row, int64_t ic) const {
    const int64_t step = d_.src.spatial[d_.dims - 1];
    if (d_.src.channel == 1) {
      for (const Tap& t : taps) runs.add(base + t.at * step, (row + t.k) * ic, ic);
      return;
    }
    for (int64_t c = 0; c < ic; ++c) {
      for (const Tap& t : taps) runs.add(base + t.at * step + c * d_.src.channel, row * ic + c * d_.kernel[d_.dims - 1] + t.k, 1);
    }
  }

  ConvPlan& plan_;
  const ConvDesc& d_;
  std::vector<DimClass> classes_[kMaxSpatial];
};

// All pixels of all images as the rows of one matrix, if they lie at one distance: then the convolution is a plain product.
bool as_gemm(const ConvDesc& d, GemmDesc* g) {
  if (d.groups != 1 || d.src.channel != 1) return false;
  for (int i = 0; i < d.dims; ++i) {
    if (d.kernel[i] != 1 || d.pad[i] != 0 || (d.out[i] - 1) * d.stride[i] >= d.in[i]) return false;
    if (d.transposed && d.stride[i] != 1) return false;
  }
  int64_t rows = 1, a = 0, c = 0, r = 0;
  for (int i = d.dims - 1; i >= -1; --i) {
    const int64_t count = i < 0 ? d.batch : d.out[i];
    if (count == 1) continue;
    const int64_t sa = i < 0 ? d.src.batch : d.src.spatial[i] * d.stride[i], sc = i < 0 ? d.dst.batch : d.dst.spatial[i];
    const int64_t sr = d.epilogue.residual == Residual::None ? 0 : i < 0 ? d.residual.batch : d.residual.spatial[i];
    if (rows > 1 && (sa != rows * a || sc != rows * c || sr != rows * r)) return false;
    if (rows == 1) a = sa, c = sc, r = sr;
    rows *= count;
  }
  g->m = rows, g->n = d.oc, g->k = d.ic;
  g->a_row = rows > 1 ? a : d.ic;
  g->c_row = rows > 1 ? c : d.oc;
  g->residual_row = r;
  g->epilogue = d.epilogue;
  return true;
}

int64_t cost_of(const ConvPlan& plan, const ConvLine& line) {
  int64_t k = 1;
  const ConvLineKind& kind = plan.kinds[line.kind];
  for (int32_t i = 0; i < kind.run_count; ++i) k += plan.runs[kind.run_begin + i].k;
  return k * (std::max<int64_t>(line.count, 4) + 1);
}

// Parts of about the same cost. Returns the share of the largest, times the number of parts: 1 is even.
double cut_lines(const ConvPlan& plan, int64_t parts, std::vector<int64_t>* begin) {
  std::vector<int64_t> costs(plan.lines.size());
  int64_t total = 0;
  for (size_t i = 0; i < costs.size(); ++i) total += costs[i] = cost_of(plan, plan.lines[i]);
  begin->assign(1, 0);
  int64_t sum = 0, part_sum = 0, largest = 0;
  for (size_t i = 0; i < costs.size(); ++i) {
    // A line goes where its middle lies.
    if ((2 * sum + costs[i]) * parts > 2 * total * static_cast<int64_t>(begin->size()) && static_cast<int64_t>(begin->size()) < parts) {
      begin->push_back(static_cast<int64_t>(i));
      part_sum = 0;
    }
    sum += costs[i];
    part_sum += costs[i];
    largest = std::max(largest, part_sum);
  }
  begin->push_back(static_cast<int64_t>(costs.size()));
  return total ? static_cast<double>(largest) * parts / total : 1.0;
}

// Between cutting the lines and cutting the panels, the one that leaves less waiting.
void choose_parts(ConvPlan* plan, int threads) {
  const ConvDesc& d = plan->desc;
  const int64_t units = d.batch * d.groups, panels = divide_up(d.oc / d.groups, plan->kernel->columns);
  int64_t parts = 1;
  while (parts < threads && units * parts % threads != 0 && units * parts < 4 * threads) ++parts;
  const double by_lines = cut_lines(*plan, parts, &plan->line_parts);
  const double by_panels = static_cast<double>(divide_up(panels, parts)) * parts / panels;
  if (by_lines > 1.05 * by_panels) {
    plan->n_parts = std::min(parts, panels);
    plan->line_parts = {0, static_cast<int64_t>(plan->lines.size())};
  }
}

}  // namespace

ConvPlan plan_conv(const ConvDesc& d, const GemmKernel* kernel, int threads) {
  ConvPlan plan;
  plan.desc = d;
  plan.kernel = kernel;
  GemmDesc gemm;
  if (as_gemm(d, &gemm)) {
    plan.pointwise = true;
    plan.gemm = plan_gemm(gemm, kernel, threads);
    plan.tasks = plan.gemm.tasks;
    plan.scratch_bytes = plan.gemm.scratch_bytes;
    return plan;
  }
  plan.group_bytes = conv_packed_bytes(d, *kernel) / d.groups;
  LineBuilder(&plan).build();
  if (plan.lines.empty() || d.batch == 0 || d.oc == 0) return plan;
  choose_parts(&plan, threads);
  plan.tasks = d.batch * d.groups * plan.n_parts * static_cast<int64_t>(plan.line_parts.size() - 1);
  int64_t pixels = 1;
  for (int i = 0; i < d.dims; ++i) pixels *= d.in[i];
  const int64_t image_bytes = pixels * d.ic / d.groups * kernel->a_bytes, lines = static_cast<int64_t>(plan.lines.size());
  plan.lines_per_block = std::max<int64_t>(1, lines * static_cast<int64_t>(cache_sizes().l2 / 4) / std::max<int64_t>(1, image_bytes));
  return plan;
}

}  // namespace vireo::cpu
