"""ContinuousBatchingPipeline: many requests at once say what each says alone."""
import json
import random

import fetch_models
import numpy as np
import pytest
import vireo as ov
from vireo import genai

EXACT = {"EXECUTION_MODE_HINT": "ACCURACY", "INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32"}


@pytest.fixture(scope="module", params=["llama", "qwen2"])
def folder(request):
    return fetch_models.unpacked("generation") / request.param


@pytest.fixture(scope="module")
def alone(folder):
    return genai.LLMPipeline(folder, "CPU", EXACT)


def scheduler(**fields):
    config = genai.SchedulerConfig()
    for name, value in fields.items():
        setattr(config, name, value)
    return config


def prompts_of(count, seed):
    """Prompts of mixed lengths, a third of which begin alike."""
    draw = random.Random(seed)
    shared = [draw.randrange(10, 900) for _ in range(60)]
    prompts = []
    for i in range(count):
        prompt = shared[:draw.randrange(30, 60)] if i % 3 == 0 else []
        prompts.append(prompt + [draw.randrange(10, 900) for _ in range(draw.randrange(1, 80 if i % 5 == 0 else 20))])
    return prompts, [draw.randrange(1, 30) for _ in range(count)]


def greedy(tokens, **fields):
    return genai.GenerationConfig(**{"max_new_tokens": tokens, "ignore_eos": True, **fields})


@pytest.mark.parametrize("fields", [
    dict(num_kv_blocks=8, max_num_batched_tokens=48),
    dict(num_kv_blocks=12, enable_prefix_caching=True),
    dict(num_kv_blocks=400, dynamic_split_fuse=False, enable_prefix_caching=True),
])
def test_two_hundred_requests_say_what_they_say_alone(folder, alone, fields):
    pipe = genai.ContinuousBatchingPipeline(folder, scheduler(**fields), "CPU", EXACT)
    prompts, lengths = prompts_of(200, 1)
    handles = []
    for i, (prompt, length) in enumerate(zip(prompts, lengths)):
        handles.append(pipe.add_request(i, np.array([prompt]), greedy(length)))
        if i % 11 == 0:
            pipe.step()
    most = 0
    while pipe.has_non_finished_requests():
        pipe.step()
        most = max(most, pipe.get_metrics().scheduled_requests)
    assert most > 1 and pipe.get_metrics().requests == 0 and 0 < pipe.get_metrics().max_cache_usage <= 100
    for handle, prompt, length in zip(handles, prompts, lengths):
        assert handle.get_status() == genai.GenerationStatus.FINISHED
        assert [output.generated_ids for output in handle.read_all()] == alone.generate(np.array([prompt]), greedy(length)).tokens


def test_cancelled_requests_leave_the_others_alone(folder, alone):
    pipe = genai.ContinuousBatchingPipeline(folder, scheduler(num_kv_blocks=10, enable_prefix_caching=True), "CPU", EXACT)
    prompts, lengths = prompts_of(60, 2)
    handles = [pipe.add_request(i, np.array([prompt]), greedy(length)) for i, (prompt, length) in enumerate(zip(prompts, lengths))]
    draw = random.Random(3)
    while pipe.has_non_finished_requests():
        pipe.step()
        if draw.random() < 0.1:
            handles[draw.randrange(60)].cancel()
    states = [handle.get_status() for handle in handles]
    assert states.count(genai.GenerationStatus.CANCEL) > 3
    for handle, state, prompt, length in zip(handles, states, prompts, lengths):
        if state == genai.GenerationStatus.FINISHED:
            assert handle.read_all()[0].generated_ids == alone.generate(np.array([prompt]), greedy(length)).tokens[0]
        else:
            assert not handle.can_read()


def test_beams_and_draws(folder, alone):
    pipe = genai.ContinuousBatchingPipeline(folder, scheduler(num_kv_blocks=30), "CPU", EXACT)
    prompts, _ = prompts_of(9, 4)
    kinds = [dict(num_beams=4, num_return_sequences=3), dict(do_sample=True, num_return_sequences=3, temperature=0.7, rng_seed=5),
             dict(repetition_penalty=1.3)]
    configs = [greedy(12, **kinds[i % 3]) for i in range(9)]
    results = pipe.generate([np.array([prompt]) for prompt in prompts], configs)
    for result, prompt, config in zip(results, prompts, configs):
        want = alone.generate(np.array([prompt]), config)
        assert result.m_generation_ids == want.tokens and np.allclose(result.m_scores, want.scores, atol=1e-4)
        assert result.m_status == genai.GenerationStatus.FINISHED


def test_guesses_do_not_change_the_text(folder, alone):
    pipe = genai.ContinuousBatchingPipeline(folder, scheduler(), "CPU", EXACT)
    prompt = [40, 41, 42, 43] * 8
    for fields in [{}, dict(do_sample=True, temperature=0.3, rng_seed=2)]:
        config = greedy(40, num_assistant_tokens=4, max_ngram_size=3, **fields)
        got = pipe.generate([np.array([prompt])], [config])[0]
        assert got.m_generation_ids == alone.generate(np.array([prompt]), greedy(40, **fields)).tokens


