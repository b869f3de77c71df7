"""What comes from torch and transformers where they are installed, and what stands in for it where they are not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

try:
    import torch
    import transformers
    from transformers import GenerationMixin
except ImportError:
    torch = transformers = None

    class GenerationMixin:
        """In the place of transformers' class: says what is missing."""

        def generate(self, *args, **kwargs):
            raise ImportError("generate needs the packages torch and transformers; vireo.genai.LLMPipeline generates without them")


class PlainConfig:
    """The keys of a config.json as attributes, where transformers has no class to make of them."""

    def __init__(self, values: dict):
        self.__dict__.update(values)

    def to_dict(self) -> dict:
        return dict(self.__dict__)

    def save_pretrained(self, folder):
        Path(folder, "config.json").write_text(json.dumps(self.__dict__, indent=2) + "\n")


class PlainOutput(dict):
    """The outputs of a model by name, as attributes, and by number."""

    def __getattr__(self, name):
        if name in self:
            return self[name]
        raise AttributeError(f"the model gave {', '.join(self)}, no {name}")

    def __getitem__(self, key):
        return list(self.values())[key] if isinstance(key, (int, slice)) else super().__getitem__(key)


def read_config(folder):
    if transformers:
        return transformers.AutoConfig.from_pretrained(folder)
    return PlainConfig(json.loads(Path(folder, "config.json").read_text()))


def make_output(kind: str, values: dict):
    """An instance of transformers.modeling_outputs.`kind`, or a PlainOutput."""
    if transformers:
        return getattr(transformers.modeling_outputs, kind)(**values)
    return PlainOutput(values)


def is_torch(value) -> bool:
    return torch is not None and isinstance(value, torch.Tensor)


def to_numpy(value):
    """An array of a tensor, an array or nested lists; None stays None."""
    if value is None:
        return None
    return value.detach().cpu().numpy() if is_torch(value) else np.asarray(value)


def like(array: np.ndarray, given):
    """The array as a torch tensor if `given` is one."""
    return torch.from_numpy(array) if is_torch(given) else array
