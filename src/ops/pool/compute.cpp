// Average pooling over planes.
#include "ops/pool/compute.h"

namespace vireo::ops {

void set_spatial(PoolShape& shape, const std::vector<int64_t>& in, const std::vector<int64_t>& out,
                 const std::vector<WindowAxis>& axes) {
  for (size_t i = 0; i < in.size(); ++i) {
    const size_t at = 3 - in.size() + i;
    shape.in[at] = in[i];
    shape.out[at] = out[i];
    shape.axes[at] = axes[i];
  }
}

std::vector<double> avg_pool(const PoolShape& s, const std::vector<double>& x) {
  std::vector<double> r(s.planes * s.out_size());
  for (size_t p = 0; p < s.planes; ++p) {
    const double* from = x.data() + p * s.in_size();
    for_windows(
        s, [&](size_t at, const Extents3& origin, const Extents3& first, const Extents3& last) {
          double sum = 0;
          int64_t count = 0;
          for_taps(s, origin, first, last, [&](size_t i) { sum += from[i], ++count; });
          // Whatever hangs over counts as padding too, the part that rounding up added included.
          const int64_t divisor =
              s.exclude_pad ? count : s.axes[0].kernel * s.axes[1].kernel * s.axes[2].kernel;
          r[p * s.out_size() + at] = divisor ? sum / double(divisor) : 0;
        });
  }
  return r;
}

}  // namespace vireo::ops
