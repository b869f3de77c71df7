// Attention over double data, shared by the public operator and vireo.Attention.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace vireo::ops {

// q [batch, S, D], k [kv, T, D], v [kv, T, E], dst [batch, S, E]; `kv_of` gives the k and v of a
// batch entry. `mask` returns what is added to a score: -infinity hides the key.
struct AttentionShape {
  size_t batch = 1, queries = 1, keys = 1, depth = 1, width = 1;
  double scale = 1;
  // An extra score without a value that takes part in the softmax (a sink), per batch entry; empty
  // if there is none.
  std::vector<double> sinks;
};

template <typename KvOf, typename Mask>
std::vector<double> attend(const AttentionShape& s, const std::vector<double>& q,
                           const std::vector<double>& k, const std::vector<double>& v, KvOf&& kv_of,
                           Mask&& mask) {
  std::vector<double> dst(s.batch * s.queries * s.width), scores(s.keys);
  for (size_t b = 0; b < s.batch; ++b) {
    const double *keys = k.data() + kv_of(b) * s.keys * s.depth,
                 *values = v.data() + kv_of(b) * s.keys * s.width;
    for (size_t i = 0; i < s.queries; ++i) {
      const double* query = q.data() + (b * s.queries + i) * s.depth;
      double* to = dst.data() + (b * s.queries + i) * s.width;
      double max = s.sinks.empty() ? -std::numeric_limits<double>::infinity() : s.sinks[b], sum = 0;
      for (size_t j = 0; j < s.keys; ++j) {
        double dot = 0;
        for (size_t d = 0; d < s.depth; ++d) dot += query[d] * keys[j * s.depth + d];
        scores[j] = dot * s.scale + mask(b, i, j);
        max = std::max(max, scores[j]);
      }
      // A query that sees no key has no answer; its row is 0.
      if (max == -std::numeric_limits<double>::infinity()) continue;
      if (!s.sinks.empty()) sum += std::exp(s.sinks[b] - max);
      for (size_t j = 0; j < s.keys; ++j) sum += scores[j] = std::exp(scores[j] - max);
      for (size_t j = 0; j < s.keys; ++j)
        for (size_t e = 0; e < s.width; ++e) to[e] += scores[j] / sum * values[j * s.width + e];
    }
  }
  return dst;
}

}  // namespace vireo::ops
