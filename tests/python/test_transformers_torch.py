"""vireo.transformers inside transformers: generate and pipelines against PyTorch. Needs both packages, which no build of Vireo installs."""
import fetch_models
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: what needs transformers is not tested")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")
from vireo.transformers import OVModelForCausalLM  # noqa: E402

EXACT = {"INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY", "KV_CACHE_PRECISION": "f32"}
GREEDY = dict(max_new_tokens=20, do_sample=False, eos_token_id=None, pad_token_id=0)


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def both(request, tmp_path_factory):
    """The model in PyTorch, and in Vireo after export, save and load."""
    folder, saved = fetch_models.unpacked("language_models") / request.param, tmp_path_factory.mktemp("saved")
    OVModelForCausalLM.from_pretrained(folder, export=True, compile=False).save_pretrained(saved)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return theirs, OVModelForCausalLM.from_pretrained(saved, ov_config=EXACT), saved


def prompts():
    ids = torch.from_numpy(np.random.default_rng(5).integers(3, 48, (2, 7)))
    mask = torch.ones_like(ids)
    ids[1, :3], mask[1, :3] = 0, 0
    return dict(input_ids=ids, attention_mask=mask)


@pytest.mark.parametrize("options", [
    {}, {"num_beams": 3}, {"num_beams": 4, "num_return_sequences": 2, "length_penalty": 0.5}, {"repetition_penalty": 1.3, "no_repeat_ngram_size": 3},
])
def test_generate_writes_what_torch_writes(both, options):
    theirs, ours, _ = both
    expected = theirs.generate(**prompts(), **{**GREEDY, **options})
    for _ in range(2):  # the second text knows nothing of the first
        assert torch.equal(ours.generate(**prompts(), **{**GREEDY, **options}), expected)


def test_sampling_draws_what_torch_draws(both):
    theirs, ours, _ = both
    drawn = []
    for model in (theirs, ours):
        torch.manual_seed(1)
        drawn.append(model.generate(**prompts(), **{**GREEDY, "do_sample": True}, top_k=5, temperature=0.7, num_return_sequences=3))
    assert torch.equal(*drawn)


def test_forward_answers_in_tensors(both):
    theirs, ours, _ = both
    positions = (prompts()["attention_mask"].cumsum(1) - 1).clamp(0)
    with torch.no_grad():
        expected = theirs(**prompts(), position_ids=positions).logits
    output = ours(**prompts())
    seen = prompts()["attention_mask"].bool()
    assert isinstance(output, transformers.modeling_outputs.CausalLMOutputWithPast)
    assert (output.logits - expected)[seen].abs().max() < 1e-3
    with pytest.raises(ValueError, match="tensors of the CPU"):
        ours.to(torch.device("meta"))


def word_tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers
    tokenizer = Tokenizer(models.WordLevel({f"w{i}": i for i in range(48)}, unk_token="w3"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="w0", eos_token="w2", padding_side="left",
                                                model_input_names=["input_ids", "attention_mask"])


def test_the_pipeline_takes_the_model(both, capfd):
    theirs, ours, _ = both
    texts = ["w5 w9 w11 w40", "w7 w8"]
    expected, got = [transformers.pipeline("text-generation", model=model, tokenizer=word_tokenizer())(
        texts, max_new_tokens=12, do_sample=False, batch_size=2) for model in (theirs, ours)]
    assert got == expected
    assert "is not supported" not in capfd.readouterr().err


@pytest.mark.parametrize("kind, name, task", [
    ("OVModelForSequenceClassification", "bert-sequence", "text-classification"),
    ("OVModelForTokenClassification", "distilbert-tokens", "token-classification"),
    ("OVModelForQuestionAnswering", "roberta-answers", "question-answering"),
    ("OVModelForFeatureExtraction", "modernbert", "feature-extraction"),
])
def test_pipelines_take_encoders(kind, name, task, capfd):
    import vireo.transformers
    folder = fetch_models.unpacked("encoders") / name
    ours = getattr(vireo.transformers, kind).from_pretrained(folder, ov_config=EXACT)
    auto = getattr(transformers, ours.auto_model_class)
    theirs = auto.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    text = {"question": "w5 w6", "context": "w9 w10 w11 w12 w13"} if task == "question-answering" else "w5 w9 w11 w40"
    expected, got = [transformers.pipeline(task, model=model, tokenizer=word_tokenizer())(text) for model in (theirs, ours)]
    numbers = lambda x: np.array([v for v in _leaves(x)], float)  # noqa: E731
    assert np.abs(numbers(got) - numbers(expected)).max() < 1e-4
    assert "is not supported" not in capfd.readouterr().err


def _leaves(value):
    """The numbers in nested lists and dictionaries, in order."""
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(one, (dict, list, tuple)):
            yield from _leaves(one)
        elif not isinstance(one, str):
            yield float(one)
