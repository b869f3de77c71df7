// GridSample: pixels of an image at positions that a grid names, in [-1, 1] over the image.
#include <algorithm>
#include <cmath>

#include "core/op.h"
#include "core/values.h"

namespace vireo::ops {
namespace {

enum class Mode { Bilinear, Nearest, Bicubic };
constexpr const char* kModes[] = {"bilinear", "nearest", "bicubic"};
enum class Padding { Zeros, Border, Reflection };
constexpr const char* kPaddings[] = {"zeros", "border", "reflection"};

struct GridSample {
  bool align_corners = false;
  Mode mode = Mode::Bilinear;
  Padding padding_mode = Padding::Zeros;
};
void visit(AttrVisitor& v, GridSample& a) {
  v.on("align_corners", a.align_corners);
  v.on("mode", a.mode, kModes);
  v.on("padding_mode", a.padding_mode, kPaddings);
}

void infer(InferContext& c) {
  c.expect_inputs(2, 2);
  c.expect_rank(0, 4, 4);
  c.expect_rank(1, 4, 4);
  c.expect_real(1);
  PartialShape out = PartialShape::dynamic(4);
  const PartialShape &data = c.shape(0), &grid = c.shape(1);
  if (data.rank_is_static()) {
    out[0] = data[0];
    out[1] = data[1];
  }
  if (grid.rank_is_static()) {
    if (!grid[3].compatible(Dimension(2)))
      c.fail("the grid's last axis has extent {}, 2 is needed", grid[3].to_string());
    if (!Dimension::merge(out[0], out[0], grid[0]))
      c.fail("data of shape {} and grid of shape {} differ in batch", data.to_string(),
             grid.to_string());
    out[2] = grid[1];
    out[3] = grid[2];
  }
  c.set_output(0, c.type(0), out);
}

float pixel(float v, size_t extent, bool align) {
  return align ? (v + 1) * (float(extent) - 1) / 2 : ((v + 1) * float(extent) - 1) / 2;
}

// The position that stands for one outside; -1 if nothing does.
int64_t inside(int64_t at, int64_t extent, const GridSample& a) {
  if (at >= 0 && at < extent) return at;
  if (a.padding_mode == Padding::Zeros) return -1;
  if (a.padding_mode == Padding::Border) return std::clamp<int64_t>(at, 0, extent - 1);
  if (a.align_corners) {
    const int64_t period = extent == 1 ? 1 : 2 * (extent - 1);
    at = std::abs(at) % period;
    return at >= extent ? period - at : at;
  }
  const int64_t period = 2 * extent;
  at = (at % period + period) % period;
  return at >= extent ? period - 1 - at : at;
}

struct Taps {
  int64_t at[4];
  double weight[4];
  int count;
};

Taps taps(float position, size_t extent, const GridSample& a) {
  // Far outside, all that matters is which side.
  position = std::clamp(position, -1e9f, 1e9f);
  const float low = std::floor(position), d = position - low;
  const int64_t first = int64_t(low);
  Taps t{};
  if (a.mode == Mode::Nearest) {
    t = {{int64_t(std::nearbyint(position))}, {1}, 1};
  } else if (a.mode == Mode::Bilinear) {
    t = {{first, first + 1}, {1.0 - double(d), double(d)}, 2};
  } else {
    const double k = -0.75, r = d;
    const auto far = [k](double x) { return ((k * x - 5 * k) * x + 8 * k) * x - 4 * k; };
    const auto near = [k](double x) { return ((k + 2) * x - (k + 3)) * x * x + 1; };
    t = {{first - 1, first, first + 1, first + 2},
         {far(r + 1), near(r), near(1 - r), far(2 - r)},
         4};
  }
  for (int i = 0; i < t.count; ++i) t.at[i] = inside(t.at[i], int64_t(extent), a);
  return t;
}

void evaluate(EvalContext& c) {
  const GridSample& a = c.attrs<GridSample>();
  Tensor& out = c.output(0);
  const Shape &in = c.shape(0), &to = out.get_shape();
  const std::vector<double> x = load<double>(c.input(0)), grid = load<double>(c.input(1));
  std::vector<double> y(out.get_size(), 0.0);
  const size_t area = in[2] * in[3], cells = to[2] * to[3];
  if (area == 0 && !y.empty()) c.fail("data of shape {} has no pixels", in.to_string());
  for (size_t n = 0; n < to[0]; ++n)
    for (size_t i = 0; i < cells; ++i) {
      const double* g = grid.data() + (n * cells + i) * 2;
      const Taps columns =
          taps(std::isnan(g[0]) ? -1e9f : pixel(float(g[0]), in[3], a.align_corners), in[3], a);
      const Taps rows =
          taps(std::isnan(g[1]) ? -1e9f : pixel(float(g[1]), in[2], a.align_corners), in[2], a);
      for (size_t ch = 0; ch < in[1]; ++ch) {
        const double* map = x.data() + (n * in[1] + ch) * area;
        double sum = 0;
        for (int r = 0; r < rows.count; ++r)
          for (int k = 0; k < columns.count; ++k)
            if (rows.at[r] >= 0 && columns.at[k] >= 0)
              sum += rows.weight[r] * columns.weight[k] *
                     map[size_t(rows.at[r]) * in[3] + size_t(columns.at[k])];
        y[(n * in[1] + ch) * cells + i] = sum;
      }
    }
  store(out, y);
}

}  // namespace

VIREO_DEFINE_OP(grid_sample_9){"GridSample", 9,        &kAttrType<GridSample>,
                               infer,        evaluate, Tolerance::Accumulate};

}  // namespace vireo::ops
