"""GPTQ and AWQ checkpoints, made here of a plain one: the same logits as from the numbers that their codes stand for."""
import json
import shutil
import struct

import fetch_models
import numpy as np
import pytest
import vireo as ov

EXACT = {"INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY", "KV_CACHE_PRECISION": "f32"}
TYPES = {"F32": np.float32, "F16": np.float16, "I32": np.int32}
AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]
GROUP = 8


def read_tensors(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        if name == "__metadata__":
            continue
        begin, end = (8 + size + at for at in entry["data_offsets"])
        words = np.frombuffer(data[begin:end], np.uint16).astype(np.uint32) << 16  # bf16
        tensors[name] = words.view(np.float32).reshape(entry["shape"])
    return tensors


def write_tensors(path, tensors):
    header, blob = {}, b""
    for name, value in tensors.items():
        kind = next(k for k, t in TYPES.items() if value.dtype == t)
        header[name] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [len(blob), len(blob) + value.nbytes]}
        blob += np.ascontiguousarray(value).tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + blob)


def words(codes, bits, order=None):
    """Codes [..., n] as 32-bit words [..., n * bits / 32]."""
    per_word = 32 // bits
    parts = codes.astype(np.uint64).reshape(*codes.shape[:-1], -1, per_word)[..., order or range(per_word)]
    return (parts << (np.arange(per_word, dtype=np.uint64) * np.uint64(bits))).sum(-1).astype(np.uint32).view(np.int32)


def pack(weight, method, bits, step, group_of):
    """The tensors of a layer [N, K], and the numbers that they stand for."""
    top, rows = 2**bits - 1, weight.T
    groups = group_of.max() + 1
    low = np.stack([rows[group_of == g].min(0) for g in range(groups)])
    high = np.stack([rows[group_of == g].max(0) for g in range(groups)])
    scales = np.maximum((high - low) / top, 1e-3).astype(np.float16)
    zeros = np.clip(np.round(-low / scales.astype(np.float32)), 1, top)
    codes = np.clip(np.round(rows / scales.astype(np.float32)[group_of]) + zeros[group_of], 0, top)
    numbers = (codes - zeros[group_of]) * scales.astype(np.float32)[group_of]
    if method == "gptq":
        packed = {"qweight": words(codes.T, bits).T, "qzeros": words(zeros - step, bits), "g_idx": group_of.astype(np.int32)}
    else:
        packed = {"qweight": words(codes, 4, AWQ_ORDER), "qzeros": words(zeros, 4, AWQ_ORDER)}
    return {**packed, "scales": scales}, numbers.T


@pytest.fixture(scope="module")
def source():
    return fetch_models.unpacked("language_models") / "llama"


def checkpoints(source, tmp_path, said, acted=False):
    """A packed folder and one of the numbers that it stands for."""
    packed, plain = (shutil.copytree(source, tmp_path / name) for name in ("packed", "plain"))
    config = json.loads((source / "config.json").read_text())
    (packed / "config.json").write_text(json.dumps({**config, "quantization_config": said}))
    packed_tensors, plain_tensors = {}, {}
    for name, value in read_tensors(source / "model.safetensors").items():
        if "_proj." not in name:
            packed_tensors[name] = plain_tensors[name] = value
            continue
        group_of = np.arange(value.shape[1]) // GROUP
        if acted:
            group_of = np.random.default_rng(5).permutation(group_of)
        step = 1 if said.get("checkpoint_format", "gptq") == "gptq" else 0
        parts, plain_tensors[name] = pack(value, said["quant_method"], said["bits"], step, group_of)
        packed_tensors.update({name.replace("weight", part): content for part, content in parts.items()})
    write_tensors(packed / "model.safetensors", packed_tensors)
    write_tensors(plain / "model.safetensors", plain_tensors)
    return packed, plain


def logits(folder, source):
    reference = np.load(source / "reference.npz")
    request = ov.Core().compile_model(ov.Core().read_model(folder), "CPU", EXACT).create_infer_request()
    request.infer({"input_ids": reference["ids"], "attention_mask": reference["mask"], "position_ids": reference["position"],
                   "beam_idx": np.arange(2, dtype=np.int32)})
    return request.get_tensor("logits").data.copy()


GPTQ = {"quant_method": "gptq", "bits": 4, "group_size": GROUP}


@pytest.mark.parametrize("said, acted", [
    (GPTQ, False), ({**GPTQ, "bits": 8}, False), ({**GPTQ, "checkpoint_format": "gptq_v2"}, False), ({**GPTQ, "desc_act": True}, True),
    ({"quant_method": "awq", "bits": 4, "group_size": GROUP, "version": "gemm", "zero_point": True}, False),
])
def test_codes_mean_what_they_stand_for(source, tmp_path, said, acted):
    packed, plain = checkpoints(source, tmp_path, said, acted)
    np.testing.assert_allclose(logits(packed, source), logits(plain, source), atol=2e-5)
    stored = {op.get_element_type().to_string() for op in ov.Core().read_model(packed).get_ops() if op.get_type_name() == "Constant"}
    assert ("u8" if said["bits"] == 8 else "u4") in stored or acted


@pytest.mark.parametrize("changes, message", [
    ({"quant_method": "bitsandbytes"}, "weights quantised by 'bitsandbytes' are not supported, expected gptq or awq"),
    ({"bits": 3}, "codes of 3 bits in groups of 8 are not supported"),
    ({"group_size": 0}, "in groups of 0 are not supported"),
    ({"group_size": 5}, "of 24 inputs and 32 outputs has no groups of 5"),
    ({"group_size": 12}, r"q_proj.qzeros' is i32 \[3,4\], expected i32 \[2,4\]"),
    ({"quant_method": "awq", "version": "gemv"}, "awq version 'gemv' is not supported"),
])
def test_a_wrong_description_is_named(source, tmp_path, changes, message):
    folder, _ = checkpoints(source, tmp_path, GPTQ)
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"].update(changes)
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(RuntimeError, match=message):
        ov.Core().read_model(folder)


@pytest.mark.parametrize("part, value, message", [
    ("qzeros", None, "weight 'model.layers.0.self_attn.q_proj.qzeros' is missing"),
    ("qweight", np.zeros((3, 32), np.float32), r"q_proj.qweight' is f32 \[3,32\], expected i32 \[\?,\?\]"),
    ("scales", np.zeros((2, 32), np.float16), r"q_proj.scales' is f16 \[2,32\], expected real \[3,32\]"),
    ("g_idx", np.full(24, 9, np.int32), "q_proj.g_idx' names group 9 of 3"),
])
def test_a_tensor_that_does_not_fit_is_named(source, tmp_path, part, value, message):
    folder, _ = checkpoints(source, tmp_path, GPTQ)
    path, name = folder / "model.safetensors", f"model.layers.0.self_attn.q_proj.{part}"
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for key, entry in json.loads(data[8:8 + size]).items():
        begin, end = (8 + size + at for at in entry["data_offsets"])
        tensors[key] = np.frombuffer(data[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
    tensors.pop(name)
    if value is not None:
        tensors[name] = value
    write_tensors(path, tensors)
    with pytest.raises(RuntimeError, match=message):
        ov.Core().read_model(folder)
