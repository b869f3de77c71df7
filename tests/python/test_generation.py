"""LLMPipeline: texts, tokens, chats, streaming, stops, metrics, and what it refuses."""
import json
import shutil

import fetch_models
import numpy as np
import pytest
import vireo as ov
from vireo import genai

EXACT = {"INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY", "KV_CACHE_PRECISION": "f32"}
QUESTION = "The quick brown fox"


@pytest.fixture(scope="module")
def root():
    return fetch_models.unpacked("generation")


@pytest.fixture(scope="module")
def prompts(root):
    return json.loads((root / "llama" / "reference.json").read_text())["prompts"]


@pytest.fixture(scope="module")
def pipe(root):
    return genai.LLMPipeline(root / "llama", "CPU", EXACT)


def plain(**fields):
    return genai.GenerationConfig(**{"max_new_tokens": 32, "ignore_eos": True, "apply_chat_template": False, **fields})


def test_texts_are_those_of_openvino(root, pipe, prompts):
    for prompt in prompts:
        assert pipe.generate(prompt["text"], plain()) == prompt["pipeline_text"]
        assert pipe.generate(prompt["text"], plain(max_new_tokens=16, apply_chat_template=True)) == prompt["chat_text_16"]


def test_prompts_of_a_batch_do_not_see_one_another(pipe, prompts):
    texts = [prompt["text"] for prompt in prompts]
    assert len({len(pipe.get_tokenizer().encode(text).input_ids.data[0]) for text in texts}) > 1
    together = pipe.generate(texts, plain())
    assert together.texts == [prompt["pipeline_text"] for prompt in prompts]
    assert [r.name for r in together.finish_reasons] == ["LENGTH"] * len(texts)
    beams = plain(num_beams=3, num_return_sequences=2, max_new_tokens=8)
    alone = [text for one in texts for text in pipe.generate([one], beams).texts]
    assert pipe.generate(texts, beams).texts == alone


def test_a_batch_shrinks_as_prompts_end(pipe, prompts):
    ids = [prompt["pipeline_ids"] for prompt in prompts]
    stop = {ids[0][3], ids[1][6]}
    ends = [next((i for i, token in enumerate(row) if token in stop), 31) + 1 for row in ids]
    got = pipe.generate([prompt["text"] for prompt in prompts], plain(ignore_eos=False, stop_token_ids=stop))
    tokens = [len(pipe.get_tokenizer().encode(p["text"]).input_ids.data[0]) for p in prompts]
    assert got.perf_metrics.get_num_generated_tokens() == sum(ends) and got.perf_metrics.get_num_input_tokens() == sum(tokens)
    assert got.texts == [pipe.get_tokenizer().decode(row[:end]) for row, end in zip(ids, ends)]
    assert got.perf_metrics.raw_metrics.m_batch_sizes[0] == 3 and got.perf_metrics.raw_metrics.m_batch_sizes[-1] < 3


def test_tokens_in_tokens_out(pipe, prompts):
    prompt = prompts[0]
    ids = np.array([prompt["input_ids"]])
    assert pipe.generate(ids, plain()).tokens == [prompt["pipeline_ids"]]
    encoded = pipe.get_tokenizer().encode(prompt["text"])
    assert pipe.generate(encoded, plain()).tokens == [prompt["pipeline_ids"]]
    padded = genai.TokenizedInputs(np.pad(ids, ((0, 0), (0, 3))), np.pad(np.ones_like(ids), ((0, 0), (0, 3))))
    assert pipe.generate(padded, plain()).tokens == [prompt["pipeline_ids"]]
    assert pipe.generate(ids, plain(max_new_tokens=2, echo=True)).tokens == [prompt["input_ids"] + prompt["pipeline_ids"][:2]]
    assert pipe.generate(ids, plain(max_new_tokens=0, echo=True)).tokens == [prompt["input_ids"]]


def test_streams_what_it_answers(pipe, prompts):
    for prompt in prompts:
        pieces = []
        text = pipe.generate(prompt["text"], plain(), pieces.append)
        assert "".join(pieces) == text == prompt["pipeline_text"]
        assert len(pieces) > 10


