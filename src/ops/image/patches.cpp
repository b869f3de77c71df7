// ExtractImagePatches: windows of an image put side by side as channels. Col2Im: the reverse,
// adding where windows overlap.
#include <algorithm>

#include "ops/movement/rearrange.h"

#include "core/op.h"

namespace vireo::ops {
namespace {

enum class AutoPad { Valid, SameUpper, SameLower };
constexpr const char* kAutoPads[] = {"valid", "same_upper", "same_lower"};
struct Patches {
  std::vector<int64_t> sizes, strides, rates;
  AutoPad auto_pad = AutoPad::Valid;
};
void visit(AttrVisitor& v, Patches& a) {
  v.on("sizes", a.sizes);
  v.on("strides", a.strides);
  v.on("rates", a.rates);
  v.on("auto_pad", a.auto_pad, kAutoPads);
}
struct Col2Im {
  std::vector<int64_t> strides = {1, 1}, dilations = {1, 1}, pads_begin = {0, 0}, pads_end = {0, 0};
};
void visit(AttrVisitor& v, Col2Im& a) {
  v.on("strides", a.strides);
  v.on("dilations", a.dilations);
  v.on("pads_begin", a.pads_begin);
  v.on("pads_end", a.pads_end);
}

constexpr int64_t kMost = int64_t(1) << 30;

void check_pair(InferContext& c, const std::vector<int64_t>& values, int64_t least,
                const char* name) {
  if (values.size() != 2) c.fail("{} has {} numbers, 2 are needed", name, values.size());
  for (int64_t v : values)
    if (v < least || v > kMost) c.fail("{} holds {}, at least {} is needed", name, v, least);
}

int64_t patch_count(const Patches& a, size_t i, int64_t extent) {
  if (a.auto_pad != AutoPad::Valid) return (extent + a.strides[i] - 1) / a.strides[i];
  const int64_t span = (a.sizes[i] - 1) * a.rates[i] + 1;
  return extent < span ? 0 : (extent - span) / a.strides[i] + 1;
}

void infer_patches(InferContext& c) {
  c.expect_inputs(1, 1);
  c.expect_rank(0, 4, 4);
  const Patches& a = c.attrs<Patches>();
  check_pair(c, a.sizes, 1, "sizes");
  check_pair(c, a.strides, 1, "strides");
  check_pair(c, a.rates, 1, "rates");
  const PartialShape& in = c.shape(0);
  if (!in.rank_is_static()) return c.set_output(0, c.type(0), PartialShape::dynamic(4));
  const auto count = [&](size_t i) {
    const Dimension& d = in[i + 2];
    return Dimension(patch_count(a, i, d.min()), d.bounded() ? patch_count(a, i, d.max()) : -1);
  };
  c.set_output(0, c.type(0),
               PartialShape{in[0], in[1] * Dimension(a.sizes[0]) * Dimension(a.sizes[1]), count(0),
                            count(1)});
}

void evaluate_patches(EvalContext& c) {
  const Patches& a = c.attrs<Patches>();
  Tensor& out = c.output(0);
  const Shape &in = c.shape(0), &to = out.get_shape();
  int64_t before[2];
  for (size_t i = 0; i < 2; ++i) {
    const int64_t span = (a.sizes[i] - 1) * a.rates[i] + 1;
    const int64_t pad =
        std::max<int64_t>((int64_t(to[i + 2]) - 1) * a.strides[i] + span - int64_t(in[i + 2]), 0);
    before[i] = a.auto_pad == AutoPad::Valid       ? 0
                : a.auto_pad == AutoPad::SameUpper ? pad / 2
                                                   : pad - pad / 2;
  }
  Tensor zero(out.get_element_type(), Shape{});
  if (zero.get_element_type() != element::string) store<int64_t>(zero, {0});
  ElementMover move(out, zero);
  move.fill(0, 0, out.get_size());
  move.from(c.input(0));
  size_t at = 0;
  for_each_index(to, [&](const std::vector<size_t>& i) {
    const size_t channel = i[1] % in[1], cell = i[1] / in[1];
    const int64_t h =
        int64_t(i[2]) * a.strides[0] + int64_t(cell) / a.sizes[1] * a.rates[0] - before[0];
    const int64_t w =
        int64_t(i[3]) * a.strides[1] + int64_t(cell) % a.sizes[1] * a.rates[1] - before[1];
    if (h >= 0 && w >= 0 && h < int64_t(in[2]) && w < int64_t(in[3]))
      move(at, ((i[0] * in[1] + channel) * in[2] + size_t(h)) * in[3] + size_t(w));
    ++at;
  });
  move.finish();
}

int64_t window_count(const Col2Im& a, size_t i, int64_t extent, int64_t kernel) {
  const int64_t room = extent + a.pads_begin[i] + a.pads_end[i] - a.dilations[i] * (kernel - 1) - 1;
  return room < 0 ? 0 : room / a.strides[i] + 1;
}

void infer_col2im(InferContext& c) {
  c.expect_inputs(3, 3);
  c.expect_integral(1);
  c.expect_integral(2);
  c.expect_rank(0, 2, 3);
  const Col2Im& a = c.attrs<Col2Im>();
  check_pair(c, a.strides, 1, "strides");
  check_pair(c, a.dilations, 1, "dilations");
  check_pair(c, a.pads_begin, 0, "pads_begin");
  check_pair(c, a.pads_end, 0, "pads_end");
  const PartialShape& in = c.shape(0);
  if (!in.rank_is_static()) return c.set_output(0, c.type(0), PartialShape::dynamic());
  const auto size = c.ints(1), kernel = c.ints(2);
  const auto size_dims = c.dims(1);
  if (size) check_pair(c, *size, 0, "output_size");
  if (kernel) check_pair(c, *kernel, 1, "kernel_size");
  PartialShape out;
  if (in.size() == 3) out.push_back(in[0]);
  const Dimension& rows = in[in.size() - 2];
  Dimension channels;
  if (kernel && rows.is_static()) {
    const int64_t cells = (*kernel)[0] * (*kernel)[1];
    if (rows.get_length() % cells != 0)
      c.fail("{} rows are no multiple of a kernel of {}", rows.get_length(), cells);
    channels = Dimension(rows.get_length() / cells);
  }
  if (size && kernel) {
    const int64_t windows =
        window_count(a, 0, (*size)[0], (*kernel)[0]) * window_count(a, 1, (*size)[1], (*kernel)[1]);
    if (!in[in.size() - 1].compatible(Dimension(windows)))
      c.fail("{} columns, {} windows are expected", in[in.size() - 1].to_string(), windows);
  }
  out.push_back(channels);
  for (size_t i = 0; i < 2; ++i)
    out.push_back(size_dims && size_dims->size() == 2 ? (*size_dims)[i] : Dimension());
  c.set_output(0, c.type(0), out);
}

void evaluate_col2im(EvalContext& c) {
  const Col2Im& a = c.attrs<Col2Im>();
  Tensor& out = c.output(0);
  const auto size = load<int64_t>(c.input(1)), kernel = load<int64_t>(c.input(2));
  const int64_t rows = window_count(a, 0, size[0], kernel[0]),
                columns = window_count(a, 1, size[1], kernel[1]);
  with_domain(out.get_element_type(), [&](auto zero) {
    using T = decltype(zero);
    const std::vector<T> x = load<T>(c.input(0));
    std::vector<T> y(out.get_size(), T(0));
    size_t at = 0;
    const size_t planes = size_t(size[0] * size[1]) == 0 ? 0 : y.size() / size_t(size[0] * size[1]);
    for (size_t plane = 0; plane < planes; ++plane)
      for (int64_t k = 0; k < kernel[0] * kernel[1]; ++k)
        for (int64_t r = 0; r < rows; ++r)
          for (int64_t col = 0; col < columns; ++col, ++at) {
            const int64_t h = r * a.strides[0] - a.pads_begin[0] + k / kernel[1] * a.dilations[0];
            const int64_t w = col * a.strides[1] - a.pads_begin[1] + k % kernel[1] * a.dilations[1];
            if (h >= 0 && w >= 0 && h < size[0] && w < size[1])
              y[(plane * size_t(size[0]) + size_t(h)) * size_t(size[1]) + size_t(w)] += x[at];
          }
    store(out, y);
  });
}

}  // namespace

VIREO_DEFINE_OP(extract_image_patches_3){"ExtractImagePatches", 3, &kAttrType<Patches>,
                                         infer_patches, evaluate_patches};
VIREO_DEFINE_OP(col2im_15){
    "Col2Im", 15, &kAttrType<Col2Im>, infer_col2im, evaluate_col2im, Tolerance::Rounding};

}  // namespace vireo::ops
