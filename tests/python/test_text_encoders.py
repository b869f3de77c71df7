"""TextEmbeddingPipeline and TextRerankPipeline on tiny encoders whose words are the numbers of their tokens."""
import json
import shutil

import fetch_models
import numpy as np
import pytest
import vireo as ov
from vireo import genai

EXACT = {"INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY"}
Pooling = genai.TextEmbeddingPipeline.PoolingType


def give_words(folder, padding, pairs=False, words=None):
    """A tokenizer.json by which "w7" is token 7; pairs are put together as 1 a 2 b 2."""
    vocabulary = {f"w{i}": i for i in range(48)}
    vocabulary.update(words or {})
    special = lambda i: {"SpecialToken": {"id": f"w{i}", "type_id": 0}}  # noqa: E731
    sequence = lambda name: {"Sequence": {"id": name, "type_id": 0}}  # noqa: E731
    template = {"type": "TemplateProcessing", "single": [sequence("A")],
                "pair": [special(1), sequence("A"), special(2), sequence("B"), special(2)],
                "special_tokens": {f"w{i}": {"id": f"w{i}", "ids": [i], "tokens": [f"w{i}"]} for i in (1, 2)}}
    tokenizer = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
                 "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": template if pairs else None, "decoder": None,
                 "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "w3"}}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "tokenizer_config.json").write_text(json.dumps({"pad_token": f"w{padding}"}))
    return folder


def words(ids):
    return " ".join(f"w{i}" for i in ids)


@pytest.fixture(scope="module")
def roberta(tmp_path_factory):
    """A folder, the texts of its reference (11 and 7 tokens) and their hidden states from transformers."""
    source = fetch_models.unpacked("encoders") / "roberta"
    folder = give_words(shutil.copytree(source, tmp_path_factory.mktemp("roberta") / "model"), padding=1)
    reference = np.load(source / "reference.npz")
    texts = [words(row[mask == 1]) for row, mask in zip(reference["ids"], reference["mask"])]
    return folder, texts, [hidden[mask == 1] for hidden, mask in zip(reference["last_hidden_state"], reference["mask"])]


def pool(hidden, how, normalize):
    vector = {Pooling.CLS: hidden[0], Pooling.MEAN: hidden.mean(0), Pooling.LAST_TOKEN: hidden[-1]}[how]
    return vector / np.linalg.norm(vector) if normalize else vector


@pytest.mark.parametrize("how", [Pooling.CLS, Pooling.MEAN, Pooling.LAST_TOKEN])
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("padding", [{}, {"padding_side": "right", "max_length": 20, "pad_to_max_length": True}])
def test_embeddings_are_pooled_hidden_states(roberta, how, normalize, padding):
    folder, texts, hidden = roberta
    pipeline = genai.TextEmbeddingPipeline(folder, "CPU", pooling_type=how, normalize=normalize, **padding, **EXACT)
    expected = [pool(h, how, normalize) for h in hidden]
    assert np.abs(np.array(pipeline.embed_documents(texts)) - expected).max() < 1e-5
    assert np.abs(np.array(pipeline.embed_query(texts[1])) - expected[1]).max() < 1e-5


def test_a_decoder_is_padded_on_either_side(tmp_path):
    source = fetch_models.unpacked("encoders") / "qwen3"
    folder = give_words(shutil.copytree(source, tmp_path / "qwen3"), padding=0)
    reference = np.load(source / "reference.npz")
    texts = [words(row[mask == 1]) for row, mask in zip(reference["ids"], reference["mask"])]
    expected = [pool(h[mask == 1], Pooling.LAST_TOKEN, True) for h, mask in zip(reference["last_hidden_state"], reference["mask"])]
    for side in ("left", "right"):
        config = genai.TextEmbeddingPipeline.Config(pooling_type=Pooling.LAST_TOKEN, padding_side=side)
        pipeline = genai.TextEmbeddingPipeline(folder, "CPU", config, **EXACT)
        assert np.abs(np.array(pipeline.embed_documents(texts)) - expected).max() < 1e-5


def test_many_texts_keep_their_order(roberta):
    pipeline = genai.TextEmbeddingPipeline(roberta[0], "CPU", pooling_type=Pooling.MEAN, **EXACT)
    random = np.random.default_rng(0)
    texts = [words(random.integers(3, 48, random.integers(1, 30))) for _ in range(75)]
    alone = [pipeline.embed_query(text) for text in texts]
    assert np.abs(np.array(pipeline.embed_documents(texts)) - alone).max() < 1e-5
    assert pipeline.embed_documents([]) == []


def test_instructions_and_lengths(roberta):
    folder, texts, _ = roberta
    plain = genai.TextEmbeddingPipeline(folder, "CPU", **EXACT)
    told = genai.TextEmbeddingPipeline(folder, "CPU", query_instruction="w5 ", embed_instruction="w6 ", max_length=4, **EXACT)
    cut = words(int(w[1:]) for w in texts[0].split()[:3])
    assert np.allclose(told.embed_query(texts[0]), plain.embed_query("w5 " + cut), atol=1e-6)
    assert np.allclose(told.embed_documents(texts)[0], plain.embed_query("w6 " + cut), atol=1e-6)
    # Without max_length a text is cut to what the model has positions for: 64, of which RoBERTa's padding takes two.
    assert np.allclose(plain.embed_query(words([7] * 100)), plain.embed_query(words([7] * 62)), atol=1e-6)


