// STFT: spectra of overlapping windowed frames of a signal. ISTFT: the signal from such spectra.
#include <algorithm>
#include <cmath>

#include "core/op.h"
#include "core/values.h"
#include "ops/signal/fft.h"

namespace vireo::ops {
namespace {

struct Stft {
  bool transpose_frames = false;
};
void visit(AttrVisitor& v, Stft& a) { v.on("transpose_frames", a.transpose_frames); }
struct Istft {
  bool center = false, normalized = false;
};
void visit(AttrVisitor& v, Istft& a) {
  v.on("center", a.center);
  v.on("normalized", a.normalized);
}

using Complex = std::complex<double>;

void check_frames(InferContext& c, std::optional<int64_t>& size, std::optional<int64_t>& step) {
  c.expect_integral(2);
  c.expect_integral(3);
  c.expect_rank(1, 1, 1);
  c.expect_rank(2, 0, 0);
  c.expect_rank(3, 0, 0);
  size = c.scalar_int(2);
  step = c.scalar_int(3);
  if (size && *size < 1) c.fail("frame_size is {}, at least 1 is needed", *size);
  if (step && *step < 1) c.fail("frame_step is {}, at least 1 is needed", *step);
  const PartialShape& window = c.shape(1);
  if (size && window.is_static() && (window[0].get_length() < 1 || window[0].get_length() > *size))
    c.fail("a window of {} does not fit a frame of {}", window[0].get_length(), *size);
}

void infer_stft(InferContext& c) {
  c.expect_inputs(4, 4);
  c.expect_real(0);
  c.expect_rank(0, 1, 2);
  std::optional<int64_t> size, step;
  check_frames(c, size, step);
  const PartialShape& signal = c.shape(0);
  if (!signal.rank_is_static()) return c.set_output(0, c.type(0), PartialShape::dynamic());
  const Dimension& length = signal[signal.size() - 1];
  Dimension frames, bins;
  if (size) {
    if (length.is_static() && length.get_length() < *size)
      c.fail("a frame of {} is longer than the signal of {}", *size, length.get_length());
    bins = Dimension(*size / 2 + 1);
    if (step) frames = (length - Dimension(*size)) / *step + Dimension(1);
  }
  PartialShape out;
  if (signal.size() == 2) out.push_back(signal[0]);
  const bool transposed = c.attrs<Stft>().transpose_frames;
  out.push_back(transposed ? bins : frames);
  out.push_back(transposed ? frames : bins);
  out.push_back(Dimension(2));
  c.set_output(0, c.type(0), out);
}

// The window in the middle of a frame, zeros around it.
std::vector<double> centred_window(EvalContext& c, size_t size) {
  const std::vector<double> window = load<double>(c.input(1));
  std::vector<double> out(size, 0.0);
  const size_t used = std::min(window.size(), size);
  std::copy_n(window.begin(), used, out.begin() + int64_t((size - used) / 2));
  return out;
}

void evaluate_stft(EvalContext& c) {
  Tensor& out = c.output(0);
  const Shape& shape = c.shape(0);
  const size_t length = shape.back(), batch = shape.size() == 2 ? shape[0] : 1;
  const size_t size = size_t(load<int64_t>(c.input(2)).at(0)),
               step = size_t(load<int64_t>(c.input(3)).at(0));
  const size_t frames = (length - size) / step + 1, bins = size / 2 + 1;
  const std::vector<double> signal = load<double>(c.input(0)), window = centred_window(c, size);
  const bool transposed = c.attrs<Stft>().transpose_frames;
  std::vector<double> y(out.get_size());
  std::vector<Complex> frame(size);
  for (size_t b = 0; b < batch; ++b)
    for (size_t f = 0; f < frames; ++f) {
      frame.resize(size);
      for (size_t i = 0; i < size; ++i) frame[i] = signal[b * length + f * step + i] * window[i];
      fft(frame, false);
      for (size_t k = 0; k < bins; ++k) {
        const size_t at =
            ((transposed ? (b * bins + k) * frames + f : (b * frames + f) * bins + k)) * 2;
        y[at] = frame[k].real();
        y[at + 1] = frame[k].imag();
      }
    }
  store(out, y);
}

void infer_istft(InferContext& c) {
  c.expect_inputs(4, 5);
  c.expect_real(0);
  c.expect_rank(0, 3, 4);
  std::optional<int64_t> size, step;
  check_frames(c, size, step);
  const PartialShape& data = c.shape(0);
  if (!data.rank_is_static()) return c.set_output(0, c.type(0), PartialShape::dynamic());
  const size_t rank = data.size();
  if (!data[rank - 1].compatible(Dimension(2)))
    c.fail("complex numbers are pairs, the last axis has extent {}", data[rank - 1].to_string());
  if (size && !data[rank - 3].compatible(Dimension(*size / 2 + 1)))
    c.fail("{} bins do not fit a frame of {}", data[rank - 3].to_string(), *size);
  Dimension length;
  if (c.inputs() == 5) {
    if (const auto given = c.dims(4); given && given->size() == 1) length = (*given)[0];
  } else if (size && step) {
    const Dimension hops = (data[rank - 2] - Dimension(1)) * Dimension(*step);
    length = c.attrs<Istft>().center ? hops : hops + Dimension(*size);
  }
  c.set_output(0, c.type(0), rank == 4 ? PartialShape{data[0], length} : PartialShape{length});
}

void evaluate_istft(EvalContext& c) {
  const Istft& a = c.attrs<Istft>();
  Tensor& out = c.output(0);
  const Shape& shape = c.shape(0);
  const size_t batch = shape.size() == 4 ? shape[0] : 1, bins = shape[shape.size() - 3],
               frames = shape[shape.size() - 2];
  const size_t size = size_t(load<int64_t>(c.input(2)).at(0)),
               step = size_t(load<int64_t>(c.input(3)).at(0));
  const size_t whole = (frames - std::min<size_t>(frames, 1)) * step + size,
               margin = a.center ? size / 2 : 0, length = out.get_shape().back();
  const std::vector<double> x = load<double>(c.input(0)), window = centred_window(c, size);
  std::vector<double> y(out.get_size(), 0.0);
  std::vector<Complex> frame;
  for (size_t b = 0; b < batch; ++b) {
    // Windowed frames are added where they overlap and divided by the sum of the squared windows
    // there.
    std::vector<double> signal(whole, 0.0), weight(whole, 0.0);
    for (size_t f = 0; f < frames; ++f) {
      frame.assign(size, 0);
      for (size_t k = 0; k < std::min(bins, size / 2 + 1); ++k) {
        const double* v = x.data() + ((b * bins + k) * frames + f) * 2;
        frame[k] = {v[0], v[1]};
      }
      for (size_t k = size / 2 + 1; k < size; ++k) frame[k] = std::conj(frame[size - k]);
      fft(frame, true);
      for (size_t i = 0; i < size; ++i) {
        signal[f * step + i] += frame[i].real() * window[i];
        weight[f * step + i] += window[i] * window[i];
      }
    }
    const double scale = a.normalized ? std::sqrt(double(size)) : 1.0;
    for (size_t i = 0; i < length && i + margin < whole - margin; ++i)
      y[b * length + i] =
          weight[i + margin] != 0 ? signal[i + margin] * scale / weight[i + margin] : 0.0;
  }
  store(out, y);
}

}  // namespace

VIREO_DEFINE_OP(stft_15){
    "STFT", 15, &kAttrType<Stft>, infer_stft, evaluate_stft, Tolerance::Accumulate};
VIREO_DEFINE_OP(istft_16){
    "ISTFT", 16, &kAttrType<Istft>, infer_istft, evaluate_istft, Tolerance::Accumulate};

}  // namespace vireo::ops