def test_streamers_get_tokens_and_may_stop(pipe, prompts):
    class Collector(genai.StreamerBase):
        def __init__(self, limit, answer):
            super().__init__()
            self.tokens, self.ended, self.limit, self.answer = [], 0, limit, answer

        def write(self, token):
            self.tokens.append(token)
            return self.answer if len(self.tokens) == self.limit else genai.StreamingStatus.RUNNING

        def end(self):
            self.ended += 1

    ids = np.array([prompts[0]["input_ids"]])
    for limit, answer, reason in [(99, True, "LENGTH"), (5, True, "STOP"), (5, genai.StreamingStatus.STOP, "STOP"),
                                  (5, genai.StreamingStatus.CANCEL, "NONE")]:
        collector = Collector(limit, answer)
        got = pipe.generate(ids, plain(), collector)
        assert collector.tokens == got.tokens[0] == prompts[0]["pipeline_ids"][:limit]
        assert collector.ended == 1 and got.finish_reasons[0].name == reason
    # A text streamer that was derived from passes through Python too.
    class Loud(genai.TextStreamer):
        def write(self, token):
            self.count = getattr(self, "count", 0) + 1
            return super().write(token)

    texts = []
    loud = Loud(pipe.get_tokenizer(), texts.append)
    assert "".join(texts) == "" and pipe.generate(prompts[0]["text"], plain(), loud) == "".join(texts) and loud.count == 32


def test_an_exception_of_a_streamer_comes_back(pipe, prompts):
    def raises(text):
        raise KeyError(text)

    with pytest.raises(KeyError):
        pipe.generate(QUESTION, plain(), raises)
    assert pipe.generate(prompts[0]["text"], plain()) == prompts[0]["pipeline_text"]


def test_stop_strings(pipe, prompts):
    whole = prompts[0]["pipeline_text"]
    tokenizer = pipe.get_tokenizer()
    for begin, length in [(12, 1), (12, 4), (20, 7), (25, 2)]:
        stop = whole[begin:begin + length]
        place = whole.find(stop)
        pieces = []
        text = pipe.generate(QUESTION, plain(stop_strings={stop, "never said"}), pieces.append)
        assert text == whole[:place].rstrip(" \n") == "".join(pieces), stop
        pieces = []
        text = pipe.generate(QUESTION, plain(stop_strings={stop}, include_stop_str_in_output=True), pieces.append)
        assert text == whole[:place + len(stop)] == "".join(pieces), stop
    ids = np.array([prompts[0]["input_ids"]])
    got = pipe.generate(ids, plain(stop_strings={whole[12:16]}))
    assert whole[:10].startswith(tokenizer.decode(got.tokens[0])[:10]) and len(got.tokens[0]) < 32
    assert got.finish_reasons[0].name == "STOP"


def test_min_new_tokens_and_ignore_eos(pipe, prompts):
    ids, first = np.array([prompts[0]["input_ids"]]), prompts[0]["pipeline_ids"]
    stop = {"ignore_eos": False, "stop_token_ids": {first[4]}, "eos_token_id": first[7]}
    assert pipe.generate(ids, plain(**stop)).tokens == [first[:5]]
    late = pipe.generate(ids, plain(**stop, min_new_tokens=12)).tokens[0]
    assert len(late) >= 12 and not {first[4], first[7]} & set(late[:12])
    assert pipe.generate(ids, plain(**{**stop, "ignore_eos": True})).tokens == [first]


