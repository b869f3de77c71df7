// StringToHashBucket: FarmHash's 64-bit fingerprint of a string (farmhashna, after Pike and
// Alakuijala) modulo the number of buckets, as TensorFlow's string_to_hash_bucket_fast has it.
#include <cstring>
#include <utility>

#include "core/opsets.h"
#include "ops/text/strings.h"

namespace vireo::ops {
namespace {

constexpr uint64_t kA = 0xc3a5c85c97cb3127ull, kB = 0xb492b66fbe98f273ull,
                   kC = 0x9ae16a3b2f90404full;

// Little-endian words of the text.
uint64_t word64(const char* p) {
  uint64_t value;
  std::memcpy(&value, p, 8);
  return value;
}
uint64_t word32(const char* p) {
  uint32_t value;
  std::memcpy(&value, p, 4);
  return value;
}
uint64_t turn(uint64_t value, int right) { return value >> right | value << (64 - right); }
uint64_t fold(uint64_t value) { return value ^ value >> 47; }

uint64_t join(uint64_t low, uint64_t high, uint64_t factor) {
  const uint64_t first = fold((low ^ high) * factor);
  return fold((high ^ first) * factor) * factor;
}

uint64_t hash_to_16(const char* text, size_t size) {
  const uint64_t factor = kC + 2 * size;
  if (size >= 8) {
    const uint64_t first = word64(text) + kC, last = word64(text + size - 8);
    return join(turn(last, 37) * factor + first, (turn(first, 25) + last) * factor, factor);
  }
  if (size >= 4) return join(size + (word32(text) << 3), word32(text + size - 4), factor);
  if (size == 0) return kC;
  const auto byte = [&](size_t i) { return uint32_t(uint8_t(text[i])); };
  const uint32_t ends = byte(0) + (byte(size / 2) << 8);
  const uint32_t rest = uint32_t(size) + (byte(size - 1) << 2);
  return fold(ends * kC ^ rest * kA) * kC;
}

uint64_t hash_to_32(const char* text, size_t size) {
  const uint64_t factor = kC + 2 * size;
  const uint64_t a = word64(text) * kB, b = word64(text + 8);
  const uint64_t c = word64(text + size - 8) * factor, d = word64(text + size - 16) * kC;
  return join(turn(a + b, 43) + turn(c, 30) + d, a + turn(b + kC, 18) + c, factor);
}

uint64_t hash_to_64(const char* text, size_t size) {
  const uint64_t factor = kC + 2 * size;
  const uint64_t a = word64(text) * kC, b = word64(text + 8);
  const uint64_t c = word64(text + size - 8) * factor, d = word64(text + size - 16) * kC;
  const uint64_t y = turn(a + b, 43) + turn(c, 30) + d;
  const uint64_t z = join(y, a + turn(b + kC, 18) + c, factor);
  const uint64_t e = word64(text + 16) * factor, f = word64(text + 24);
  const uint64_t g = (y + word64(text + size - 32)) * factor;
  const uint64_t h = (z + word64(text + size - 24)) * factor;
  return join(turn(e + f, 43) + turn(g, 30) + h, e + turn(f + a, 18) + g, factor);
}

using Half = std::pair<uint64_t, uint64_t>;

// 32 bytes into a half of the state.
Half absorb(const char* text, uint64_t a, uint64_t b) {
  const uint64_t start = a + word64(text), last = word64(text + 24);
  b = turn(b + start + last, 21);
  const uint64_t sum = start + word64(text + 8) + word64(text + 16);
  return {sum + last, b + turn(sum, 44) + start};
}

uint64_t hash_long(const char* text, size_t size) {
  constexpr uint64_t kSeed = 81;
  uint64_t x = kSeed * kC + word64(text), y = kSeed * kB + 113, z = fold(y * kC + 113) * kC;
  Half v{0, 0}, w{0, 0};
  uint64_t factor = kB;
  // A block of 64 bytes; the last one, which may overlap the one before, weighs otherwise.
  const auto block = [&](const char* at, uint64_t first_weight, uint64_t second_weight) {
    x = turn(x + y + v.first + word64(at + 8), 37) * factor;
    y = turn(y + v.second + word64(at + 48), 42) * factor;
    x ^= w.second * first_weight;
    y += v.first * second_weight + word64(at + 40);
    z = turn(z + w.first, 33) * factor;
    v = absorb(at, v.second * factor, x + w.first);
    w = absorb(at + 32, z + w.second, y + word64(at + 16));
    std::swap(z, x);
  };
  const char* const last = text + size - 64;
  for (const char* at = text; at < last; at += 64) block(at, 1, 1);
  factor = kB + ((z & 0xff) << 1);
  w.first += (size - 1) & 63;
  v.first += w.first;
  w.first += v.first;
  block(last, 9, 9);
  return join(join(v.first, w.first, factor) + fold(y) * kA + z,
              join(v.second, w.second, factor) + x, factor);
}

uint64_t fingerprint(std::string_view text) {
  if (text.size() <= 16) return hash_to_16(text.data(), text.size());
  if (text.size() <= 32) return hash_to_32(text.data(), text.size());
  if (text.size() <= 64) return hash_to_64(text.data(), text.size());
  return hash_long(text.data(), text.size());
}

struct StringToHashBucket {
  int64_t num_buckets = 0;
};
void visit(AttrVisitor& v, StringToHashBucket& a) { v.on("num_buckets", a.num_buckets); }

void infer(InferContext& c) {
  c.expect_inputs(3, 3);
  expect_strings(c, 0);
  const int64_t buckets = c.attrs<StringToHashBucket>().num_buckets;
  if (buckets < 1) c.fail("num_buckets must be above 0, got {}", buckets);
  c.set_output(0, element::i64, c.shape(0));
}

void evaluate(EvalContext& c) {
  const auto buckets = uint64_t(c.attrs<StringToHashBucket>().num_buckets);
  const Strings strings(c, 0);
  int64_t* out = c.output(0, element::i64, c.shape(0)).data<int64_t>();
  for (size_t i = 0; i < strings.size(); ++i) out[i] = int64_t(fingerprint(strings[i]) % buckets);
}

}  // namespace

VIREO_DEFINE_OP(string_to_hash_bucket_extension){"StringToHashBucket", kExtensionOpset,
                                                 &kAttrType<StringToHashBucket>, infer, evaluate};

}  // namespace vireo::ops
