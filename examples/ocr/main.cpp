// Reads the text in a picture with the three PP-OCR networks, and writes the picture with the boxes
// that it found.
//   ocr DET.onnx CLS.onnx REC.onnx PICTURE [ANNOTATED.png]
#include <cstdio>

#include "text.h"

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: ocr DET.onnx CLS.onnx REC.onnx PICTURE [ANNOTATED.png]\n");
    return 2;
  }
  try {
    vireo::Core core;
    ocr::Detector detector(core, argv[1]);
    ocr::Classifier classifier(core, argv[2]);
    ocr::Recogniser recogniser(core, argv[3]);
    ocr::Image image = ocr::Image::read(argv[4]);
    ocr::Image annotated = image;

    double classified = 0, recognised = 0;
    const auto boxes = detector.find(image);
    for (const ocr::Rect& box : boxes) {
      ocr::Image line = image.cut(box);
      if (classifier.upside_down(line)) line = line.turned();
      classified += classifier.milliseconds;
      const ocr::Text text = recogniser.read(line);
      recognised += recogniser.milliseconds;
      if (text.score < 0.5f) continue;
      std::printf("[%4d,%4d %4dx%-3d] %.2f  %s\n", box.x0, box.y0, box.width(), box.height(),
                  double(text.score), text.text.c_str());
      annotated.frame(box, 220, 30, 60);
    }
    std::printf("detection %.1f ms, classification %.1f ms, recognition %.1f ms for %zu lines\n",
                detector.milliseconds, classified, recognised, boxes.size());
    if (argc > 5) {
      annotated.write_png(argv[5]);
      std::printf("wrote %s\n", argv[5]);
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ocr: %s\n", e.what());
    return 1;
  }
}
