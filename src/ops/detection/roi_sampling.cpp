#include "ops/detection/roi_sampling.h"

#include <algorithm>
#include <cmath>

namespace vireo::ops {
namespace {

struct Sample {
  size_t at[4];
  float weight[4];
};

Sample sample_at(float x, float y, size_t height, size_t width) {
  Sample s{{0, 0, 0, 0}, {0, 0, 0, 0}};
  if (!(x >= -1.0f && x <= float(width) && y >= -1.0f && y <= float(height))) return s;
  x = std::max(x, 0.0f);
  y = std::max(y, 0.0f);
  size_t left = size_t(x), top = size_t(y), right = left + 1, bottom = top + 1;
  if (left + 1 >= width) x = float(left = right = width - 1);
  if (top + 1 >= height) y = float(top = bottom = height - 1);
  const float dx = x - float(left), dy = y - float(top);
  return {{top * width + left, top * width + right, bottom * width + left, bottom * width + right},
          {(1 - dy) * (1 - dx), (1 - dy) * dx, dy * (1 - dx), dy * dx}};
}

}  // namespace

void pool_region(const float* map, size_t channels, size_t height, size_t width,
                 const SampleSpace& space, const RoiPooling& p, float* out) {
  const float bin_h = space.height / float(p.height), bin_w = space.width / float(p.width);
  const auto samples_in = [&](float bin) {
    return p.sampling_ratio > 0 ? p.sampling_ratio
                                : int64_t(bounded(std::ceil(bin), 0.0f, 1024.0f));
  };
  const int64_t rows = samples_in(bin_h), columns = samples_in(bin_w);
  const float step_h = bin_h / float(rows), step_w = bin_w / float(columns);
  std::vector<Sample> samples;
  for (int64_t bin_y = 0; bin_y < p.height; ++bin_y)
    for (int64_t bin_x = 0; bin_x < p.width; ++bin_x) {
      samples.clear();
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t k = 0; k < columns; ++k) {
          float y = space.y + float(bin_y) * bin_h + step_h * (float(r) + 0.5f),
                x = space.x + float(bin_x) * bin_w + step_w * (float(k) + 0.5f);
          if (space.turned) {
            const float turned_y = y * space.cos - x * space.sin + space.centre_y;
            x = y * space.sin + x * space.cos + space.centre_x;
            y = turned_y;
          }
          samples.push_back(sample_at(x, y, height, width));
        }
      for (size_t ch = 0; ch < channels; ++ch) {
        float pooled = 0;
        for (const Sample& s : samples) {
          float value = 0;
          for (int i = 0; i < 4; ++i) value += s.weight[i] * map[ch * height * width + s.at[i]];
          pooled = p.max ? std::max(pooled, value) : pooled + value / float(samples.size());
        }
        out[(ch * size_t(p.height) + size_t(bin_y)) * size_t(p.width) + size_t(bin_x)] = pooled;
      }
    }
}

}  // namespace vireo::ops
