"""When two tensors are the same: the tolerances of the fixtures (tests/data/README.md)."""
import numpy as np

FLOATS = ("f16", "bf16", "f32", "f64")
BYTE_STEPS = ("u8", "i8", "f8e4m3", "f8e5m2")


def widen(array, kind):
    """Floats as f64; bf16 arrives as its bits."""
    if kind == "bf16" and array.dtype == np.uint16:
        array = (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float64)


def bound_of(kind, tolerance, want):
    """The largest allowed |difference|, per element."""
    if tolerance == "rounding":
        step = {"f16": 1e-3, "bf16": 1e-2}.get(kind)
        return step * np.maximum(np.abs(want), 1) if step else 2e-6 + 2e-5 * np.abs(want)
    widened = {"f16": 10, "bf16": 100}.get(kind, 1)
    return widened * (1e-5 + 1e-4 * max(1.0, np.abs(want).max(initial=0)))


def difference(got, want, kind, tolerance):
    """None when `got` is right, else a sentence."""
    if got.shape != want.shape:
        return f"shape {list(got.shape)}, expected {list(want.shape)}"
    if want.dtype.kind in "US":
        return None if np.array_equal(got.astype(str), want.astype(str)) else "strings differ"
    if kind not in FLOATS:
        off = np.abs(got.astype(np.float64) - want.astype(np.float64)) > 1 \
            if tolerance != "exact" and kind in BYTE_STEPS else got != want
        return f"{np.count_nonzero(off)} of {want.size} values differ" if np.any(off) else None
    got, want = widen(got, kind), widen(want, kind)
    with np.errstate(invalid="ignore"):
        same = (got == want) | (np.isnan(got) & np.isnan(want))
        if tolerance != "exact":
            finite = np.isfinite(want)
            bound = bound_of(kind, tolerance, np.where(finite, want, 0))
            same |= finite & (np.abs(got - want) <= bound)
    if np.all(same):
        return None
    worst = np.abs(got - want)[~same]
    worst = worst[np.isfinite(worst)]
    text = f"{np.count_nonzero(~same)} of {want.size} values differ"
    return text + (f", by up to {worst.max():.3g}" if worst.size else ", in infinities or NaN")
