// DFT, IDFT, RDFT and IRDFT along any axes. Complex numbers are pairs on the last axis; axes are
// counted without it.
#include <algorithm>

#include "core/op.h"
#include "ops/movement/rearrange.h"
#include "ops/signal/fft.h"

namespace vireo::ops {
namespace {

bool is_inverse(const OpDef& op) { return op.name[0] == 'I'; }
bool reads_real(const OpDef& op) { return op.name == "RDFT"; }
bool gives_real(const OpDef& op) { return op.name == "IRDFT"; }

void infer(InferContext& c) {
  c.expect_inputs(2, 3);
  c.expect_real(0);
  for (size_t i = 1; i < c.inputs(); ++i) {
    c.expect_integral(i);
    c.expect_rank(i, 1, 1);
  }
  PartialShape out = c.shape(0);
  if (!out.rank_is_static()) return c.set_output(0, c.type(0), out);
  const bool from_real = reads_real(c.op()), to_real = gives_real(c.op());
  if (!from_real) {
    if (out.size() < 2) c.fail("rank {} has no axis beside that of complex numbers", out.size());
    if (!out[out.size() - 1].compatible(Dimension(2)))
      c.fail("complex numbers are pairs, the last axis has extent {}",
             out[out.size() - 1].to_string());
    out.erase(out.size() - 1);
  }
  const auto axes = c.ints(1);
  const auto sizes = c.inputs() > 2 ? c.ints(2) : std::nullopt;
  if (axes && sizes && axes->size() != sizes->size())
    c.fail("{} signal sizes do not fit {} axes", sizes->size(), axes->size());
  if (!axes || (c.inputs() > 2 && !sizes)) {
    for (Dimension& d : out) d = Dimension();
  } else {
    std::vector<bool> seen(out.size(), false);
    for (size_t i = 0; i < axes->size(); ++i) {
      const size_t axis = size_t(c.axis((*axes)[i], int64_t(out.size())));
      if (seen[axis]) c.fail("axis {} is transformed twice", axis);
      seen[axis] = true;
      Dimension& d = out[axis];
      const bool last = i + 1 == axes->size(), given = sizes && (*sizes)[i] != -1;
      if (given && (*sizes)[i] < 1) c.fail("signal size {} is out of range", (*sizes)[i]);
      if (last && to_real && !given) d = (d - Dimension(1)) * Dimension(2);
      if (given) d = Dimension((*sizes)[i]);
      if (last && from_real) d = d / 2 + Dimension(1);
    }
  }
  if (!to_real) out.push_back(Dimension(2));
  c.set_output(0, c.type(0), out);
}

using Complex = std::complex<double>;

// The tensor under way: complex numbers of a shape.
struct Field {
  std::vector<Complex> x;
  Shape shape;
};

// Transforms one axis after cutting it or filling it with zeros to `size`. A half spectrum is
// completed by symmetry first.
void transform_axis(Field& f, size_t axis, size_t size, bool inverse, bool half_spectrum) {
  size_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= f.shape[i];
  for (size_t i = axis + 1; i < f.shape.size(); ++i) inner *= f.shape[i];
  const size_t extent = f.shape[axis];
  std::vector<Complex> out(outer * size * inner), line(size);
  for (size_t o = 0; o < outer; ++o)
    for (size_t k = 0; k < inner; ++k) {
      const size_t used = half_spectrum ? size / 2 + 1 : size;
      for (size_t i = 0; i < size; ++i)
        line[i] = i < std::min(extent, used) ? f.x[(o * extent + i) * inner + k] : Complex(0);
      for (size_t i = used; half_spectrum && i < size; ++i) line[i] = std::conj(line[size - i]);
      fft(line, inverse);
      for (size_t i = 0; i < size; ++i) out[(o * size + i) * inner + k] = line[i];
    }
  f.x = std::move(out);
  f.shape[axis] = size;
}

void cut_axis(Field& f, size_t axis, size_t size) {
  size_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= f.shape[i];
  for (size_t i = axis + 1; i < f.shape.size(); ++i) inner *= f.shape[i];
  std::vector<Complex> out;
  for (size_t o = 0; o < outer; ++o)
    out.insert(out.end(), f.x.begin() + int64_t(o * f.shape[axis] * inner),
               f.x.begin() + int64_t((o * f.shape[axis] + size) * inner));
  f.x = std::move(out);
  f.shape[axis] = size;
}

Field load_field(EvalContext& c) {
  const std::vector<double> x = load<double>(c.input(0));
  Field f{{}, c.shape(0)};
  if (reads_real(c.op())) {
    f.x.assign(x.begin(), x.end());
  } else {
    f.shape.pop_back();
    for (size_t i = 0; i + 1 < x.size(); i += 2) f.x.emplace_back(x[i], x[i + 1]);
  }
  return f;
}

void evaluate(EvalContext& c) {
  const bool inverse = is_inverse(c.op()), from_real = reads_real(c.op()),
             to_real = gives_real(c.op());
  Tensor& out = c.output(0);
  Field f = load_field(c);
  const std::vector<int64_t> axes = load<int64_t>(c.input(1));
  std::vector<int64_t> sizes(axes.size(), -1);
  if (c.inputs() > 2) sizes = load<int64_t>(c.input(2));
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = wrap_axis(axes[i], f.shape.size());
    const bool last = i + 1 == axes.size();
    const size_t natural =
        last && to_real ? 2 * (f.shape[axis] - std::min<size_t>(f.shape[axis], 1)) : f.shape[axis];
    transform_axis(f, axis, sizes[i] == -1 ? natural : size_t(sizes[i]), inverse, last && to_real);
  }
  if (from_real && !axes.empty()) {
    const size_t axis = wrap_axis(axes.back(), f.shape.size());
    if (f.shape[axis] > 0) cut_axis(f, axis, f.shape[axis] / 2 + 1);
  }
  std::vector<double> y;
  for (const Complex& v : f.x) {
    y.push_back(v.real());
    if (!to_real) y.push_back(v.imag());
  }
  store(out, y);
}

}  // namespace

VIREO_DEFINE_OP(dft_7){"DFT", 7, &kAttrType<NoAttrs>, infer, evaluate, Tolerance::Accumulate};
VIREO_DEFINE_OP(idft_7){"IDFT", 7, &kAttrType<NoAttrs>, infer, evaluate, Tolerance::Accumulate};
VIREO_DEFINE_OP(rdft_9){"RDFT", 9, &kAttrType<NoAttrs>, infer, evaluate, Tolerance::Accumulate};
VIREO_DEFINE_OP(irdft_9){"IRDFT", 9, &kAttrType<NoAttrs>, infer, evaluate, Tolerance::Accumulate};

}  // namespace vireo::ops
