// Overlap of boxes that are turned about their centres.
#pragma once

namespace vireo::ops {

struct RotatedBox {
  float x, y, width, height, angle;  // angle in radians
};

float overlap(const RotatedBox& a, const RotatedBox& b);

}  // namespace vireo::ops