def test_drawing_is_seeded_and_follows_the_distribution(pipe, prompts):
    ids = np.array([prompts[0]["input_ids"]])
    how = dict(do_sample=True, temperature=0.8, top_k=20, top_p=0.9, num_return_sequences=3, max_new_tokens=6)
    one, same = (pipe.generate(ids, plain(rng_seed=7, **how)) for _ in range(2))
    assert one.tokens == same.tokens and one.scores == same.scores and len({tuple(t) for t in one.tokens}) > 1
    assert pipe.generate(ids, plain(rng_seed=8, **how)).tokens != one.tokens
    # Drawn often enough every likely token comes about as often as it is likely.
    request = ov.Core().compile_model(fetch_models.unpacked("generation") / "llama" / "openvino_model.xml", "CPU", EXACT).create_infer_request()
    n = ids.shape[1]
    logits = request.infer({"input_ids": ids, "attention_mask": np.ones((1, n), np.int64), "position_ids": np.arange(n)[None],
                            "beam_idx": np.zeros(1, np.int32)})[0]
    for cuts in [dict(top_k=4), dict(top_p=0.9), {}]:
        config = plain(do_sample=True, temperature=0.5, num_return_sequences=2000, max_new_tokens=1, rng_seed=1, **cuts)
        drawn = [tokens[0] for tokens in pipe.generate(ids, config).tokens]
        for token, p in genai.next_token_distribution(config, logits[0, -1], prompts[0]["input_ids"]):
            assert abs(drawn.count(token) / 2000 - p) < 5 * np.sqrt(p * (1 - p) / 2000) + 1e-3


def test_log_probs(pipe, prompts):
    ids = np.array([prompts[0]["input_ids"]])
    assert pipe.generate(ids, plain(max_new_tokens=4)).scores == [0.0]
    got = pipe.generate(ids, plain(max_new_tokens=4, logprobs=1))
    assert len(got.log_probs[0]) == 4 and max(got.log_probs[0]) < 0
    assert got.scores[0] == pytest.approx(sum(got.log_probs[0]), rel=1e-5)


def test_chat_remembers_and_reads_only_what_is_new(root, pipe):
    how = plain(max_new_tokens=8, apply_chat_template=True)
    history = genai.ChatHistory()
    history.append({"role": "user", "content": "one"})
    first = pipe.generate(history, how)
    history.append({"role": "assistant", "content": first.texts[0]})
    history.append({"role": "user", "content": "two"})
    second = pipe.generate(history, how)
    assert isinstance(second, genai.DecodedResults)
    fresh = genai.LLMPipeline(root / "llama", "CPU", EXACT).generate(history, how)
    assert second.texts == fresh.texts
    pipe.start_chat()
    assert pipe.generate("one", how) == first.texts[0]
    assert pipe.generate("dropped", how, lambda text: genai.StreamingStatus.CANCEL) != ""
    assert pipe.generate("two", how) == second.texts[0]
    with pytest.raises(ov.Error, match="one text is the next message"):
        pipe.generate(["a", "b"], how)
    pipe.finish_chat()
    pipe.start_chat("be brief")
    assert pipe.generate("one", how) != first.texts[0]
    pipe.finish_chat()
    assert pipe.generate("one", how) == first.texts[0]


def test_metrics(pipe):
    metrics = pipe.generate([QUESTION], plain(max_new_tokens=10)).perf_metrics
    assert metrics.get_num_generated_tokens() == 10 and metrics.get_num_input_tokens() == 13
    assert metrics.get_load_time() > 0 and 0 < metrics.get_tpot().mean < metrics.get_generate_duration().mean
    assert metrics.get_throughput().mean == pytest.approx(1000 / metrics.get_tpot().mean, rel=1e-3)
    assert 0 < metrics.get_ttft().mean < metrics.get_generate_duration().mean
    assert 0 < metrics.get_inference_duration().mean < metrics.get_generate_duration().mean
    assert metrics.get_chat_template_duration().mean == -1
    raw = metrics.raw_metrics
    assert len(raw.m_durations) == 9 and len(raw.m_new_token_times) == 10 and len(raw.token_infer_durations) == 10
    both = metrics + metrics
    assert both.get_num_generated_tokens() == 20 and len(both.raw_metrics.m_durations) == 18


def test_the_other_constructors(root, pipe, prompts):
    model = ov.Core().read_model(root / "llama")
    before = len(model.get_ops())
    tokenizer = genai.Tokenizer(root / "llama")
    want = prompts[0]["pipeline_text"]
    assert genai.LLMPipeline(model, tokenizer, "CPU", **EXACT).generate(QUESTION, plain()) == want
    assert len(model.get_ops()) == before and list(model.output(0).partial_shape)[1].is_dynamic
    request = ov.Core().compile_model(model, "CPU", EXACT).create_infer_request()
    assert genai.LLMPipeline(request, tokenizer).generate(QUESTION, plain()) == want
    assert genai.LLMPipeline(str(root / "llama"), tokenizer, "CPU", EXACT).generate(QUESTION, plain()) == want
    text, weights = (root / "llama" / "openvino_model.xml").read_text(), np.fromfile(root / "llama" / "openvino_model.bin", np.uint8)
    assert genai.LLMPipeline(text, ov.Tensor(weights), tokenizer, "CPU", **EXACT).generate(QUESTION, plain()) == want


