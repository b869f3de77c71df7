"""vireo.transformers without torch: reading, forward passes on arrays, saving; what is asked for and cannot be."""
import json
import shutil

import fetch_models
import numpy as np
import pytest
import vireo as ov
from vireo.transformers import (OVModelForCausalLM, OVModelForFeatureExtraction, OVModelForQuestionAnswering,
                                OVModelForSequenceClassification, OVModelForTokenClassification, OVQuantizationConfig, OVWeightQuantizationConfig)

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


def test_copies_of_a_prompt_and_beams_that_change_places(root):
    """What beam search asks of a model: a prompt three times, then rows that go on from others."""
    model, ids = load(root / "llama"), np.random.default_rng(2).integers(3, 48, (2, 6))
    copies = np.repeat(ids, 3, 0)
    model._copies = 3  # as generate says it
    output = model(copies)
    alone = np.asarray(model(ids).logits)
    assert np.array_equal(output.logits, np.repeat(alone, 3, 0))
    model._copies = 3
    past = model(copies).past_key_values
    written = np.concatenate([copies, np.arange(10, 16)[:, None]], 1)
    model(written[:, 6:], past_key_values=past)
    for order in ([0, 0, 2, 5, 3, 3], [1, 0, 2, 2, 5, 4]):
        past = model._reorder_cache(past, np.array(order))
        written = np.concatenate([written[order], np.arange(20, 26)[:, None]], 1)
        going_on = np.asarray(model(written[:, -1:], past_key_values=past).logits)
    whole = np.asarray(load(root / "llama")(written).logits)[:, -1:]
    assert np.abs(going_on - whole).max() < 1e-4


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


def codes_of(model):
    """Element types of the constants of three axes: what groups of codes are."""
    return [c.get_element_type().type_name for c in model.get_ops() if c.get_type_name() == "Constant" and len(c.shape) == 3]


@pytest.mark.parametrize("name", ["gpt2", "llama"])
@pytest.mark.parametrize("options, codes, bound", [
    ({"load_in_8bit": True}, {"u8"}, 0.5),
    ({"quantization_config": OVWeightQuantizationConfig(bits=8, sym=True)}, {"u8"}, 0.5),
    ({"quantization_config": {"bits": 4, "group_size": -1}}, {"u4", "u8"}, 5),
    ({"quantization_config": {"bits": 4, "sym": True, "group_size": -1}}, {"u4", "u8"}, 5),
])
def test_weights_are_rounded_as_they_are_read(root, tmp_path, name, options, codes, bound):
    reference = np.load(root / name / "reference.npz")
    model = load(root / name, **options)
    assert {kind for kind in codes_of(model.model) if kind in ("u4", "u8")} == codes
    error = logits_error(model, reference, [0, 9])
    assert 1e-4 < error < bound
    model.save_pretrained(tmp_path / "saved")
    assert abs(logits_error(load(tmp_path / "saved"), reference, [0, 9]) - error) < 1e-4
    with pytest.raises(RuntimeError, match="WEIGHT_FORMAT=.*is no Hugging Face folder"):
        load(tmp_path / "saved", **options)


def test_devices_and_shapes(root, caplog):
    model = load(root / "llama", compile=False)
    assert model.to("cpu") is model and model.eval() is model
    assert model.reshape(1, 4) is model and "takes prompts of any length" in caplog.text
    with pytest.raises(RuntimeError, match="NPU"):
        model.to("npu").compile()


@pytest.mark.parametrize("options, kind, message", [
    ({"quantization_config": OVWeightQuantizationConfig(bits=4, gptq=True)}, NotImplementedError, "gptq=True is not there yet"),
    ({"quantization_config": {"bits": 3}}, NotImplementedError, "bits=3, dtype=None: weights are rounded to int8 or int4"),
    ({"quantization_config": {"bits": 4, "group_size": 7}}, RuntimeError, "weight format 'int4:7': expected original"),
    ({"quantization_config": {"bits": 4, "dtype": "nf4"}}, NotImplementedError, "dtype='nf4'"),
    ({"quantization_config": OVQuantizationConfig()}, NotImplementedError, "weights alone are compressed"),
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