def test_reading_and_streaming(folder, alone):
    pipe = genai.ContinuousBatchingPipeline(folder, scheduler(num_kv_blocks=40), "CPU", EXACT)
    want = alone.generate("The quick brown fox", greedy(12, apply_chat_template=False))
    handle = pipe.add_request(0, "The quick brown fox", greedy(12))
    tokens, reads = [], 0
    while pipe.has_non_finished_requests() or handle.can_read():
        if pipe.has_non_finished_requests():
            pipe.step()
        if handle.can_read():
            tokens += handle.read()[0].generated_ids
            reads += 1
    assert pipe.get_tokenizer().decode(tokens) == want and reads >= 12
    pieces = []
    result = pipe.generate("The quick brown fox", greedy(12, apply_chat_template=False), pieces.append)[0]
    assert "".join(pieces) == want == result.m_generation_ids[0]
    metrics = handle.get_perf_metrics()
    assert metrics.get_num_generated_tokens() == 12 and metrics.get_num_input_tokens() > 0 and metrics.get_ttft().mean > 0
    stopped = pipe.add_request(1, "The quick", greedy(100))
    for _ in range(5):
        pipe.step()
    stopped.stop()
    pipe.step()
    assert stopped.get_status() == genai.GenerationStatus.STOP and 0 < len(stopped.read_all()[0].generated_ids) < 10


def test_llm_pipeline_through_a_scheduler(folder, alone):
    pipe = genai.LLMPipeline(folder, "CPU", scheduler_config=scheduler(num_kv_blocks=60, enable_prefix_caching=True), **EXACT)
    texts = ["The quick brown fox", "What is the value of x?", "one"]
    for config in [greedy(20), greedy(8, num_beams=3, num_return_sequences=2), greedy(10, stop_strings={"e"}), greedy(3, echo=True)]:
        assert pipe.generate(texts, config).texts == [text for one in texts for text in alone.generate([one], config).texts]
    history = genai.ChatHistory()
    for said in ["one", "two"]:
        history.append({"role": "user", "content": said})
        pieces = []
        answer = pipe.generate(history, greedy(10), pieces.append)
        assert answer.texts == alone.generate(history, greedy(10)).texts == ["".join(pieces)]
        history.append({"role": "assistant", "content": answer.texts[0]})
    metrics = answer.perf_metrics
    assert metrics.get_num_generated_tokens() == 10 and metrics.get_tpot().mean > 0 and metrics.get_inference_duration().mean > 0
    lookup = genai.LLMPipeline(folder, "CPU", {**EXACT, "prompt_lookup": True})
    config = greedy(30, num_assistant_tokens=5, max_ngram_size=3)
    assert lookup.generate("again and again and again and again", config) == alone.generate("again and again and again and again", greedy(30))
    drafted = genai.LLMPipeline(folder, "CPU", draft_model=genai.draft_model(folder, "CPU", **EXACT), **EXACT)
    for fields in [{}, {"num_assistant_tokens": 3}, {"do_sample": True, "temperature": 0.5, "rng_seed": 4}]:
        got = drafted.generate(["The quick brown fox"], greedy(40, **fields))
        assert got.texts == alone.generate(["The quick brown fox"], greedy(40, **{k: v for k, v in fields.items() if "assistant" not in k})).texts
        passes = len(got.perf_metrics.raw_metrics.token_infer_durations)
        assert passes < 15 or "do_sample" in fields  # a model that guesses what it would say itself is always right
    small = genai.LLMPipeline(folder, "CPU", scheduler_config=scheduler(num_kv_blocks=1), **EXACT)
    with pytest.raises(ov.Error, match="do not fit into the cache"):
        small.generate(np.arange(10, 70)[None], greedy(3))


def test_refusals(folder):
    with pytest.raises(ov.Error, match="'num_kv_blocks' and 'cache_size' say the same thing"):
        genai.ContinuousBatchingPipeline(folder, scheduler(num_kv_blocks=1, cache_size=1), "CPU", EXACT)
    with pytest.raises(ov.Error, match="'use_cache_eviction' is not supported"):
        genai.ContinuousBatchingPipeline(folder, scheduler(use_cache_eviction=True), "CPU", EXACT)
    pipe = genai.ContinuousBatchingPipeline(folder, scheduler(num_kv_blocks=2), "CPU", EXACT)
    large = pipe.generate([np.arange(10, 110)[None]], [greedy(3)])[0]
    assert large.m_status == genai.GenerationStatus.IGNORED
    assert pipe.generate([np.arange(10, 30)[None]], [greedy(3)])[0].m_status == genai.GenerationStatus.FINISHED
    with pytest.raises(ov.Error, match="2 configurations for 1 prompts"):
        pipe.generate([np.arange(10, 20)[None]], [greedy(3), greedy(3)])
    with pytest.raises(ov.Error, match="a prompt has no tokens"):
        pipe.add_request(0, np.zeros((1, 0), np.int64), greedy(3))
