// Which taps of which pixels fall on the source, and the cutting of pixels into lines and of lines
// into parts.
#include "devices/cpu/kernels/conv/lines.h"

#include <algorithm>

#include "devices/cpu/kernels/kernels.h"

namespace vireo::cpu {
namespace {

struct Tap {
  int64_t k, at;  // and the input coordinate that it meets at the first output of the class
};

// Outputs begin, begin + step ... in one dimension that have the same taps; their inputs advance by
// in_step.
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

// The runs of K of one combination of classes: neighbouring taps merge where the source's elements
// are neighbours.
class RunList {
 public:
  explicit RunList(std::vector<GemmRun>* runs) : runs_(*runs), begin_(runs->size()) {}
  void add(int64_t a, int64_t b, int64_t k) {
    if (runs_.size() > begin_) {
      GemmRun& last = runs_.back();
      if (last.a + last.k == a && last.b + last.k == b) {
        last.k += k;
        return;
      }
    }
    runs_.push_back({a, b, k});
  }
  int32_t begin() const { return static_cast<int32_t>(begin_); }
  int32_t count() const { return static_cast<int32_t>(runs_.size() - begin_); }

 private:
  std::vector<GemmRun>& runs_;
  size_t begin_;
};

class LineBuilder {
 public:
  LineBuilder(const ConvDesc& desc, int64_t rows, int64_t ic, int along, ConvLines* lines)
      : lines_(*lines), d_(desc), rows_(rows), ic_(ic), along_(along) {
    for (int i = 0; i < kMaxSpatial; ++i)
      classes_[i] = i < d_.dims ? classes_of(d_, i) : std::vector<DimClass>{{0, 1, 1, 1, {{0, 0}}}};
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
    std::stable_sort(lines_.lines.begin(), lines_.lines.end(),
                     [](const ConvLine& a, const ConvLine& b) { return a.dst < b.dst; });
  }

 private:
  // Cost of cutting `count` pixels into tiles, in rows; short tiles wait for the latency of their
  // sums.
  int64_t line_cost(int64_t count) const {
    const int64_t tiles = divide_up(count, rows_);
    return std::max(count, tiles * 4) + tiles;
  }

  void add_box(const DimClass* const* box) {
    int along = d_.dims - 1;
    int64_t pixels = 1, best = 0;
    for (int i = 0; i < d_.dims; ++i) pixels *= box[i]->count;
    for (int i = d_.dims - 1; i >= 0; --i) {
      const int64_t cost = pixels / box[i]->count * line_cost(box[i]->count);
      if (best == 0 || cost < best || i == along_) {
        best = cost;
        along = i;
      }
      if (i == along_) break;
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
    ConvLine line = {0, 0, 0, 0, kind, 0};
    for (int i = 0; i < d_.dims; ++i) {
      line.src += at[i] * box[i]->in_step * d_.src.spatial[i];
      line.dst += (box[i]->begin + at[i] * box[i]->step) * d_.dst.spatial[i];
      line.residual += (box[i]->begin + at[i] * box[i]->step) * d_.residual.spatial[i];
    }
    const ConvLineKind& k = lines_.kinds[kind];
    constexpr int64_t kTilesPerLine = 8;  // longer lines are cut, so that threads share them
    const int64_t count = box[along]->count, parts = divide_up(count, kTilesPerLine * rows_);
    for (int64_t i = 0; i < parts; ++i) {
      const int64_t first = part_begin(count, parts, i);
      ConvLine part = line;
      part.count = static_cast<int32_t>(part_begin(count, parts, i + 1) - first);
      part.first = static_cast<int32_t>(first);
      part.src += first * k.src_step;
      part.dst += first * k.dst_step;
      part.residual += first * k.residual_step;
      lines_.lines.push_back(part);
    }
  }

  int32_t add_kind(const DimClass* const* box, int along) {
    ConvLineKind kind;
    const int last = d_.dims - 1;
    RunList runs(&lines_.runs);
    const std::vector<Tap> one = {{0, 0}};
    const std::vector<Tap>& t0 = d_.dims > 1 ? box[0]->taps : one;
    const std::vector<Tap>& t1 = d_.dims > 2 ? box[1]->taps : one;
    for (const Tap& a : t0) {
      for (const Tap& b : t1) {
        const int64_t base = (d_.dims > 1 ? a.at * d_.src.spatial[0] : 0) +
                             (d_.dims > 2 ? b.at * d_.src.spatial[1] : 0);
        const int64_t row = (d_.dims > 2 ? a.k * d_.kernel[1] + b.k : a.k) * d_.kernel[last];
        add_row(runs, box[last]->taps, base, row);
      }
    }
    kind.run_begin = runs.begin();
    kind.run_count = runs.count();
    kind.src_step = box[along]->in_step * d_.src.spatial[along];
    kind.dst_step = box[along]->step * d_.dst.spatial[along];
    kind.residual_step = box[along]->step * d_.residual.spatial[along];
    lines_.kinds.push_back(kind);
    return static_cast<int32_t>(lines_.kinds.size() - 1);
  }

  // The taps of the last dimension; `row` counts the taps before them.
  void add_row(RunList& runs, const std::vector<Tap>& taps, int64_t base, int64_t row) const {
    const int64_t step = d_.src.spatial[d_.dims - 1];
    if (d_.src.channel == 1) {
      for (const Tap& t : taps) runs.add(base + t.at * step, (row + t.k) * ic_, ic_);
      return;
    }
    for (int64_t c = 0; c < ic_; ++c) {
      for (const Tap& t : taps)
        runs.add(base + t.at * step + c * d_.src.channel,
                 row * ic_ + c * d_.kernel[d_.dims - 1] + t.k, 1);
    }
  }

  ConvLines& lines_;
  const ConvDesc& d_;
  int64_t rows_, ic_;
  int along_;
  std::vector<DimClass> classes_[kMaxSpatial];
};

int64_t cost_of(const ConvLines& lines, const ConvLine& line) {
  int64_t k = 1;
  const ConvLineKind& kind = lines.kinds[line.kind];
  for (int32_t i = 0; i < kind.run_count; ++i) k += lines.runs[kind.run_begin + i].k;
  return k * (std::max<int64_t>(line.count, 4) + 1);
}

}  // namespace

ConvLines make_lines(const ConvDesc& desc, int64_t rows, int64_t ic, int along) {
  ConvLines lines;
  LineBuilder(desc, rows, ic, along, &lines).build();
  return lines;
}

std::vector<int64_t> cut_lines(const ConvLines& lines, int64_t parts, double* share) {
  std::vector<int64_t> costs(lines.lines.size());
  int64_t total = 0;
  for (size_t i = 0; i < costs.size(); ++i) total += costs[i] = cost_of(lines, lines.lines[i]);
  std::vector<int64_t> begin = {0};
  int64_t sum = 0, part_sum = 0, largest = 0;
  for (size_t i = 0; i < costs.size(); ++i) {
    // A line goes where its middle lies.
    if ((2 * sum + costs[i]) * parts > 2 * total * static_cast<int64_t>(begin.size()) &&
        static_cast<int64_t>(begin.size()) < parts) {
      begin.push_back(static_cast<int64_t>(i));
      part_sum = 0;
    }
    sum += costs[i];
    part_sum += costs[i];
    largest = std::max(largest, part_sum);
  }
  begin.push_back(static_cast<int64_t>(costs.size()));
  *share = total ? static_cast<double>(largest) * parts / total : 1.0;
  return begin;
}

}  // namespace vireo::cpu
