"""What optimum-intel calls the ways to compress a model. They can be written down; no model is compressed on load yet."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class OVWeightQuantizationConfig:
    """Weights alone, in 4 or 8 bits."""

    bits: int = 8
    sym: bool = False
    group_size: int | None = None
    tokenizer: str | None = None
    dataset: object = None
    ratio: float = 1.0
    all_layers: bool | None = None
    sensitivity_metric: str | None = None
    ignored_scope: dict | None = None
    num_samples: int | None = None
    quant_method: str = "default"
    scale_estimation: bool | None = None
    dtype: str | None = None
    gptq: bool | None = None
    processor: str | None = None
    lora_correction: bool | None = None
    backup_precision: str | None = None
    kwargs: dict = field(default_factory=dict)


@dataclass
class OVQuantizationConfig:
    """Weights and activations in 8 bits."""

    bits: int = 8
    sym: bool = False
    ignored_scope: dict | None = None
    num_samples: int | None = None
    dataset: object = None
    tokenizer: str | None = None
    processor: str | None = None
    smooth_quant_alpha: float | None = None
    dtype: str = "int8"
    kwargs: dict = field(default_factory=dict)


def refuse(load_in_8bit, load_in_4bit, quantization_config):
    """Raises for what asks to compress a model."""
    asked = {"load_in_8bit": load_in_8bit, "load_in_4bit": load_in_4bit, "quantization_config": quantization_config}
    for name, value in asked.items():
        if value:
            raise NotImplementedError(f"{name}={value!r}: compressing on load is not there yet; a folder whose weights are compressed "
                                      "already (int8 or int4 IR) loads as it is")
