// The loops of every convolution's evaluate, over dense channels-first data of a compute domain.
#pragma once

#include <vector>

#include "ops/conv/window.h"

namespace vireo::ops {

// src [batch, groups * in_channels, in], wei [groups, out_channels, in_channels, kernel], dst
// [batch, groups * out_channels, out].
struct ConvShape {
  size_t batch = 1, groups = 1, in_channels = 1, out_channels = 1;  // channels of one group
  Extents3 in{1, 1, 1}, out{1, 1, 1};
  std::array<WindowAxis, 3> axes;

  size_t in_size() const { return size_t(in[0] * in[1] * in[2]); }
  size_t out_size() const { return size_t(out[0] * out[1] * out[2]); }
  size_t kernel_size() const { return size_t(axes[0].kernel * axes[1].kernel * axes[2].kernel); }
};

// Sets the last axes of a shape from up to three spatial ones.
void set_spatial(ConvShape& shape, const std::vector<int64_t>& in, const std::vector<int64_t>& out,
                 const std::vector<WindowAxis>& axes);

// What padding holds is 0.
template <typename T>
std::vector<T> convolve(const ConvShape& s, const std::vector<T>& src, const std::vector<T>& wei);

// The transposed convolution: in and out swap their parts in the window arithmetic. wei [groups,
// in_channels, out_channels, kernel].
template <typename T>
std::vector<T> convolve_transposed(const ConvShape& s, const std::vector<T>& src,
                                   const std::vector<T>& wei);

extern template std::vector<double> convolve(const ConvShape&, const std::vector<double>&,
                                             const std::vector<double>&);
extern template std::vector<int64_t> convolve(const ConvShape&, const std::vector<int64_t>&,
                                              const std::vector<int64_t>&);
extern template std::vector<uint64_t> convolve(const ConvShape&, const std::vector<uint64_t>&,
                                               const std::vector<uint64_t>&);
extern template std::vector<double> convolve_transposed(const ConvShape&,
                                                        const std::vector<double>&,
                                                        const std::vector<double>&);
extern template std::vector<int64_t> convolve_transposed(const ConvShape&,
                                                         const std::vector<int64_t>&,
                                                         const std::vector<int64_t>&);
extern template std::vector<uint64_t> convolve_transposed(const ConvShape&,
                                                          const std::vector<uint64_t>&,
                                                          const std::vector<uint64_t>&);

}  // namespace vireo::ops
