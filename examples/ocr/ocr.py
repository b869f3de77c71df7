#!/usr/bin/env python3
"""Reads the text in a picture with the three PP-OCR networks: the Python twin of main.cpp.

    ocr.py DET.onnx CLS.onnx REC.onnx PICTURE [ANNOTATED.png]

Needs vireo, numpy and pillow.
"""
import sys
import time

import numpy as np
from PIL import Image, ImageDraw

import vireo as ov


def to_tensor(image, width, mean, scale):
    """NCHW, blue first (as the networks were trained), padded with zeros on the right."""
    pixels = np.asarray(image, np.float32)[:, :, ::-1] / 255
    out = np.zeros((1, 3, image.height, width), np.float32)
    out[0, :, :, :image.width] = ((pixels - mean) * scale).transpose(2, 0, 1)
    return out


def line_of_height_48(line, max_width):
    width = int(np.ceil(48 * line.width / max(1, line.height)))
    return line.resize((min(max(width, 8), max_width), 48), Image.BILINEAR)


def timed(model, tensor, times, key):
    start = time.perf_counter()
    out = model(tensor)[0]
    times[key] = times.get(key, 0) + 1e3 * (time.perf_counter() - start)
    return out


def regions(mask):
    """Boxes (x0, y0, x1, y1) of the connected regions of a boolean map."""
    left = mask.copy()
    for y, x in np.argwhere(mask):
        if not left[y, x]:
            continue
        open_, pixels = [(y, x)], []
        left[y, x] = False
        while open_:
            py, px = open_.pop()
            pixels.append((py, px))
            for qy, qx in ((py + 1, px), (py - 1, px), (py, px + 1), (py, px - 1)):
                if 0 <= qy < mask.shape[0] and 0 <= qx < mask.shape[1] and left[qy, qx]:
                    left[qy, qx] = False
                    open_.append((qy, qx))
        yield np.array(pixels)


def find_lines(detector, image, times):
    shrink = min(1.0, 960 / max(image.size))
    width, height = (max(32, round(n * shrink / 32) * 32) for n in image.size)
    tensor = to_tensor(image.resize((width, height), Image.BILINEAR), width, (0.485, 0.456, 0.406), (1 / 0.229, 1 / 0.224, 1 / 0.225))
    probability = timed(detector, tensor, times, "detection")[0, 0]
    boxes = []
    for pixels in regions(probability > 0.3):
        if len(pixels) < 12 or probability[pixels[:, 0], pixels[:, 1]].mean() < 0.5:
            continue
        (y0, x0), (y1, x1) = pixels.min(0), pixels.max(0) + 1
        grow = (x1 - x0) * (y1 - y0) * 1.6 / (2 * (x1 - x0 + y1 - y0))  # the "unclip" of the DB paper
        sx, sy = image.width / width, image.height / height
        boxes.append((max(0, int((x0 - grow) * sx)), max(0, int((y0 - grow) * sy)),
                      min(image.width, int((x1 + grow) * sx)), min(image.height, int((y1 + grow) * sy))))
    return sorted(boxes, key=lambda b: (b[1], b[0]))


def main(det, cls, rec, picture, annotated=None):
    core = ov.Core()
    detector, classifier = core.compile_model(det, "CPU"), core.compile_model(cls, "CPU")
    network = core.read_model(rec)
    characters = ["", *network.get_rt_info(["framework", "character"]).split("\n"), " "]
    recogniser = core.compile_model(network, "CPU")
    image = Image.open(picture).convert("RGB")
    drawing, times = ImageDraw.Draw(shown := image.copy()), {}
    boxes = find_lines(detector, image, times)
    for box in boxes:
        line = image.crop(box)
        if timed(classifier, to_tensor(line_of_height_48(line, 192), 192, 0.5, 2.0), times, "classification")[0, 1] > 0.9:
            line = line.rotate(180)
        sized = line_of_height_48(line, 3200)
        steps = timed(recogniser, to_tensor(sized, max(320, sized.width), 0.5, 2.0), times, "recognition")[0]
        best = steps.argmax(1)
        kept = (best != 0) & (best != np.concatenate(([0], best[:-1])))
        score = steps.max(1)[kept].mean() if kept.any() else 0
        if score < 0.5:
            continue
        print(f"[{box[0]:4},{box[1]:4} {box[2] - box[0]:4}x{box[3] - box[1]:<3}] {score:.2f}  {''.join(characters[i] for i in best[kept])}")
        drawing.rectangle(box, outline=(220, 30, 60), width=2)
    print(", ".join(f"{name} {ms:.1f} ms" for name, ms in times.items()), f"for {len(boxes)} lines")
    if annotated:
        shown.save(annotated)
        print("wrote", annotated)


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(*sys.argv[1:6])
