// A pixel is one lane of integers: its channels are shifted into place. Included inside an ISA
// file's unnamed namespace, after `using F = simd::vec<float, N>`.

using I = F::ints;

static VIREO_SIMD I codes_of(const ImageParams& p, F x) {
  const F q = fma(x, F(p.inverse_scale), F(p.zero));
  return to_int_round(
      min(max(q, F(p.low)), F(p.high)));  // in this order of operands a NaN becomes low
}

static VIREO_SIMD I pixels_of(const ImageParams& p, const float* src, int64_t n) {
  const I none = codes_of(p, F::zero());
  const auto channel = [&](int64_t c) VIREO_LAMBDA {
    return c < p.channels ? codes_of(p, F::load(src + c * p.pixels, n)) : none;
  };
  return channel(0) | simd::shl<8>(channel(1)) | simd::shl<16>(channel(2)) |
         simd::shl<24>(channel(3));
}

static void quantise_planes(const ImageParams& p, const float* src, uint8_t* dst, int64_t pixels) {
  int64_t i = 0;
  for (; i + F::lanes <= pixels; i += F::lanes)
    pixels_of(p, src + i, F::lanes).store((int32_t*)(dst + 4 * i));
  if (i < pixels) {
    alignas(64) int32_t last[F::lanes];
    pixels_of(p, src + i, pixels - i).store(last);
    for (int64_t k = 0; k < pixels - i; ++k) __builtin_memcpy(dst + 4 * (i + k), last + k, 4);
  }
}
