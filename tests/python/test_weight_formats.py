"""Weights of Hugging Face folders that are rounded while they are read: the property WEIGHT_FORMAT."""
import fetch_models
import numpy as np
import pytest
import vireo as ov


def read(name, weight_format=None):
    archive = "encoders" if name.startswith("bert") else "language_models"
    properties = {"WEIGHT_FORMAT": weight_format} if weight_format else {}
    return ov.Core().read_model(fetch_models.unpacked(archive) / name, config=properties)


def constants(model):
    return {op.friendly_name: op for op in model.get_ops() if op.get_type_name() == "Constant"}


def numbers(constant):
    """A constant's values as f32: bf16 comes as its bits, codes of 4 bits come two to a byte."""
    kind, data = constant.get_element_type().type_name, constant.data
    if kind == "bf16":
        data = (data.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    if kind == "u4":
        data = np.stack([data & 15, data >> 4], -1).reshape(-1)[:int(np.prod(constant.shape))].reshape(constant.shape)
    return data.astype(np.float32)


@pytest.mark.parametrize("name", ["llama", "gpt2", "qwen3_moe", "bert"])
@pytest.mark.parametrize("weight_format, sizes", [
    ("int8", set()), ("int8_sym", set()), ("int4:-1", {16, 24, 32, 40, 96}), ("int4:16", {16}), ("int4_sym:16", {16}), ("int4", {16, 32})])
def test_codes_are_the_nearest(name, weight_format, sizes):
    plain, rounded = constants(read(name)), constants(read(name, weight_format))
    matrices = [key[:-len("/codes")] for key in rounded if key.endswith("/codes")]
    assert len(matrices) >= 9 and not any("pos" in key or "wpe" in key or "token_type" in key for key in matrices)
    groups = set()
    for key in matrices:
        codes, zero, scale = (numbers(rounded[f"{key}/{part}"]) for part in ("codes", "zero_point", "scale"))
        got = ((codes - zero) * scale).reshape(len(codes), -1)
        exact = numbers(plain[key])
        if exact.shape != got.shape or (name == "gpt2" and "wte" not in key):
            exact = exact.T  # GPT-2 stores [in, out]
        # Scales are rounded to f16, which tells at the far codes; a symmetric grid has one code less on one side.
        steps = 1.1 if "sym" in weight_format else 0.65
        assert (np.abs(got - exact) <= steps * np.repeat(np.abs(scale[..., 0]), codes.shape[2], 1) + 1e-6).all(), key
        if rounded[f"{key}/codes"].get_element_type().type_name == "u4":
            groups.add(codes.shape[2])
    # A matrix whose inputs come apart in no group of 16 or more keeps 8 bits; of BERT's all do.
    assert groups <= sizes and (name == "bert" or bool(groups) == bool(sizes))


def test_embedding_and_head_keep_eight_bits():
    rounded = constants(read("llama", "int4:-1"))
    assert {key: op.get_element_type().type_name for key, op in rounded.items() if key in
            ("model.embed_tokens.weight/codes", "lm_head.weight/codes", "model.layers.0.mlp.up_proj.weight/codes")} == {
                "model.embed_tokens.weight/codes": "u8", "lm_head.weight/codes": "u8", "model.layers.0.mlp.up_proj.weight/codes": "u4"}


@pytest.mark.parametrize("weight_format", ["int3", "int4:8", "int4:x", "int8_symmetric", "nf4", "int4:-2"])
def test_other_formats_are_refused(weight_format):
    with pytest.raises(RuntimeError, match=f"weight format '{weight_format}': expected original, int8"):
        read("llama", weight_format)
    assert constants(read("llama", "original")).keys() == constants(read("llama")).keys()
