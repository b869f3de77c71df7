#include "text.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <sstream>

namespace ocr {
namespace {

// The networks were trained on pictures as OpenCV reads them: blue first.
vireo::Tensor to_tensor(const Image& image, size_t padded_width, const float (&mean)[3],
                        const float (&scale)[3]) {
  const size_t w = size_t(image.width), h = size_t(image.height);
  vireo::Tensor t(vireo::element::f32, {1, 3, h, padded_width});
  float* out = t.data<float>();
  std::fill_n(out, t.get_size(), 0.0f);
  for (size_t c = 0; c < 3; ++c)
    for (size_t y = 0; y < h; ++y)
      for (size_t x = 0; x < w; ++x)
        out[(c * h + y) * padded_width + x] =
            (float(image.rgb[(y * w + x) * 3 + 2 - c]) / 255.0f - mean[c]) * scale[c];
  return t;
}

constexpr float kHalf[3] = {0.5f, 0.5f, 0.5f}, kTwo[3] = {2.0f, 2.0f, 2.0f};

// Height 48, as wide as its shape asks for.
Image line_of_height_48(const Image& line, int max_width) {
  const int w = int(std::ceil(48.0 * line.width / std::max(1, line.height)));
  return line.resized(std::clamp(w, 8, max_width), 48);
}

double run(vireo::InferRequest& request, const vireo::Tensor& input) {
  const auto start = std::chrono::steady_clock::now();
  request.set_input_tensor(input);
  request.infer();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

vireo::InferRequest make_request(vireo::Core& core, const std::string& model) {
  return core.compile_model(model, "CPU").create_infer_request();
}

struct Region {
  Rect box;
  double sum = 0;
  int count = 0;
};

// The connected region of pixels above the threshold that holds (x, y); its pixels are taken off
// the map.
Region take_region(std::vector<float>& map, int w, int h, int x, int y, float threshold) {
  Region r{{x, y, x + 1, y + 1}};
  std::vector<std::pair<int, int>> open{{x, y}};
  while (!open.empty()) {
    auto [px, py] = open.back();
    open.pop_back();
    if (px < 0 || py < 0 || px >= w || py >= h) continue;
    float& p = map[size_t(py) * size_t(w) + size_t(px)];
    if (p <= threshold) continue;
    r.sum += p;
    ++r.count;
    p = 0;
    r.box = {std::min(r.box.x0, px), std::min(r.box.y0, py), std::max(r.box.x1, px + 1),
             std::max(r.box.y1, py + 1)};
    for (auto [dx, dy] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}})
      open.push_back({px + dx, py + dy});
  }
  return r;
}

}  // namespace

Detector::Detector(vireo::Core& core, const std::string& model)
    : request_(make_request(core, model)) {}

std::vector<Rect> Detector::find(const Image& image) {
  // At most 960 on the long side, both sides multiples of 32: what the network's strides need.
  const double shrink = std::min(1.0, 960.0 / std::max(image.width, image.height));
  auto side = [&](int n) { return std::max(32, int(std::lround(n * shrink / 32)) * 32); };
  const Image small = image.resized(side(image.width), side(image.height));
  constexpr float kMean[3] = {0.485f, 0.456f, 0.406f},
                  kScale[3] = {1 / 0.229f, 1 / 0.224f, 1 / 0.225f};
  milliseconds = run(request_, to_tensor(small, size_t(small.width), kMean, kScale));

  const vireo::Tensor out = request_.get_output_tensor(0);
  std::vector<float> map(out.data<float>(), out.data<float>() + out.get_size());
  const double sx = double(image.width) / small.width, sy = double(image.height) / small.height;
  std::vector<Rect> boxes;
  for (int y = 0; y < small.height; ++y)
    for (int x = 0; x < small.width; ++x) {
      if (map[size_t(y) * size_t(small.width) + size_t(x)] <= 0.3f) continue;
      const Region r = take_region(map, small.width, small.height, x, y, 0.3f);
      if (r.count < 12 || r.sum / r.count < 0.5) continue;
      // The map marks the core of a line: grow by area * 1.6 / perimeter (the "unclip" of the DB
      // paper).
      const double grow =
          double(r.box.width()) * r.box.height() * 1.6 / (2.0 * (r.box.width() + r.box.height()));
      boxes.push_back({std::max(0, int((r.box.x0 - grow) * sx)),
                       std::max(0, int((r.box.y0 - grow) * sy)),
                       std::min(image.width, int((r.box.x1 + grow) * sx)),
                       std::min(image.height, int((r.box.y1 + grow) * sy))});
    }
  // Reading order: lines from the top, words of a line from the left.
  std::sort(boxes.begin(), boxes.end(),
            [](const Rect& a, const Rect& b) { return a.y0 != b.y0 ? a.y0 < b.y0 : a.x0 < b.x0; });
  for (size_t i = 1; i < boxes.size(); ++i)
    for (size_t k = i; k > 0 && boxes[k].y0 - boxes[k - 1].y0 < boxes[k].height() / 2 &&
                       boxes[k].x0 < boxes[k - 1].x0;
         --k)
      std::swap(boxes[k], boxes[k - 1]);
  return boxes;
}

Classifier::Classifier(vireo::Core& core, const std::string& model)
    : request_(make_request(core, model)) {}

bool Classifier::upside_down(const Image& line) {
  milliseconds = run(request_, to_tensor(line_of_height_48(line, 192), 192, kHalf, kTwo));
  return request_.get_output_tensor(0).data<float>()[1] > 0.9f;
}

Recogniser::Recogniser(vireo::Core& core, const std::string& path) {
  const auto model = core.read_model(path);
  // The class table travels in the model's metadata; class 0 is the blank, the last one the space.
  std::stringstream table(model->get_rt_info({"framework", "character"}));
  characters_.emplace_back();
  for (std::string c; std::getline(table, c);) characters_.push_back(c);
  characters_.emplace_back(" ");
  request_ = core.compile_model(model, "CPU").create_infer_request();
}

Text Recogniser::read(const Image& line) {
  const Image sized = line_of_height_48(line, 3200);
  milliseconds = run(request_, to_tensor(sized, size_t(std::max(320, sized.width)), kHalf, kTwo));
  const vireo::Tensor out = request_.get_output_tensor(0);
  const size_t steps = out.get_shape()[1], classes = out.get_shape()[2];
  Text text{"", 0};
  size_t last = 0, count = 0;
  for (size_t s = 0; s < steps; ++s) {
    const float* p = out.data<float>() + s * classes;
    const size_t best = size_t(std::max_element(p, p + classes) - p);
    // CTC: a class that repeats counts once, the blank not at all.
    if (best != last && best != 0 && best < characters_.size()) {
      text.text += characters_[best];
      text.score += p[best];
      ++count;
    }
    last = best;
  }
  if (count) text.score /= float(count);
  return text;
}

}  // namespace ocr
