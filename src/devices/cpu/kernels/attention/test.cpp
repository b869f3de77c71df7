// Attention against the formula in double.
#include "devices/cpu/kernels/attention/attention.h"

#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

struct Setting {
  int64_t batch, heads, kv_heads, q_length, kv_length, head_size, value_size;
  bool causal;
  AttentionMask mask;
  int64_t mask_row, mask_col;
};

struct Data {
  std::vector<float> q, k, v, mask, out;
  std::vector<uint8_t> flags;
};

// q, out as [B, S, H, D] and k, v as [B, H, S, D]: both layouts that networks use.
AttentionParams params_of(const Setting& s) {
  AttentionParams p;
  p.batch = s.batch, p.heads = s.heads, p.kv_heads = s.kv_heads, p.q_length = s.q_length;
  p.head_size = s.head_size, p.value_size = s.value_size, p.causal = s.causal, p.mask = s.mask;
  p.scale = 1.0f / std::sqrt(static_cast<float>(s.head_size));
  p.q = {s.q_length * s.heads * s.head_size, s.head_size, s.heads * s.head_size};
  p.out = {s.q_length * s.heads * s.value_size, s.value_size, s.heads * s.value_size};
  p.k = {s.kv_heads * s.kv_length * s.head_size, s.kv_length * s.head_size, s.head_size};
  p.v = {s.kv_heads * s.kv_length * s.value_size, s.kv_length * s.value_size, s.value_size};
  p.mask_row = s.mask_row, p.mask_col = s.mask_col, p.mask_batch = s.q_length * s.kv_length;
  return p;
}

Data data_of(const Setting& s) {
  Data d;
  d.q = random_floats(s.batch * s.q_length * s.heads * s.head_size, -2, 2, 1);
  d.k = random_floats(s.batch * s.kv_length * s.kv_heads * s.head_size, -2, 2, 2);
  d.v = random_floats(s.batch * s.kv_length * s.kv_heads * s.value_size, -2, 2, 3);
  d.mask = random_floats(s.batch * s.q_length * s.kv_length, -3, 1, 4);
  for (float& m : d.mask) m = m < -2 ? -INFINITY : m;
  for (const float m : d.mask) d.flags.push_back(m > -1);
  d.out.assign(static_cast<size_t>(s.batch * s.q_length * s.heads * s.value_size), -7.0f);
  return d;
}

std::vector<double> reference(const Setting& s, const AttentionParams& p, const Data& d) {
  std::vector<double> out(d.out.size());
  for (int64_t b = 0; b < s.batch; ++b)
    for (int64_t h = 0; h < s.heads; ++h)
      for (int64_t i = 0; i < s.q_length; ++i) {
        const int64_t g = h / (s.heads / s.kv_heads);
        std::vector<double> score(static_cast<size_t>(s.kv_length), -INFINITY);
        double m = -INFINITY, sum = 0;
        for (int64_t j = 0; j < s.kv_length; ++j) {
          if (s.causal && j > i + s.kv_length - s.q_length) continue;
          double x = 0;
          for (int64_t e = 0; e < s.head_size; ++e)
            x +=
                static_cast<double>(
                    d.q[static_cast<size_t>(b * p.q.batch + h * p.q.head + i * p.q.position + e)]) *
                d.k[static_cast<size_t>(b * p.k.batch + g * p.k.head + j * p.k.position + e)];
          x *= p.scale;
          const size_t at = static_cast<size_t>(b * p.mask_batch + i * p.mask_row + j * p.mask_col);
          if (s.mask == AttentionMask::additive) x += d.mask[at];
          if (s.mask == AttentionMask::boolean && !d.flags[at]) x = -INFINITY;
          score[static_cast<size_t>(j)] = x;
          m = std::fmax(m, x);
        }
        for (double& x : score) sum += x = m == -INFINITY ? 0 : std::exp(x - m);
        for (int64_t e = 0; e < s.value_size; ++e) {
          double y = 0;
          for (int64_t j = 0; j < s.kv_length; ++j)
            y += score[static_cast<size_t>(j)] *
                 d.v[static_cast<size_t>(b * p.v.batch + g * p.v.head + j * p.v.position + e)];
          out[static_cast<size_t>(b * p.out.batch + h * p.out.head + i * p.out.position + e)] =
              sum > 0 ? y / sum : 0;
        }
      }
  return out;
}

AttentionArgs args_of(const Setting& s, Data& d) {
  const void* mask =
      s.mask == AttentionMask::boolean ? static_cast<const void*>(d.flags.data()) : d.mask.data();
  return {d.q.data(), d.k.data(), d.v.data(), mask, d.out.data(), s.kv_length};
}

const Setting kSettings[] = {
    {1, 1, 1, 1, 1, 1, 1, false, AttentionMask::none, 0, 0},
    {2, 3, 3, 33, 33, 64, 64, false, AttentionMask::none, 0, 0},
    {1, 2, 2, 197, 197, 32, 32, false, AttentionMask::additive, 197, 1},
    {2, 4, 2, 40, 100, 16, 24, true, AttentionMask::none, 0, 0},
    {2, 4, 1, 5, 130, 80, 20, true, AttentionMask::boolean, 130, 1},
    {1, 2, 2, 7, 64, 9, 17, false, AttentionMask::additive, 0, 1},
    {1, 2, 2, 70, 3, 8, 8, false, AttentionMask::boolean, 3, 1},
    {1, 8, 8, 1, 500, 128, 128, true, AttentionMask::none, 0, 0},
    {1, 1, 1, 20, 9, 8, 8, true, AttentionMask::none, 0, 0},  // the first queries see nothing
    {1, 2, 1, 12, 12, 8, 8, false, AttentionMask::additive, 1, 0},
};

TEST(Attention, MatchesFormula) {
  for (const IsaSet& isa : tiers())
    for (const Setting& s : kSettings) {
      for (const DataType type : {DataType::f32, DataType::bf16}) {
        Data d = data_of(s);
        AttentionParams p = params_of(s);
        p.type = type;
        Stored q(d.q, type), k(d.k, type), v(d.v, type), out(d.out, type);
        AttentionArgs a = args_of(s, d);
        a.q = q.data(), a.k = k.data(), a.v = v.data(), a.out = out.data();
        run_in_parts(run_attention, plan_attention(p, isa), a);
        out.read();
        expect_near(d.out, reference(s, p, d), 5e-6 + 2 * rounding_of(type), "attention");
      }
    }
}

// A prompt in two chunks gives the bits of the whole.
TEST(Attention, RowsDoNotDependOnChunking) {
  for (const IsaSet& isa : tiers()) {
    const Setting s = {1, 2, 2, 150, 150, 64, 64, true, AttentionMask::none, 0, 0};
    Data whole = data_of(s), parts = data_of(s);
    AttentionParams p = params_of(s);
    run_in_parts(run_attention, plan_attention(p, isa), args_of(s, whole));
    int64_t done = 0;
    for (const int64_t chunk : {77, 1, 72}) {
      p.q_length = chunk;
      AttentionArgs a = args_of(s, parts);
      a.q = parts.q.data() + done * p.q.position;
      a.out = parts.out.data() + done * p.out.position;
      done += chunk;
      a.kv_length = done;
      run_in_parts(run_attention, plan_attention(p, isa), a);
    }
    ASSERT_EQ(whole.out, parts.out);
  }
}

}  // namespace
}  // namespace vireo::cpu
