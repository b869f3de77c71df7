"""Hugging Face folders as stateful graphs, against transformers' logits; and what is wrong with a folder."""
import json
import shutil
import struct

import fetch_models
import numpy as np
import pytest
import vireo as ov

EXACT = {"INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY", "KV_CACHE_PRECISION": "f32"}
NAMES = ["bloom", "falcon-40b", "falcon-7b", "falcon-rw", "gemma", "gemma2", "gemma3_text", "gpt2", "gpt_neox",
         "gpt_neox-serial", "granite", "llama", "llama-linear", "llama-yarn", "mistral", "mixtral", "olmo2", "opt", "phi3",
         "phi3-long", "qwen2", "qwen3", "qwen3_moe", "smollm3", "stablelm", "stablelm-parallel"]


@pytest.fixture(scope="module")
def root():
    return fetch_models.unpacked("language_models")


def logits_of(model, reference, cuts):
    """The logits of all tokens, given to one request in the pieces between `cuts`."""
    request = ov.Core().compile_model(model, "CPU", EXACT).create_infer_request()
    parts = []
    for begin, end in zip(cuts, cuts[1:]):
        request.infer({"input_ids": reference["ids"][:, begin:end], "attention_mask": reference["mask"][:, :end],
                       "position_ids": reference["position"][:, begin:end], "beam_idx": np.arange(2, dtype=np.int32)})
        parts.append(request.get_tensor("logits").data.copy())
    return np.concatenate(parts, 1)


def error(logits, reference):
    return np.abs(logits - reference["logits"])[reference["mask"].astype(bool)].max()


@pytest.mark.parametrize("name", NAMES)
def test_logits_are_those_of_transformers(root, name):
    reference = np.load(root / name / "reference.npz")
    model = ov.Core().read_model(root / name)
    assert error(logits_of(model, reference, [0, 9]), reference) < 1e-4
    assert error(logits_of(model, reference, [0, 7, 8, 9]), reference) < 1e-4


@pytest.mark.parametrize("name", ["llama", "gpt2", "falcon-rw"])
def test_tokens_alone_are_answered(root, name):
    model = ov.Core().compile_model(root / name, "CPU", EXACT)
    request = model.create_infer_request()
    for begin, end in [(0, 5), (5, 6), (6, 9)]:
        ids = np.arange(2 * (end - begin)).reshape(2, -1) + begin
        request.infer({"input_ids": ids, "attention_mask": np.ones((2, end), np.int64),
                       "position_ids": np.tile(np.arange(begin, end), (2, 1)), "beam_idx": np.arange(2, dtype=np.int32)})
        want = request.get_tensor("logits").data
        assert np.array_equal(model([ids])["logits"], want)


def test_states_are_copies_in_their_declared_shape(root):
    model = ov.Core().compile_model(root / "llama", "CPU", EXACT)
    one, two = model.create_infer_request(), model.create_infer_request()
    first = one.infer({"input_ids": np.array([[1, 2, 3]])})["logits"].copy()
    states = {state.name: state.state.data.copy() for state in one.query_state()}
    assert all(s.dtype == np.float32 and s.shape[0] == 1 and s.shape[2] == 3 for s in states.values())
    for state in two.query_state():
        state.state = ov.Tensor(states[state.name])
    ids = {"input_ids": np.array([[4]])}
    assert np.array_equal(two.infer(ids)["logits"], one.infer(ids)["logits"])
    one.reset_state()
    assert all(state.state.data.shape[2] == 0 for state in one.query_state())
    assert np.array_equal(one.infer({"input_ids": np.array([[1, 2, 3]])})["logits"], first)


def test_a_saved_language_model_is_the_same(root, tmp_path):
    reference = np.load(root / "qwen3" / "reference.npz")
    ov.save_model(ov.Core().read_model(root / "qwen3"), tmp_path / "m.xml", compress_to_fp16=False)
    model = ov.Core().read_model(tmp_path / "m.xml")
    assert error(logits_of(model, reference, [0, 5, 9]), reference) < 1e-4


@pytest.fixture
def folder(root, tmp_path):
    return shutil.copytree(root / "llama", tmp_path / "llama")


def edit_config(folder, **changes):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    for key, value in changes.items():
        config.pop(key, None)
        if value is not None:
            config[key] = value
    path.write_text(json.dumps(config))


