// Bilinear sampling of feature maps inside regions, which ROIAlign, its rotated form and the
// Detectron extractor share.
#pragma once

#include "ops/detection/boxes.h"

namespace vireo::ops {

// A region's own coordinates: sampling starts at (x, y) over (width, height); a turned region maps
// points about its centre.
struct SampleSpace {
  float x, y, width, height;
  bool turned = false;
  float centre_x = 0, centre_y = 0, cos = 1, sin = 0;
};

struct RoiPooling {
  int64_t height, width, sampling_ratio;
  bool max = false;
};

// Pools one region of one [C, H, W] map into [C, pooled height, pooled width].
void pool_region(const float* map, size_t channels, size_t height, size_t width,
                 const SampleSpace& space, const RoiPooling& pooling, float* out);

}  // namespace vireo::ops
