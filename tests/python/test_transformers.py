"""vireo.transformers without torch: reading, forward passes on arrays, saving; what is asked for and cannot be."""
import json
import shutil

import fetch_models
import numpy as np
import pytest
import vireo as ov
from vireo.transformers import (OVModelForCausalLM, OVModelForFeatureExtraction, OVModelForQuestionAnswering,
                                OVModelForSequenceClassification, OVModelForTokenClassification, OVWeightQuantizationConfig)

EXACT = {"INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY", "KV_CACHE_PRECISION": "f32"}


@pytest.fixture(scope="module")
def root():
    return fetch_models.unpacked("language_models")


def load(folder, **options):
    return OVModelForCausalLM.from_pretrained(folder, ov_config=EXACT, **options)


def logits_error(model, reference, cuts):
    """The worst logit of a batch given in the pieces between `cuts`, padding aside."""
    past, worst, mask = None, 0, reference["mask"]
    for begin, end in zip(cuts, cuts[1:]):
        output = model(reference["ids"][:, begin:end], attention_mask=mask[:, :end], past_key_values=past)
        past = output.past_key_values
        difference = np.abs(np.asarray(output.logits) - reference["logits"][:, begin:end])
        worst = max(worst, difference[mask[:, begin:end].astype(bool)].max(initial=0))
    return worst


@pytest.mark.parametrize("name", ["gpt2", "llama", "bloom", "qwen3"])
def test_forward_gives_the_logits_of_transformers(root, name):
    reference = np.load(root / name / "reference.npz")
    model = load(root / name, export=True)
    assert logits_error(model, reference, [0, 9]) < 1e-4
    assert logits_error(model, reference, [0, 5, 8, 9]) < 1e-4
    assert model.config.model_type == name and model.can_generate()


def test_masks_and_positions_may_be_left_out(root):
    reference = np.load(root / "llama" / "reference.npz")
    model = load(root / "llama", compile=False)
    assert model.request is None
    first = model(reference["ids"][:1, :6])
    second = model(reference["ids"][:1, 6:], past_key_values=first.past_key_values)
    assert np.abs(np.asarray(second.logits) - reference["logits"][:1, 6:]).max() < 1e-4
    with pytest.raises(ValueError, match=r"attention_mask has shape \[1, 2\], expected \[1, 10\]: 9 tokens past and 1 new"):
        model(reference["ids"][:1, :1], attention_mask=np.ones((1, 2)), past_key_values=first.past_key_values)


def test_save_and_load(root, tmp_path):
    source = shutil.copytree(root / "llama", tmp_path / "source")
    (source / "tokenizer.json").write_text("{}")
    (source / "generation_config.json").write_text('{"eos_token_id": 2}')
    load(source, compile=False).save_pretrained(tmp_path / "saved")
    files = {path.name for path in (tmp_path / "saved").iterdir()}
    assert {"openvino_model.xml", "openvino_model.bin", "config.json", "tokenizer.json"} <= files
    reference = np.load(root / "llama" / "reference.npz")
    for export in (None, False):
        assert logits_error(load(tmp_path / "saved", export=export), reference, [0, 7, 9]) < 1e-4
    with pytest.raises(RuntimeError, match="config.json"):  # no safetensors there
        load(tmp_path / "saved", export=True)
    with pytest.raises(FileNotFoundError, match="has no openvino_model.xml; export=True reads the folder's safetensors"):
        load(source, export=False)


def test_export_reads_safetensors_beside_an_ir(root, tmp_path):
    folder = shutil.copytree(root / "gpt2", tmp_path / "both")
    load(root / "llama", compile=False).save_pretrained(tmp_path / "other")
    for name in ("openvino_model.xml", "openvino_model.bin"):
        shutil.copyfile(tmp_path / "other" / name, folder / name)
    reference = np.load(root / "gpt2" / "reference.npz")
    assert logits_error(load(folder, export=True), reference, [0, 9]) < 1e-4
    assert logits_error(load(folder), reference, [0, 9]) > 1e-2


def test_half_rounds_the_weights(root, tmp_path):
    reference = np.load(root / "llama" / "reference.npz")
    model = load(root / "llama").half()
    assert logits_error(model, reference, [0, 9]) < 2e-2
    model.save_pretrained(tmp_path / "half")
    assert ov.Core().read_model(tmp_path / "half").inputs


def test_devices_and_shapes(root, caplog):
    model = load(root / "llama", compile=False)
    assert model.to("cpu") is model and model.eval() is model
    assert model.reshape(1, 4) is model and "takes prompts of any length" in caplog.text
    with pytest.raises(RuntimeError, match="NPU"):
        model.to("npu").compile()


@pytest.mark.parametrize("options, kind, message", [
    ({"load_in_8bit": True}, NotImplementedError, "load_in_8bit=True: compressing on load is not there yet"),
    ({"quantization_config": OVWeightQuantizationConfig(bits=4)}, NotImplementedError, r"bits=4.*compressing on load"),
    ({"use_cache": False}, NotImplementedError, "language models are stateful"),
    ({"task": "fill-mask"}, ValueError, "task 'fill-mask': OVModelForCausalLM does text-generation"),
    ({"frobnicate": 1}, TypeError, "knows no option frobnicate"),
])
def test_what_cannot_be_is_said(root, options, kind, message):
    with pytest.raises(kind, match=message):
        load(root / "llama", **options)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="has no config.json"):
        load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises((RuntimeError, FileNotFoundError), match="config.json|no model"):
        load(tmp_path)


@pytest.mark.parametrize("kind, name, outputs", [
    (OVModelForFeatureExtraction, "bert", ["last_hidden_state"]),
    (OVModelForFeatureExtraction, "qwen3", ["last_hidden_state"]),
    (OVModelForSequenceClassification, "roberta-sequence", ["logits"]),
    (OVModelForTokenClassification, "distilbert-tokens", ["logits"]),
    (OVModelForQuestionAnswering, "modernbert-answers", ["start_logits", "end_logits"]),
])
def test_encoders_export_save_and_load(tmp_path, kind, name, outputs):
    folder = fetch_models.unpacked("encoders") / name
    reference = np.load(folder / "reference.npz")
    seen = reference["mask"].astype(bool) if outputs != ["logits"] or "tokens" in name else slice(None)
    exported = kind.from_pretrained(folder, export=True, ov_config=EXACT)
    exported.save_pretrained(tmp_path / "saved")
    for model in (exported, kind.from_pretrained(tmp_path / "saved", ov_config=EXACT)):
        types = reference["types"] if "types" in reference else None
        result = model(reference["ids"], attention_mask=reference["mask"], token_type_ids=types)
        for i, output in enumerate(outputs):
            assert np.abs(np.asarray(result[output]) - reference[output])[seen].max() < 1e-4
            assert result[i] is result[output]
    assert model.reshape(1, 5)(reference["ids"][:1, :5])[outputs[0]].shape[0] == 1
    with pytest.raises(RuntimeError, match="shape"):
        model(reference["ids"])
