"""Statistical assertions that state how often they fail by chance."""

import math

import numpy as np

LIMIT = 5.5
"""The largest |z| allowed: a true statement fails once in 26 million comparisons (3.8e-8)."""


def assert_mean(samples, expected, limit=LIMIT):
    """Asserts that independent `samples` `[N, ...]` have the mean `expected` `[...]`.

    The standard error is estimated from the samples, so N must be large enough (hundreds) for the
    mean to be normal. The failure rate holds for each of the `[...]` means; by the union bound the
    rate of the whole call is at most their number times as much.
    """
    samples = np.asarray(samples, np.float64)
    assert len(samples) >= 100, "a z-score needs a hundred samples or more"
    assert np.isfinite(samples).all(), "the samples are not all finite"
    mean = samples.mean(axis=0)
    error = samples.std(axis=0, ddof=1) / math.sqrt(len(samples))
    rounding = 1e-12 * (1.0 + np.abs(mean))
    z = np.abs(mean - expected) / (error + rounding)
    assert np.max(z) < limit, f"|z| is {np.max(z):.1f}: mean {mean}, expected {expected}"


def assert_mean_at_most(samples, bound, limit=LIMIT):
    """Asserts that independent `samples` `[N, ...]` have a mean of at most `bound` `[...]`."""
    samples = np.asarray(samples, np.float64)
    assert len(samples) >= 100, "a z-score needs a hundred samples or more"
    assert np.isfinite(samples).all(), "the samples are not all finite"
    error = samples.std(axis=0, ddof=1) / math.sqrt(len(samples))
    z = (samples.mean(axis=0) - bound) / (error + 1e-12 * (1.0 + np.abs(bound)))
    assert np.max(z) < limit, f"z is {np.max(z):.1f}: the mean exceeds its bound"
