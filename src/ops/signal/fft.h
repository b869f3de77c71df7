// Discrete Fourier transforms in double.
#pragma once

#include <complex>
#include <vector>

namespace vireo::ops {

// In place, of any length; the inverse divides by the length.
void fft(std::vector<std::complex<double>>& x, bool inverse);

}  // namespace vireo::ops