def test_configuration_of_the_folder(root, pipe, tmp_path):
    folder = shutil.copytree(root / "llama", tmp_path / "m")
    (folder / "generation_config.json").write_text(json.dumps(
        {"eos_token_id": [5, 6], "max_length": None, "top_k": 0, "do_sample": True, "temperature": 0.7, "early_stopping": "never",
         "transformers_version": "4.57.6", "no_repeat_ngram_size": 0}))
    config = genai.GenerationConfig(folder / "generation_config.json")
    assert config.eos_token_id == 5 and config.stop_token_ids == {5, 6} and config.do_sample and config.temperature == pytest.approx(0.7)
    assert config.stop_criteria == genai.StopCriteria.NEVER and config.top_k == config.no_repeat_ngram_size == 2**64 - 1
    assert genai.LLMPipeline(folder, "CPU").get_generation_config().stop_token_ids == {5, 6}
    assert pipe.get_generation_config().eos_token_id == 1022
    (folder / "generation_config.json").write_text('{"top_p": "much"}')
    with pytest.raises(ov.Error, match='top_p is "much", expected a number'):
        genai.GenerationConfig(folder / "generation_config.json")


def test_the_context_is_a_bound(root, tmp_path, prompts):
    folder = shutil.copytree(root / "llama", tmp_path / "m")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "max_position_embeddings": 20}))
    pipe = genai.LLMPipeline(folder, "CPU", EXACT)
    got = pipe.generate([QUESTION], plain())
    assert got.perf_metrics.get_num_generated_tokens() == 7 and got.finish_reasons[0].name == "LENGTH"
    with pytest.raises(ov.Error, match="the prompt has 2. tokens, but the model's context is 20"):
        pipe.generate(QUESTION * 2, plain())


@pytest.mark.parametrize("fields, message", [
    ({}, "one of 'eos_token_id'"),
    ({"max_new_tokens": 3, "num_return_sequences": 2}, "'num_return_sequences' can be more than 1 only"),
    ({"max_new_tokens": 3, "presence_penalty": 3.0}, r"'presence_penalty' must be within \[-2, 2\], but got 3"),
    ({"max_new_tokens": 3, "frequency_penalty": -3.0}, r"'frequency_penalty' must be within \[-2, 2\], but got -3"),
    ({"max_new_tokens": 3, "repetition_penalty": 0.0}, "'repetition_penalty' must be above 0"),
    ({"max_new_tokens": 3, "do_sample": True, "top_p": 0.0}, r"'top_p' must be in \(0, 1\], but got 0"),
    ({"max_new_tokens": 3, "do_sample": True, "temperature": 0.0}, "'temperature' must be above 0"),
    ({"max_new_tokens": 3, "do_sample": True, "min_p": 1.0}, r"'min_p' must be in \[0, 1\), but got 1"),
    ({"max_new_tokens": 3, "num_beams": 2, "do_sample": True}, "beam search with sampling"),
    ({"max_new_tokens": 3, "num_beams": 2, "repetition_penalty": 2.0}, "beam search knows no repetition"),
    ({"max_new_tokens": 3, "num_beams": 3, "num_beam_groups": 2}, r"'num_beams' \(3\) must be divisible by 'num_beam_groups' \(2\)"),
    ({"max_new_tokens": 3, "num_beams": 2, "num_beam_groups": 0}, r"'num_beams' \(2\) must be divisible by 'num_beam_groups' \(0\)"),
    ({"max_new_tokens": 3, "num_beams": 2, "num_return_sequences": 3}, r"'num_beams' \(2\) must be at least 'num_return_sequences' \(3\)"),
    ({"max_new_tokens": 3, "num_beams": 4, "num_beam_groups": 2}, "'diversity_penalty' must not be 0"),
    ({"ignore_eos": True}, "either 'max_new_tokens' or 'max_length' must be defined"),
    ({"max_new_tokens": 0}, "'max_new_tokens' must be greater than 0"),
    ({"max_new_tokens": 3, "min_new_tokens": 5}, "'min_new_tokens' must be less than or equal"),
    ({"max_new_tokens": 3, "stop_token_ids": {-4}}, "'stop_token_ids' must be non-negative, but one is -4"),
    ({"max_new_tokens": 3, "num_return_sequences": 0}, "'num_return_sequences' must be greater than 0"),
    ({"max_new_tokens": 3, "assistant_confidence_threshold": 0.3, "num_assistant_tokens": 4}, "exclude each other"),
    ({"max_new_tokens": 3, "max_ngram_size": 2}, "'max_ngram_size' must be 0"),
    ({"max_new_tokens": 3, "num_assistant_tokens": 4, "num_beams": 2}, "assisted generation makes one sequence"),
])
def test_what_a_configuration_may_not_say(fields, message):
    with pytest.raises(ov.Error, match=message):
        genai.GenerationConfig(**fields).validate()