def test_weights_may_be_rounded(roberta):
    folder, texts, hidden = roberta
    rounded = genai.TextEmbeddingPipeline(folder, "CPU", WEIGHT_FORMAT="int8", normalize=False, **EXACT)
    error = np.abs(np.array(rounded.embed_documents(texts)) - [h[0] for h in hidden]).max()
    assert 1e-4 < error < 0.2


def test_beside_the_caller(roberta):
    folder, texts, _ = roberta
    pipeline = genai.TextEmbeddingPipeline(folder, "CPU", **EXACT)
    pipeline.start_embed_documents_async(texts)
    with pytest.raises(ov.Busy, match="one was started before"):
        pipeline.embed_query("w5")
    assert np.allclose(pipeline.wait_embed_documents(), pipeline.embed_documents(texts))
    pipeline.start_embed_query_async(texts[0])
    assert len(pipeline.wait_embed_query()) == 24
    with pytest.raises(RuntimeError, match="embed_query: none was started"):
        pipeline.wait_embed_query()


def ranker(tmp_path, name):
    return give_words(shutil.copytree(fetch_models.unpacked("encoders") / name, tmp_path / name), padding=1, pairs=True)


def test_reranking_scores_pairs(tmp_path):
    folder = ranker(tmp_path, "xlm-roberta-sequence")
    query, texts = "w5 w6", ["w7 w8 w9", "w10", "w11 w12 w13 w14 w15", "w40 w41"]
    model = ov.Core().compile_model(folder, "CPU", EXACT)
    expected = []
    for text in texts:
        ids = np.array([[1, 5, 6, 2, *(int(w[1:]) for w in text.split()), 2]])
        logit = model({"input_ids": ids, "attention_mask": np.ones_like(ids)})["logits"][0, 0]
        expected.append(1 / (1 + np.exp(-logit)))
    order = np.argsort(expected)[::-1]
    for top_n in (2, 3, 10):
        ranking = genai.TextRerankPipeline(folder, "CPU", top_n=top_n, **EXACT).rerank(query, texts)
        assert [i for i, _ in ranking] == list(order[:top_n])
        assert np.allclose([score for _, score in ranking], np.array(expected)[order[:top_n]], atol=1e-5)
    pipeline = genai.TextRerankPipeline(folder, "CPU", genai.TextRerankPipeline.Config(max_length=6), **EXACT)
    assert len(pipeline.rerank(query, texts)) == 3 and pipeline.rerank(query, []) == []
    pipeline.start_rerank_async(query, texts)
    assert len(pipeline.wait_rerank()) == 3


def test_a_language_model_ranks_by_yes_and_no(tmp_path):
    source = fetch_models.unpacked("language_models") / "qwen3"
    folder = give_words(shutil.copytree(source, tmp_path / "qwen3"), padding=0, words={"yes": 20, "no": 21})
    query, texts = "w5 w6 ", ["w7 w8 w9", "w10", "w11 w12"]
    request = ov.Core().compile_model(folder, "CPU", EXACT).create_infer_request()
    expected = []
    for text in texts:
        ids = np.array([[int(w[1:]) for w in (query + text).split()]])
        request.reset_state()
        logits = request.infer({"input_ids": ids, "attention_mask": np.ones_like(ids), "position_ids": np.arange(ids.shape[1])[None],
                                "beam_idx": np.zeros(1, np.int32)})["logits"][0, -1]
        expected.append(1 / (1 + np.exp(logits[21] - logits[20])))
    ranking = genai.TextRerankPipeline(folder, "CPU", **EXACT).rerank(query, texts)
    assert [i for i, _ in ranking] == list(np.argsort(expected)[::-1])
    assert np.allclose([score for _, score in ranking], sorted(expected, reverse=True), atol=1e-5)


@pytest.mark.parametrize("options, message", [
    ({"max_length": 0}, "max_length: got 0"),
    ({"max_length": 100}, "max_length: 100 tokens are more than the 62"),
    ({"pad_to_max_length": True}, "pad_to_max_length: needs max_length"),
    ({"padding_side": "top"}, "padding_side: 'top' is neither left nor right"),
    ({"batch_size": 0}, "batch_size: got 0"),
    ({"frob": 1}, "property 'frob' is unknown"),
])
def test_wrong_options_are_named(roberta, options, message):
    with pytest.raises(RuntimeError, match=message):
        genai.TextEmbeddingPipeline(roberta[0], "CPU", **options)


def test_wrong_calls_are_named(roberta, tmp_path):
    folder, texts, _ = roberta
    with pytest.raises(RuntimeError, match="3 texts: expected 2, the batch_size"):
        genai.TextEmbeddingPipeline(folder, "CPU", batch_size=2).embed_documents([*texts, "w5"])
    with pytest.raises(TypeError, match="there is no 'frob'"):
        genai.TextEmbeddingPipeline.Config(frob=1)
    with pytest.raises(RuntimeError, match="top_n: got 0"):
        genai.TextRerankPipeline(folder, "CPU", top_n=0)
    with pytest.raises(RuntimeError, match=r"answers a pair of texts with \[3\], expected one logit, two"):
        genai.TextRerankPipeline(ranker(tmp_path, "roberta-sequence"), "CPU").rerank("w5", ["w6"])
    with pytest.raises(RuntimeError, match="ranks by its tokens 'yes' and 'no'"):
        genai.TextRerankPipeline(folder, "CPU").rerank("w5", ["w6"])
    with pytest.raises(RuntimeError, match="tokenizer.json"):
        genai.TextEmbeddingPipeline(fetch_models.unpacked("encoders") / "roberta", "CPU")
