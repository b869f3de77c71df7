"""Distributions and searches, against transformers' processors and OpenVINO GenAI."""
import json

import fetch_models
import numpy as np
import pytest
from vireo import genai

EXACT = {"INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY", "KV_CACHE_PRECISION": "f32"}


@pytest.fixture(scope="module")
def root():
    return fetch_models.unpacked("generation")


def config_of(fields, **more):
    fields = {**fields, **more}
    if "stop_criteria" in fields:
        fields["stop_criteria"] = getattr(genai.StopCriteria, fields["stop_criteria"])
    return genai.GenerationConfig(**fields)


def check_distribution(case, logits, expected, openvino):
    got = genai.next_token_distribution(config_of(case["config"], openvino_sampling=openvino), logits, case["prompt_ids"], case["output_ids"])
    want = dict(zip(expected["ids"], expected["probs"]))
    # What is as good as impossible may be left out by either side.
    got_all = {token: p for token, p in got if p > 1e-9 or token in want}
    assert {t for t, p in want.items() if p > 1e-9} <= set(got_all), (case["vector"], case["config"])
    assert set(got_all) <= set(want), (case["vector"], case["config"])
    # What is expected of OpenVINO was computed in f64; the scores here and there are f32.
    rounding = 4 * np.spacing(np.abs(logits[np.isfinite(logits)]).max()) if openvino else 0
    assert max(abs(p - want[token]) - p * rounding for token, p in got_all.items()) < 1e-5, (case["vector"], case["config"])


def test_distributions_are_those_of_transformers(root):
    data = json.loads((root / "distributions.json").read_text())
    vectors = {name: np.array([-np.inf if v is None else v for v in row], np.float32) for name, row in data["vectors"].items()}
    differing = 0
    for case in data["cases"]:
        check_distribution(case, vectors[case["vector"]], case["expected"], False)
        if "no_repeat_ngram_size" not in case["config"]:
            check_distribution(case, vectors[case["vector"]], case.get("genai", case["expected"]), True)
            differing += "genai" in case
    assert differing > 30


@pytest.fixture(scope="module", params=["llama", "qwen2"])
def pipe(request, root):
    return request.param, genai.LLMPipeline(root / request.param, "CPU", EXACT), json.loads((root / request.param / "reference.json").read_text())["prompts"]


def beam_rows(root, model):
    return [row for row in json.loads((root / "beam.json").read_text()) if row["model"] == model]


def test_beams_are_those_of_openvino_and_transformers(root, pipe):
    model, pipe, prompts = pipe
    count = 0
    for row in beam_rows(root, model):
        if "config" not in row:
            continue
        end = {"ignore_eos": True} if row["eos_token_id"] < 0 else {"eos_token_id": row["eos_token_id"], "stop_token_ids": {row["eos_token_id"]}}
        config = config_of(row["config"], max_new_tokens=row["max_new_tokens"], **end)
        got = pipe.generate(np.array([prompts[row["prompt"]]["input_ids"]]), config)
        assert got.tokens == row["sequences"], row
        assert np.allclose(got.scores, row["scores"], atol=1e-3), row
        assert [reason.name for reason in got.finish_reasons] == row["reasons"], row
        count += 1
    assert count > 50


def test_greedy_with_penalties(root, pipe):
    model, pipe, prompts = pipe
    for row in beam_rows(root, model):
        if "greedy_penalty" not in row:
            continue
        config = config_of(row["greedy_penalty"], max_new_tokens=row["max_new_tokens"], ignore_eos=True, openvino_sampling=True)
        got = pipe.generate(np.array([prompts[row["prompt"]]["input_ids"]]), config)
        assert got.tokens == [row["pipeline_ids"]], row
