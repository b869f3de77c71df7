// Attention over pages against the formula in double.
#include "devices/cpu/kernels/attention/paged.h"

#include "devices/cpu/kernels/vector_testing.h"

namespace vireo::cpu {
namespace {

using namespace test;

struct Setting {
  DataType type;
  int64_t heads, kv_heads, head_size, value_size;
  std::vector<std::pair<int64_t, int64_t>> rows;  // past, fresh
  int64_t window = 0;
  float soft_cap = 0;
  bool slopes = false, hidden = false;
};

// Sequences of a ragged batch, [1, all fresh tokens, heads, size] as graphs have them.
class Batch {
 public:
  Batch(const Setting& s, const IsaSet& isa) : setting_(s) {
    PagedParams p;
    p.layout = paged_layout(s.type, s.type, s.kv_heads, s.head_size, s.value_size, 64);
    p.heads = s.heads, p.scale = 1 / std::sqrt(float(s.head_size));
    p.window = s.window, p.soft_cap = s.soft_cap;
    slopes_ = random_floats(s.heads, 0, 0.1, 5);
    if (s.slopes) p.slopes = slopes_.data();
    p.q = {0, s.head_size, s.heads * s.head_size};
    p.k = {0, s.head_size, s.kv_heads * s.head_size};
    p.v = {0, s.value_size, s.kv_heads * s.value_size};
    p.out = {0, s.value_size, s.heads * s.value_size};
    plan = plan_paged(p, isa);
    blocks_.resize(s.rows.size());
    for (size_t r = 0; r < s.rows.size(); ++r) {
      const int64_t all = s.rows[r].first + s.rows[r].second;
      for (int64_t t = 0; t < all; t += kPageTokens) {
        memory_.emplace_back(plan.params.layout.end + 128, uint8_t{0x7f});
        const auto at = reinterpret_cast<uintptr_t>(memory_.back().data());
        blocks_[r].push_back(memory_.back().data() + (63 - (at + 63) % 64));
      }
      const unsigned seed = unsigned(10 * r);
      q.push_back(random_floats(all * s.heads * s.head_size, -2, 2, seed + 1));
      k.push_back(random_floats(all * s.kv_heads * s.head_size, -2, 2, seed + 2));
      v.push_back(random_floats(all * s.kv_heads * s.value_size, -2, 2, seed + 3));
      shown_.emplace_back(size_t(all), uint8_t{1});
      if (s.hidden)
        for (int64_t t = 0; t < all / 3; ++t) shown_.back()[size_t(t)] = uint8_t(t % 7 == 5);
    }
  }

  // Tokens [begin, end) of row r, or of all rows side by side.
  std::vector<float> run(const std::vector<std::pair<int64_t, int64_t>>& spans) {
    std::vector<PagedRow> rows;
    std::vector<float> qs, ks, vs;
    int64_t first = 0;
    for (size_t r = 0; r < spans.size(); ++r) {
      const auto [begin, end] = spans[r];
      const auto take = [&, b = begin, e = end](std::vector<float>& to,
                                                const std::vector<float>& x) {
        const size_t width = x.size() / shown_[r].size();
        to.insert(to.end(), x.begin() + int64_t(width) * b, x.begin() + int64_t(width) * e);
      };
      take(qs, q[r]), take(ks, k[r]), take(vs, v[r]);
      rows.push_back({blocks_[r].data(), begin, end - begin, 0, first,
                      setting_.hidden ? shown_[r].data() : nullptr});
      first += end - begin;
    }
    PagedBatch batch{rows.data(), int64_t(rows.size()), nullptr};
    std::vector<float> partials(size_t(partial_floats(plan.params, batch)), NAN);
    batch.partials = partials.data();
    std::vector<float> out(size_t(first * setting_.heads * setting_.value_size), -7.0f);
    std::vector<float> scratch(plan.scratch_bytes / sizeof(float) + 32, NAN);
    void* aligned =
        reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(scratch.data()) + 63) / 64 * 64);
    const int64_t cut = plan.tasks / 3, all = plan.tasks;
    run_paged_append(plan, batch, ks.data(), vs.data(), cut, all);
    run_paged_append(plan, batch, ks.data(), vs.data(), 0, cut);
    run_paged(plan, batch, qs.data(), out.data(), cut, all, aligned);
    run_paged(plan, batch, qs.data(), out.data(), 0, cut, aligned);
    run_paged_merge(plan, batch, out.data(), cut, all);
    run_paged_merge(plan, batch, out.data(), 0, cut);
    return out;
  }

  // What the pages of a row hold, [tokens, kv heads, size].
  std::vector<float> stored(size_t r, bool keys) {
    const PagedLayout& l = plan.params.layout;
    const int64_t size = keys ? l.head_size : l.value_size, all = int64_t(shown_[r].size());
    std::vector<float> to(size_t(all * l.kv_heads * size)), page(size_t(kPageTokens * size));
    for (int64_t h = 0; h < l.kv_heads; ++h)
      for (int64_t t = 0; t < all; ++t) {
        const uint8_t* from =
            blocks_[r][size_t(t / kPageTokens)] +
            (keys ? l.keys + size_t(h) * l.key_page : l.values + size_t(h) * l.value_page);
        const int64_t at = t % kPageTokens;
        (keys ? plan.table->read_keys : plan.table->read_values)(l, from, at, at + 1, page.data());
        std::copy_n(page.data(), size, to.data() + (t * l.kv_heads + h) * size);
      }
    return to;
  }

