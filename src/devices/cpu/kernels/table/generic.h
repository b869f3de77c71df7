// Look-ups by 16 shuffles of 16 codes each, after a tier's
//   Bytes, kBytes                         a vector of bytes and their number
//   load_row(p), load(p), store(p, x)     16 codes in every 128-bit lane; a vector
//   same(x)                               a vector of one byte
//   shuffle(row, x), above(x, limit)      row[x % 16], 0 where x has its top bit; x + limit, saturated
//
// x ^ (16 * row) is below 16 for the codes of that row alone; adding 112 puts the top bit into all
// others.

static void look_up_codes(const uint8_t* table, const uint8_t* src, uint8_t* dst, int64_t n) {
  Bytes rows[16];
  for (int r = 0; r < 16; ++r) rows[r] = load_row(table + 16 * r);
  int64_t i = 0;
  for (; i + kBytes <= n; i += kBytes) {
    const Bytes x = load(src + i);
    Bytes y = shuffle(rows[0], above(x));
#pragma GCC unroll 16
    for (int r = 1; r < 16; ++r) y = y | shuffle(rows[r], above(x ^ same((uint8_t)(16 * r))));
    store(dst + i, y);
  }
  for (; i < n; ++i) dst[i] = table[src[i]];
}
