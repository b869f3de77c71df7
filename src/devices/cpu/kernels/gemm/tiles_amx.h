// Tile registers: the instructions, or, with VIREO_EMULATED_TILES, plain code that does the same,
// so that kernels on them are tested where there are none. Included inside an ISA file's unnamed
// namespace. Tile numbers are literals.
//
// All tiles are 16 rows of 64 bytes, configured once per thread by enter_tiles().

#ifdef VIREO_EMULATED_TILES

struct EmulatedTile {
  alignas(64) uint8_t row[16][64];
};
static thread_local EmulatedTile emulated_tiles[8];
static thread_local bool tiles_entered = false;

static void enter_tiles() { tiles_entered = true; }
static void leave_tiles() { tiles_entered = false; }
static EmulatedTile& tile_at(int n) {
  if (!tiles_entered) __builtin_trap();  // as the instructions would
  return emulated_tiles[n];
}
static void tile_load(int n, const void* from, int64_t stride) {
  for (int i = 0; i < 16; ++i)
    __builtin_memcpy(tile_at(n).row[i], static_cast<const uint8_t*>(from) + i * stride, 64);
}
static void tile_store(int n, void* to, int64_t stride) {
  for (int i = 0; i < 16; ++i)
    __builtin_memcpy(static_cast<uint8_t*>(to) + i * stride, tile_at(n).row[i], 64);
}
static void tile_zero(int n) { __builtin_memset(&tile_at(n), 0, sizeof(EmulatedTile)); }

// A bf16 widened; denormals count as zero, as Intel's manual says of tdpbf16ps.
static float tile_value(uint16_t bits) {
  const uint32_t wide = (bits & 0x7f80) == 0 ? 0 : uint32_t(bits) << 16;
  float x;
  __builtin_memcpy(&x, &wide, 4);
  return x;
}
// c[m][n] += a[m][2k] * b[k][2n] + a[m][2k + 1] * b[k][2n + 1], two fused multiply-adds.
[[maybe_unused]] static void tile_dot_bf16(int c, int a, int b) {
  for (int m = 0; m < 16; ++m) {
    float sums[16];
    uint16_t left[32];
    __builtin_memcpy(sums, tile_at(c).row[m], 64);
    __builtin_memcpy(left, tile_at(a).row[m], 64);
    for (int k = 0; k < 16; ++k) {
      uint16_t right[32];
      __builtin_memcpy(right, tile_at(b).row[k], 64);
      for (int n = 0; n < 16; ++n) {
        sums[n] = __builtin_fmaf(tile_value(left[2 * k]), tile_value(right[2 * n]), sums[n]);
        sums[n] =
            __builtin_fmaf(tile_value(left[2 * k + 1]), tile_value(right[2 * n + 1]), sums[n]);
      }
    }
    __builtin_memcpy(tile_at(c).row[m], sums, 64);
  }
}
// c[m][n] += four products of codes a[m][4k ...] (u8) and b[k][4n ...] (i8).
[[maybe_unused]] static void tile_dot_u8(int c, int a, int b) {
  for (int m = 0; m < 16; ++m) {
    int32_t sums[16];
    __builtin_memcpy(sums, tile_at(c).row[m], 64);
    for (int k = 0; k < 16; ++k) {
      for (int n = 0; n < 64; ++n)
        sums[n / 4] += tile_at(a).row[m][4 * k + n % 4] * (int8_t)tile_at(b).row[k][n];
    }
    __builtin_memcpy(tile_at(c).row[m], sums, 64);
  }
}
#define VIREO_TILE_LOAD(n, from, stride) tile_load(n, from, stride)
#define VIREO_TILE_LOAD_ONCE(n, from, stride) tile_load(n, from, stride)
#define VIREO_TILE_STORE(n, to, stride) tile_store(n, to, stride)
#define VIREO_TILE_ZERO(n) tile_zero(n)
#define VIREO_TILE_DOT_BF16(c, a, b) tile_dot_bf16(c, a, b)
#define VIREO_TILE_DOT_U8(c, a, b) tile_dot_u8(c, a, b)

#else

struct TileConfiguration {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
};
alignas(64) constexpr TileConfiguration kTiles = {
    1, 0, {}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};

static void enter_tiles() {
  // g++ 12 believes that the instruction reads eight bytes and drops what initialises the others.
  const TileConfiguration* tiles = &kTiles;
  __asm__ volatile("" : "+r"(tiles) : : "memory");
  _tile_loadconfig(tiles);
}
static void leave_tiles() { _tile_release(); }

// The compiler knows of no memory that loads read: what was stored before must be in memory.
#define VIREO_TILE_LOAD(n, from, stride) \
  do {                                   \
    __asm__ volatile("" : : : "memory"); \
    _tile_loadd(n, from, stride);        \
  } while (0)
// For what is read once: it does not push other lines out of L1.
#define VIREO_TILE_LOAD_ONCE(n, from, stride) \
  do {                                        \
    __asm__ volatile("" : : : "memory");      \
    _tile_stream_loadd(n, from, stride);      \
  } while (0)
#define VIREO_TILE_STORE(n, to, stride)  \
  do {                                   \
    _tile_stored(n, to, stride);         \
    __asm__ volatile("" : : : "memory"); \
  } while (0)
#define VIREO_TILE_ZERO(n) _tile_zero(n)
#define VIREO_TILE_DOT_BF16(c, a, b) _tile_dpbf16ps(c, a, b)
#define VIREO_TILE_DOT_U8(c, a, b) _tile_dpbusd(c, a, b)

#endif
