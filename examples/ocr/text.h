// The three networks of PP-OCR, with what stands before and after each.
#pragma once

#include <string>
#include <vector>

#include "image.h"
#include "vireo/core.h"

namespace ocr {

// Finds lines of text: a map of probabilities, its connected regions, a box around each.
class Detector {
 public:
  Detector(vireo::Core& core, const std::string& model);
  std::vector<Rect> find(const Image& image);
  double milliseconds = 0;  // inside the network, of the last call

 private:
  vireo::InferRequest request_;
};

// Says whether a line stands on its head.
class Classifier {
 public:
  Classifier(vireo::Core& core, const std::string& model);
  bool upside_down(const Image& line);
  double milliseconds = 0;

 private:
  vireo::InferRequest request_;
};

struct Text {
  std::string text;
  float score;  // mean probability of the characters
};

class Recogniser {
 public:
  Recogniser(vireo::Core& core, const std::string& model);
  Text read(const Image& line);
  double milliseconds = 0;

 private:
  std::vector<std::string> characters_;
  vireo::InferRequest request_;
};

}  // namespace ocr
