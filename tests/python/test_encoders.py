"""Encoders of Hugging Face folders with each of their heads, against transformers."""
import json
import shutil

import fetch_models
import numpy as np
import pytest
import vireo as ov

EXACT = {"INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY"}
NAMES = [model + head for model in ("bert", "distilbert", "modernbert", "roberta") for head in ("", "-sequence", "-tokens", "-answers")]
NAMES += ["modernbert-mean", "xlm-roberta-sequence", "qwen3"]
INPUTS = {"input_ids": "ids", "attention_mask": "mask", "token_type_ids": "types"}


@pytest.fixture(scope="module")
def root():
    return fetch_models.unpacked("encoders")


def read(folder, task=None):
    return ov.Core().read_model(folder, config={"TASK": task} if task else None)


def check(model, reference, bound=1e-5):
    result = ov.Core().compile_model(model, "CPU", EXACT)({port.any_name: reference[INPUTS[port.any_name]] for port in model.inputs})
    for port in model.outputs:
        name, got = port.any_name, result[port]
        # What padding answers means nothing; transformers has numbers there too.
        seen = reference["mask"].astype(bool) if got.shape[:2] == reference["mask"].shape else slice(None)
        assert np.abs(got - reference[name])[seen].max() <= bound * max(1, np.abs(reference[name]).max())
    return [port.any_name for port in model.outputs]


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_those_of_transformers(root, name):
    reference = np.load(root / name / "reference.npz")
    outputs = check(read(root / name), reference)
    assert outputs == [key for key in ("last_hidden_state", "logits", "start_logits", "end_logits") if key in reference]


def test_a_task_leaves_the_head_away(root):
    """The body of a model with a head is another model's body: the same folder answers both."""
    model = read(root / "bert-sequence", "feature-extraction")
    assert [port.any_name for port in model.outputs] == ["last_hidden_state"]
    assert "token_type_ids" in [port.any_name for port in model.inputs]


def test_the_first_names_of_norms_are_read(root, tmp_path):
    folder = shutil.copytree(root / "bert", tmp_path / "bert")
    path = folder / "model.safetensors"
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = data[8:8 + size].replace(b"LayerNorm.weight", b"LayerNorm.gamma").replace(b"LayerNorm.bias", b"LayerNorm.beta")
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[8 + size:])
    check(read(folder), np.load(root / "bert" / "reference.npz"))


@pytest.mark.parametrize("name, changes, task, message", [
    ("bert", {"architectures": ["BertForMaskedLM"]}, None, "head of BertForMaskedLM is not supported; TASK=feature-extraction reads"),
    ("bert", {"architectures": ["BertLMHeadModel"]}, None, "'bert' are not there for the task text-generation"),
    ("bert", {}, "fill-mask", "task 'fill-mask' is not known, known are text-generation, text-classification"),
    ("bert", {}, "token-classification", "weight 'classifier.weight' is missing"),
    ("qwen3", {}, "question-answering", "'qwen3' are not there for the task question-answering"),
    ("bert", {"position_embedding_type": "relative_key"}, None, "position_embedding_type 'relative_key' is not supported"),
    ("bert", {"num_attention_heads": 5}, None, "has shape"),
    ("bert", {"type_vocab_size": 3}, None, r"token_type_embeddings.weight' has shape \[2,24\], expected \[3,24\]"),
    ("modernbert", {"classifier_activation": "gelu_new"}, None, "classifier_activation 'gelu_new' is not supported"),
    ("distilbert", {"n_layers": 3}, None, r"'distilbert.transformer.layer.2.attention.q_lin.weight' is missing"),
])
def test_what_is_wrong_is_named(root, tmp_path, name, changes, task, message):
    folder = shutil.copytree(root / name, tmp_path / name)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))
    with pytest.raises(RuntimeError, match=message):
        read(folder, task)


@pytest.mark.parametrize("name", ["bert-sequence", "modernbert-tokens", "roberta-answers"])
def test_odd_values_are_errors_or_nothing(root, tmp_path, name):
    """Every key of a config.json with values that it must not have: read, or refused in one line, and never worse."""
    folder = shutil.copytree(root / name, tmp_path / name)
    config = json.loads((folder / "config.json").read_text())
    refused = 0
    for key in config:
        for value in (None, -1, 0, 7, 2**40, 1e300, "x", [], {}, [None], True):
            (folder / "config.json").write_text(json.dumps({**config, key: value}))
            try:
                read(folder)
            except RuntimeError as error:
                refused += 1
                assert "\n" not in str(error)
    assert refused > 60
