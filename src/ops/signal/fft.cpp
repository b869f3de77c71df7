#include "ops/signal/fft.h"

#include <cmath>

namespace vireo::ops {
namespace {

using Complex = std::complex<double>;

// Halves while the length is even; the odd rest is summed directly. `roots` are the powers of the
// whole transform's root.
void fourier(const Complex* x, Complex* y, size_t n, size_t stride,
             const std::vector<Complex>& roots) {
  const size_t step = roots.size() / n;
  if (n % 2 == 0) {
    const size_t half = n / 2;
    fourier(x, y, half, stride * 2, roots);
    fourier(x + stride, y + half, half, stride * 2, roots);
    for (size_t k = 0; k < half; ++k) {
      const Complex a = y[k], b = y[k + half] * roots[k * step];
      y[k] = a + b;
      y[k + half] = a - b;
    }
    return;
  }
  for (size_t k = 0; k < n; ++k) {
    Complex sum = 0;
    for (size_t i = 0; i < n; ++i) sum += x[i * stride] * roots[i * k % n * step];
    y[k] = sum;
  }
}

}  // namespace

void fft(std::vector<Complex>& x, bool inverse) {
  const size_t n = x.size();
  if (n == 0) return;
  std::vector<Complex> roots(n), y(n);
  const double turn = (inverse ? 2.0 : -2.0) * 3.14159265358979323846 / double(n);
  for (size_t i = 0; i < n; ++i)
    roots[i] = {std::cos(turn * double(i)), std::sin(turn * double(i))};
  fourier(x.data(), y.data(), n, 1, roots);
  for (size_t i = 0; inverse && i < n; ++i) y[i] /= double(n);
  x.swap(y);
}

}  // namespace vireo::ops
