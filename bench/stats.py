"""The arithmetic of the bench: which rounds count, what a ratio is, and how sure it is."""
from dataclasses import dataclass
from statistics import median, median_low

import numpy as np

TOLERANCE = 0.05  # by how much the probe may move in a round that counts


@dataclass(frozen=True)
class Ratio:
    """The median of per-round ratios with its 95 % bootstrap interval."""
    value: float
    low: float
    high: float


def undisturbed(probes, tolerance=TOLERANCE):
    """Indices of the rounds whose probe is near the usual one; one at least."""
    usual = median_low(probes)
    return [i for i, probe in enumerate(probes) if abs(probe / usual - 1) <= tolerance]


def ratio(of_rounds, draws=2000):
    """Ratio of a list of ratios, one a round."""
    values = np.asarray(of_rounds, float)
    medians = np.median(np.random.default_rng(1).choice(values, (draws, len(values))), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return Ratio(float(np.median(values)), float(low), float(high))


def speed_ratio(subject, peer, higher_is_better=False):
    """How many times as fast as the peer the subject is; each argument is a list of measurements per round."""
    pairs = [(median(a), median(b)) for a, b in zip(subject, peer)]
    return ratio([a / b if higher_is_better else b / a for a, b in pairs])


def geometric_mean(values):
    return float(np.exp(np.mean(np.log(values))))


def relative_error(got, want):
    """The largest difference over all outputs, each relative to its largest value; None if shapes differ."""
    if len(got) != len(want) or any(a.shape != b.shape for a, b in zip(got, want)):
        return None
    return max(float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-30)) for a, b in zip(got, want))


def roof(gflop, megabytes, peak_gflops, dram_gb):
    """The least milliseconds that the machine needs for this arithmetic and this traffic with nothing in cache."""
    return max(gflop / peak_gflops, megabytes * 1e-3 / dram_gb) * 1e3