def test_updates_by_name():
    config = genai.GenerationConfig()
    config.update_generation_config(max_new_tokens=5, stop_strings={"a"}, top_p=0.5)
    assert config.max_new_tokens == 5 and config.stop_strings == {"a"} and config.top_p == 0.5
    with pytest.raises(ov.Error, match="there is no 'max_tokens'"):
        config.update_generation_config(top_k=1, max_tokens=5)
    with pytest.raises(ov.Error, match="top_p is 'much'"):
        config.update_generation_config(top_p="much")
    assert config.top_k == 2**64 - 1 and config.top_p == 0.5
    assert [config.is_greedy_decoding(), config.is_beam_search(), config.is_multinomial()] == [True, False, False]


def test_properties_of_reading_reach_the_models(root):
    reading = {"WEIGHT_FORMAT": "int8"}
    scheduler = genai.SchedulerConfig()
    draft = genai.draft_model(root / "llama", "CPU", **reading)
    for make in (lambda: genai.LLMPipeline(root / "llama", "CPU", reading),
                 lambda: genai.LLMPipeline(root / "llama", "CPU", {}, draft_model=draft),
                 lambda: genai.ContinuousBatchingPipeline(root / "llama", scheduler, "CPU", reading)):
        with pytest.raises(RuntimeError, match="WEIGHT_FORMAT=int8: .* is no Hugging Face folder"):
            make()


def test_refusals(root, pipe, tmp_path):
    for inputs, config, match in [
        (np.zeros((1, 0), np.int64), plain(), "a prompt has no tokens"),
        (np.array([[5, 5000]]), plain(), "token 5000 is none of the model's 1024 tokens"),
        (np.array([[-1]]), plain(), "token -1 is none of"),
        (np.zeros((2, 2, 2), np.int64), plain(), "expected i64"),
        ([], plain(), "there is no prompt"),
        (QUESTION, plain(max_new_tokens=2**64 - 1, max_length=5), "leaves no room"),
    ]:
        with pytest.raises(ov.Error, match=match):
            pipe.generate(inputs, config)
    with pytest.raises(ov.Error, match="streaming is for one prompt"):
        pipe.generate([QUESTION, QUESTION], plain(), print)
    with pytest.raises(ov.Error, match="streaming is for one prompt"):
        pipe.generate(QUESTION, plain(num_beams=2), print)
    with pytest.raises(TypeError, match="a function or a StreamerBase"):
        pipe.generate(QUESTION, plain(), 5)
    with pytest.raises(ov.Error, match="there is no 'max_tokens'"):
        pipe.generate(QUESTION, max_tokens=3)
    with pytest.raises(ov.Error, match="scheduler_config is 3, expected a SchedulerConfig"):
        genai.LLMPipeline(root / "llama", "CPU", scheduler_config=3)
    folder = shutil.copytree(root / "llama", tmp_path / "m")
    (folder / "tokenizer.json").rename(folder / "openvino_tokenizer.xml")
    with pytest.raises(ov.Error, match="openvino_tokenizer.xml: the xml cannot be parsed"):
        genai.LLMPipeline(folder)
