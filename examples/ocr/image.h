// An RGB picture, and the little that reading text needs to do with one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ocr {

struct Rect {
  int x0, y0, x1, y1;  // [x0, x1) by [y0, y1)
  int width() const { return x1 - x0; }
  int height() const { return y1 - y0; }
};

struct Image {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;  // rows of width * 3 bytes

  static Image read(const std::string& path);  // PNG, JPEG, BMP; throws std::runtime_error
  void write_png(const std::string& path) const;
  Image resized(int w, int h) const;
  Image cut(const Rect& r) const;
  Image turned() const;  // by 180 degrees
  void frame(const Rect& r, uint8_t red, uint8_t green, uint8_t blue);
};

}  // namespace ocr