@pytest.mark.parametrize("changes, message", [
    ({"model_type": "frob"}, "model type 'frob' is not supported, known are bloom"),
    ({"hidden_size": None}, "'hidden_size' is missing"),
    ({"hidden_size": "wide"}, "'hidden_size' is \"wide\", expected an integer"),
    ({"num_hidden_layers": -1}, "'num_hidden_layers' is -1, expected a count"),
    ({"num_hidden_layers": 3}, "weight 'model.layers.2.input_layernorm.weight' is missing"),
    ({"num_key_value_heads": 3}, "4 query heads cannot share 3 key heads"),
    ({"vocab_size": 49}, r"'model.embed_tokens.weight' has shape \[48,24\], expected \[49,24\]"),
    ({"hidden_act": "sine"}, "activation 'sine' is not supported"),
    ({"rope_scaling": {"rope_type": "spiral"}}, "rotary scaling 'spiral' is not supported"),
    ({"rope_scaling": {"rope_type": "llama3"}}, "'factor' is missing"),
])
def test_a_wrong_config_is_named(folder, changes, message):
    edit_config(folder, **changes)
    with pytest.raises(RuntimeError, match=message):
        ov.Core().read_model(folder)


def header_of(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:8 + size]), data[8 + size:]


def write(path, header, data):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


@pytest.mark.parametrize("change, message", [
    (lambda h: h.update(dtype="F13"), "has the unknown type 'F13'"),
    (lambda h: h.update(shape=[24, 25]), "takes 1200 bytes, its place has 1536"),
    (lambda h: h.update(shape=[2**62, 2**62]), "is too large"),
    (lambda h: h.update(shape=[-1]), "lacks a dtype, shape or data_offsets"),
    (lambda h: h.update(data_offsets=[0, 2**60]), "lies at bytes 0 to"),
    (lambda h: h.pop("dtype"), "lacks a dtype, shape or data_offsets"),
])
def test_a_malformed_tensor_is_named(folder, change, message):
    path = folder / "model.safetensors"
    header, data = header_of(path)
    change(header["model.layers.0.self_attn.o_proj.weight"])
    write(path, header, data)
    with pytest.raises(RuntimeError, match=message):
        ov.Core().read_model(folder)


@pytest.mark.parametrize("data, message", [
    (b"", "0 bytes are no safetensors file"),
    (b"\xff" * 8, "the header says"),
    (struct.pack("<Q", 4) + b"nope", "the header is no JSON object"),
    (struct.pack("<Q", 2**62) + b"{}", "the header says"),
])
def test_a_file_of_another_kind_is_refused(folder, data, message):
    (folder / "model.safetensors").write_bytes(data)
    with pytest.raises(RuntimeError, match=message):
        ov.Core().read_model(folder)


def test_shards_are_read_together(folder, root):
    header, data = header_of(folder / "model.safetensors")
    weight_map = {}
    for i, (name, entry) in enumerate((n, e) for n, e in header.items() if n != "__metadata__"):
        begin, end = entry["data_offsets"]
        file = f"model-{i % 2}.safetensors"
        weight_map[name] = file
        part = folder / file
        old, old_data = header_of(part) if part.exists() else ({}, b"")
        old[name] = dict(entry, data_offsets=[len(old_data), len(old_data) + end - begin])
        write(part, old, old_data + data[begin:end])
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    reference = np.load(root / "llama" / "reference.npz")
    assert error(logits_of(ov.Core().read_model(folder), reference, [0, 9]), reference) < 1e-4
    weight_map[name] = "../outside.safetensors"
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    with pytest.raises(RuntimeError, match="is no name of a file"):
        ov.Core().read_model(folder)


def test_what_a_folder_is_read_for_is_in_the_key_of_the_cache(root, tmp_path):
    core = ov.Core()
    core.set_property({"CACHE_DIR": str(tmp_path)})
    names = [core.compile_model(root / "llama", "CPU", how).outputs[0].any_name for how in ({}, {"TASK": "feature-extraction"}, {})]
    assert names == ["logits", "last_hidden_state", "logits"]
    rounded = core.compile_model(root / "llama", "CPU", {"WEIGHT_FORMAT": "int8"})
    assert not rounded.get_property("LOADED_FROM_CACHE")