  std::vector<double> reference(size_t r) {
    const PagedParams& p = plan.params;
    const std::vector<float> keys = stored(r, true), values = stored(r, false);
    const int64_t past = setting_.rows[r].first, all = int64_t(shown_[r].size());
    std::vector<double> out;
    for (int64_t i = past; i < all; ++i)
      for (int64_t h = 0; h < p.heads; ++h) {
        const int64_t g = h / (p.heads / p.layout.kv_heads);
        std::vector<double> w(size_t(all), -INFINITY);
        double largest = -INFINITY, sum = 0;
        for (int64_t j = 0; j <= i; ++j) {
          if ((p.window && j <= i - p.window) || (setting_.hidden && !shown_[r][size_t(j)]))
            continue;
          double x = 0;
          for (int64_t d = 0; d < p.layout.head_size; ++d)
            x += double(q[r][size_t((i * p.heads + h) * p.layout.head_size + d)]) *
                 keys[size_t((j * p.layout.kv_heads + g) * p.layout.head_size + d)];
          x *= p.scale;
          if (p.soft_cap != 0) x = p.soft_cap * std::tanh(x / p.soft_cap);
          if (p.slopes) x += double(p.slopes[h]) * double(j);
          w[size_t(j)] = x;
          largest = std::fmax(largest, x);
        }
        for (double& x : w) sum += x = largest == -INFINITY ? 0 : std::exp(x - largest);
        for (int64_t e = 0; e < p.layout.value_size; ++e) {
          double y = 0;
          for (int64_t j = 0; j < all; ++j)
            y += w[size_t(j)] *
                 values[size_t((j * p.layout.kv_heads + g) * p.layout.value_size + e)];
          out.push_back(sum > 0 ? y / sum : 0);
        }
      }
    return out;
  }

  std::vector<std::pair<int64_t, int64_t>> spans(bool past) const {
    std::vector<std::pair<int64_t, int64_t>> all;
    for (const auto& [before, fresh] : setting_.rows)
      all.push_back(past ? std::pair<int64_t, int64_t>{0, before}
                         : std::pair<int64_t, int64_t>{before, before + fresh});
    return all;
  }

  PagedPlan plan;
  std::vector<std::vector<float>> q, k, v;

 private:
  Setting setting_;
  std::vector<float> slopes_;
  std::vector<std::vector<uint8_t>> memory_;
  std::vector<std::vector<uint8_t*>> blocks_;
  std::vector<std::vector<uint8_t>> shown_;
};

const Setting kSettings[] = {
    {DataType::f32, 1, 1, 1, 1, {{0, 1}}},
    {DataType::f32, 4, 2, 16, 24, {{5, 1}, {127, 3}, {300, 1}, {0, 40}}},
    {DataType::f32, 6, 2, 80, 20, {{130, 2}, {3, 150}}, 20},
    {DataType::f32, 2, 2, 33, 9, {{64, 5}, {700, 1}}, 0, 5, true},
    {DataType::f32, 3, 1, 64, 64, {{90, 4}, {200, 60}}, 0, 0, false, true},
    {DataType::bf16, 4, 1, 64, 64, {{128, 1}, {250, 33}}},
    {DataType::u8, 4, 2, 64, 32, {{31, 2}, {257, 1}, {10, 140}}},
    {DataType::u8, 8, 1, 20, 17, {{100, 7}}, 30, 0, true, true},
    {DataType::u8, 1, 1, 3, 2, {{40, 1}}},
};

TEST(PagedAttention, MatchesFormula) {
  for (const IsaSet& isa : tiers())
    for (const Setting& s : kSettings) {
      Batch batch(s, isa);
      batch.run(batch.spans(true));
      const std::vector<float> out = batch.run(batch.spans(false));
      std::vector<double> want;
      for (size_t r = 0; r < s.rows.size(); ++r) {
        const std::vector<double> row = batch.reference(r);
        want.insert(want.end(), row.begin(), row.end());
      }
      expect_near(out, want, 2e-5, "paged attention");
    }
}

// Codes are within half a step of what was stored, bf16 within half a unit in the last place.
TEST(PagedAttention, StoresWithinRounding) {
  for (const IsaSet& isa : tiers())
    for (const Setting& s : kSettings) {
      Batch batch(s, isa);
      batch.run(batch.spans(true));
      batch.run(batch.spans(false));
      const double rounding = s.type == DataType::u8 ? 4.0 / 255 / 2 : 2 * rounding_of(s.type);
      for (size_t r = 0; r < s.rows.size(); ++r) {
        expect_near(batch.stored(r, true), {batch.k[r].begin(), batch.k[r].end()}, rounding * 1.001,
                    "keys");
        expect_near(batch.stored(r, false), {batch.v[r].begin(), batch.v[r].end()},
                    rounding * 1.001, "values");
      }
    }
}

// A prompt in chunks, and beside others, gives the bits of the whole alone.
TEST(PagedAttention, RowsDoNotDependOnChunkingOrCompany) {
  for (const IsaSet& isa : tiers()) {
    const Setting s = {DataType::f32, 4, 2, 64, 64, {{0, 300}, {0, 77}}};
    Batch alone(s, isa), parts(s, isa);
    const std::vector<float> whole = alone.run({{0, 300}});
    std::vector<float> joined;
    int64_t done = 0;
    for (const int64_t chunk : {150, 1, 20, 129}) {
      const std::vector<float> part = parts.run({{done, done + chunk}, {0, 77}});
      joined.insert(joined.end(), part.begin(), part.begin() + chunk * 4 * 64);
      done += chunk;
    }
    ASSERT_EQ(whole, joined);
  }
}

}  // namespace
}  // namespace vireo::cpu
