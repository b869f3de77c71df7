"""How optimum-intel says that a model is to be compressed. Weights are rounded as they are read, by their own extremes alone."""

from __future__ import annotations

from dataclasses import dataclass


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


@dataclass
class OVQuantizationConfig:
    """Weights and activations in 8 bits, which needs data: not there yet."""

    bits: int = 8
    sym: bool = False
    ignored_scope: dict | None = None
    num_samples: int | None = None
    dataset: object = None
    tokenizer: str | None = None
    processor: str | None = None
    smooth_quant_alpha: float | None = None
    dtype: str = "int8"


# Options of a configuration that would need data, or weights of several kinds, and what leaves them unused.
_NEED_MORE = {"dataset": (None,), "ratio": (None, 1.0), "sensitivity_metric": (None,), "ignored_scope": (None, {}), "scale_estimation": (None, False),
              "gptq": (None, False), "lora_correction": (None, False), "quant_method": ("default",), "all_layers": (None, False),
              "backup_precision": (None, "int8_asym")}


def weight_format(load_in_8bit=None, load_in_4bit=None, quantization_config=None) -> str:
    """What the property WEIGHT_FORMAT is to be: "" for weights as they are."""
    config = quantization_config
    if config is None:
        return "int8" if load_in_8bit else "int4" if load_in_4bit else ""
    if isinstance(config, dict):
        config = OVWeightQuantizationConfig(**config)
    if not isinstance(config, OVWeightQuantizationConfig):
        raise NotImplementedError(f"quantization_config={config!r}: weights alone are compressed, expected OVWeightQuantizationConfig or a dict")
    for name, idle in _NEED_MORE.items():
        if getattr(config, name) not in idle:
            raise NotImplementedError(f"quantization_config: {name}={getattr(config, name)!r} is not there yet")
    if config.bits not in (4, 8) or config.dtype not in (None, f"int{config.bits}"):
        raise NotImplementedError(f"quantization_config: bits={config.bits}, dtype={config.dtype!r}: weights are rounded to int8 or int4")
    group = "" if config.group_size is None else f":{config.group_size}"
    return f"int{config.bits}{'_sym' if config.sym else ''}{group}"
