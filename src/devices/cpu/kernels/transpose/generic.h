// 2-D transpositions over F = vec<float, N>; included inside the unnamed namespace of each ISA
// file.

using namespace simd;

// One tile of at most lanes x lanes words.
VIREO_SIMD void tile(const float* src, float* dst, int64_t rows, int64_t cols, int64_t src_stride,
                     int64_t dst_stride) {
  F r[F::lanes];
  if (rows == F::lanes && cols == F::lanes) {
#pragma GCC unroll 16
    for (int i = 0; i < F::lanes; ++i) r[i] = F::load(src + i * src_stride);
    transpose(r);
#pragma GCC unroll 16
    for (int i = 0; i < F::lanes; ++i) r[i].store(dst + i * dst_stride);
    return;
  }
#pragma GCC unroll 16
  for (int i = 0; i < F::lanes; ++i)
    r[i] = i < rows ? F::load(src + i * src_stride, cols) : F::zero();
  transpose(r);
#pragma GCC unroll 16
  for (int i = 0; i < F::lanes; ++i)
    if (i < cols) r[i].store(dst + i * dst_stride, rows);
}

void block_words(const float* src, float* dst, int64_t rows, int64_t cols, int64_t src_stride,
                 int64_t dst_stride) {
  for (int64_t c = 0; c < cols; c += F::lanes) {
    const int64_t width = cols - c < F::lanes ? cols - c : F::lanes;
    for (int64_t r = 0; r < rows; r += F::lanes) {
      const int64_t height = rows - r < F::lanes ? rows - r : F::lanes;
      tile(src + r * src_stride + c, dst + c * dst_stride + r, height, width, src_stride,
           dst_stride);
    }
  }
}

template <typename T>
void block_of(const T* src, T* dst, int64_t rows, int64_t cols, int64_t src_stride,
              int64_t dst_stride) {
  for (int64_t r0 = 0; r0 < rows; r0 += 8)
    for (int64_t c = 0; c < cols; ++c)
      for (int64_t r = r0; r < r0 + 8 && r < rows; ++r)
        dst[c * dst_stride + r] = src[r * src_stride + c];
}

struct alignas(4) Bytes16 {
  uint32_t words[4];
};

void block(const void* src, void* dst, int64_t rows, int64_t cols, int64_t src_stride,
           int64_t dst_stride, int64_t element_bytes) {
  switch (element_bytes) {
    case 1: return block_of((const uint8_t*)src, (uint8_t*)dst, rows, cols, src_stride, dst_stride);
    case 2:
      return block_of((const uint16_t*)src, (uint16_t*)dst, rows, cols, src_stride, dst_stride);
    case 4: return block_words((const float*)src, (float*)dst, rows, cols, src_stride, dst_stride);
    case 8:
      return block_of((const uint64_t*)src, (uint64_t*)dst, rows, cols, src_stride, dst_stride);
    default:
      return block_of((const Bytes16*)src, (Bytes16*)dst, rows, cols, src_stride, dst_stride);
  }
}

constexpr TransposeTable kTable = {block};
