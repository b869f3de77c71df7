#include "image.h"

#include <algorithm>
#include <stdexcept>

#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#include <stb/stb_image_resize.h>
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

namespace ocr {

Image Image::read(const std::string& path) {
  Image image;
  int channels = 0;
  uint8_t* pixels = stbi_load(path.c_str(), &image.width, &image.height, &channels, 3);
  if (!pixels)
    throw std::runtime_error("picture '" + path + "' cannot be read: " + stbi_failure_reason());
  image.rgb.assign(pixels, pixels + size_t(image.width) * size_t(image.height) * 3);
  stbi_image_free(pixels);
  return image;
}

void Image::write_png(const std::string& path) const {
  if (!stbi_write_png(path.c_str(), width, height, 3, rgb.data(), width * 3))
    throw std::runtime_error("picture '" + path + "' cannot be written");
}

Image Image::resized(int w, int h) const {
  Image out{w, h, std::vector<uint8_t>(size_t(w) * size_t(h) * 3)};
  stbir_resize_uint8(rgb.data(), width, height, 0, out.rgb.data(), w, h, 0, 3);
  return out;
}

Image Image::cut(const Rect& r) const {
  Image out{r.width(), r.height(), {}};
  for (int y = r.y0; y < r.y1; ++y) {
    const uint8_t* row = rgb.data() + (size_t(y) * size_t(width) + size_t(r.x0)) * 3;
    out.rgb.insert(out.rgb.end(), row, row + size_t(r.width()) * 3);
  }
  return out;
}

Image Image::turned() const {
  Image out{width, height, std::vector<uint8_t>(rgb.size())};
  for (size_t i = 0; i < rgb.size() / 3; ++i)
    std::copy_n(&rgb[i * 3], 3, &out.rgb[rgb.size() - 3 - i * 3]);
  return out;
}

void Image::frame(const Rect& r, uint8_t red, uint8_t green, uint8_t blue) {
  auto dot = [&](int x, int y) {
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    uint8_t* p = &rgb[(size_t(y) * size_t(width) + size_t(x)) * 3];
    p[0] = red, p[1] = green, p[2] = blue;
  };
  for (int thick = 0; thick < 2; ++thick) {
    for (int x = r.x0; x < r.x1; ++x) dot(x, r.y0 + thick), dot(x, r.y1 - 1 - thick);
    for (int y = r.y0; y < r.y1; ++y) dot(r.x0 + thick, y), dot(r.x1 - 1 - thick, y);
  }
}

}  // namespace ocr
