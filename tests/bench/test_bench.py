"""The arithmetic and the report of bench/; the engines themselves are not started."""
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import models  # noqa: E402
import page  # noqa: E402
import report  # noqa: E402
import stats  # noqa: E402
from models import classifiers, dense, small, transformers  # noqa: E402
from models.work import work_of  # noqa: E402


def test_a_round_counts_when_its_probe_is_near_the_median():
    assert stats.undisturbed([100, 104, 96, 90, 101]) == [0, 1, 2, 4]
    assert stats.undisturbed([100, 200]) == [0]


def test_speed_ratio_is_peer_time_over_subject_time_round_by_round():
    one = stats.speed_ratio([[1, 1, 9], [2, 2]], [[2, 2, 2], [4, 4]])
    assert (one.value, one.low, one.high) == (2, 2, 2)


def test_speed_ratio_of_rates_is_the_other_way_round():
    assert stats.speed_ratio([[10], [10]], [[5], [5]], higher_is_better=True).value == 2


def test_interval_holds_the_median_and_narrows_with_more_rounds():
    random = np.random.default_rng(3)
    few, many = (stats.ratio(random.normal(1.2, 0.05, n)) for n in (9, 900))
    for one in (few, many):
        assert one.low <= one.value <= one.high
    assert many.high - many.low < (few.high - few.low) / 3


def test_geometric_mean_of_a_gain_and_its_inverse_is_one():
    assert stats.geometric_mean([2, 0.5]) == pytest.approx(1)


def test_error_is_relative_to_the_largest_value_of_its_own_output():
    want = [np.array([0.0, 10.0]), np.array([1.0])]
    assert stats.relative_error([np.array([0.1, 10.0]), np.array([1.0])], want) == pytest.approx(0.01)
    assert stats.relative_error([np.zeros(3), np.array([1.0])], want) is None


def test_roof_is_the_slower_of_arithmetic_and_traffic():
    assert stats.roof(2, 10, 100, 10) == pytest.approx(20)
    assert stats.roof(2, 1000, 100, 10) == pytest.approx(100)


def measured(value):
    ratio = {"value": value, "low": value - 0.01, "high": value + 0.01}
    return {"engines": {"vireo": {"p50": 2.0}, "openvino": {"p50": 2.0 * value}, "onnxruntime": {"failed": "<no>"}},
            "ratios": {"openvino": ratio}, "errors": {"vireo": 1e-6, "openvino": 2e-6}, "rounds": 3, "rounds_kept": 3}


@pytest.fixture
def result():
    peaks = {"f32": 100.0, "bf16": 200.0, "l2": 50.0, "dram": 20.0}
    loads = {"load_ms": 5.0, "first_ms": 2.5, "peak_mib": 40.0}
    work = {"gflop": 0.1, "weight_mb": 4.0, "least_mb": 5.0}
    rows = [{"model": "fast", "precision": "f32", "work": work, "latency": {"1": measured(2.0)},
             "throughput": measured(1.5), "load": {"vireo": {"cold": loads}, "openvino": {}, "onnxruntime": {}}},
            {"model": "slow", "precision": "f32", "work": None, "latency": {"1": measured(0.5)}}]
    machine = {"cpu": "A & B", "cores": 1, "kernel": "6", "date": "2026-01-01", "command": "scripts/dev bench",
               "peers": {"openvino": "1", "onnxruntime": "2"}, "peaks": {"1": {"threads": 1, **peaks}}}
    return {"engines": ["vireo", "onnxruntime", "openvino"], "machine": machine, "rows": rows}


def test_table_has_a_line_per_measurement_with_ratio_and_share_of_the_roof(result):
    lines = report.speed_table(result).splitlines()
    assert len(lines) == 2 + 3
    assert "| fast | f32 | ms, 1 thread | 2 | fails | 4 | - | 2.00 [1.99, 2.01] | 50% |" in lines


def test_throughput_is_held_to_the_same_roof(result):
    row = result["rows"][0]
    assert report.share_of_roof(result, row, "throughput", 1, {"p50": 500.0}) == pytest.approx(0.5)


def test_means_name_the_rows_that_are_behind(result):
    assert report.means(result)[0] == "f32, latency with 1 threads: 1.00 x openvino over 2 models; behind on slow 0.50"


def test_what_fails_is_told_with_its_reason(result):
    assert report.failures(result, "vireo") == []
    assert len(report.failures(result)) == 3 and "<no>" in report.failures(result)[0]


def test_load_table_stands_without_measurements(result):
    assert "5 / - / -" in report.load_table(result)


class Balance(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], set()

    def handle_starttag(self, tag, attributes):
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_page_is_whole_escaped_and_asks_for_nothing(result):
    text = page.page(result)
    parser = Balance()
    parser.feed(text)
    assert parser.open == [] and {"svg", "table", "rect", "circle"} <= parser.seen
    assert "A &amp; B" in text and "&lt;no&gt;" in text
    assert not parser.seen & {"script", "link", "img", "iframe"} and "http" not in text


def weights_of(build):
    model = build()
    return sum(int(np.prod(one.dims)) for one in model.graph.initializer) * 1e-6


# Millions of parameters, as published; folded batch norms leave out a little.
@pytest.mark.parametrize("build, millions", [(classifiers.mobilenet_v3_small, 2.5), (classifiers.efficientnet_b0, 5.3),
                                             (dense.yolov8n, 3.15), (dense.unet, 7.76), (transformers.minilm, 22.4)])
def test_networks_have_their_published_size(build, millions):
    assert weights_of(build) == pytest.approx(millions, rel=0.03)


def test_work_is_counted_from_shapes(tmp_path):
    import onnx
    path = tmp_path / "mlp.onnx"
    onnx.save(small.mlp(), path)
    work = work_of(path, models.inputs_of("mlp_64x4"))
    assert work["gflop"] == pytest.approx(3 * 2 * 64 * 64e-9)
    assert work["weight_mb"] == pytest.approx(3 * 64 * 64 * 4e-6)
    assert work["least_mb"] == pytest.approx(work["weight_mb"] + 2 * 64 * 4e-6)
