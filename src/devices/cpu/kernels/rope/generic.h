// Rotation of a row over F = vec<float, N>; included inside the unnamed namespace of each ISA file.

using namespace simd;

// Both halves are read before either is written, so dst may be x.
void rope_halves(const float* x, const float* cos, const float* sin, float* dst, int64_t depth) {
  const int64_t half = depth / 2;
  for_lanes<F>(0, half, [&](int64_t i, int64_t n) VIREO_LAMBDA {
    const F a = F::load(x + i, n), b = F::load(x + half + i, n);
    const F first = a * F::load(cos + i, n) - b * F::load(sin + i, n);
    const F second = b * F::load(cos + half + i, n) + a * F::load(sin + half + i, n);
    first.store(dst + i, n);
    second.store(dst + half + i, n);
  });
}

void rope_pairs(const float* x, const float* cos, const float* sin, float* dst, int64_t depth) {
  for (int64_t i = 0; i < depth; i += 2) {
    const float a = x[i], b = x[i + 1];
    dst[i] = a * cos[i] - b * sin[i];
    dst[i + 1] = b * cos[i + 1] + a * sin[i + 1];
  }
}

constexpr RopeTable kTable = {rope_halves, rope_pairs};
