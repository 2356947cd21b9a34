"""Numerical assertions: to rounding error, or by a z-score with a stated failure rate."""

import math
from typing import Any

import numpy as np

LIMIT = 5.5
"""The largest |z| allowed: a true statement fails once in 26 million comparisons (3.8e-8)."""


def assert_close(actual: Any, expected: Any, rtol: float = 1e-9, atol: float = 1e-9) -> None:
    """Asserts that two arrays or tensors are equal to rounding error, by default of float64.

    Args:
      actual: Numbers of any shape.
      expected: Numbers of the same shape, or of one that broadcasts to it.
      rtol: The relative tolerance, as a share of `expected`.
      atol: The absolute tolerance, added to it.

    Raises:
      AssertionError: If they differ by more.

    Example:
      >>> tfp_vae.testing.assert_close([1.0, 2.0], [1.0, 2.0 + 1e-12])
    """
    __tracebackhide__ = True
    np.testing.assert_allclose(np.asarray(actual), np.asarray(expected), rtol=rtol, atol=atol)


def assert_mean(samples: Any, expected: Any, limit: float = LIMIT, rounding: float = 1e-12) -> None:
    """Asserts that the expectation of independent samples is `expected`, by a z-score.

    The standard error is estimated from the samples, which must be enough (hundreds) for their mean
    to be normal. A true statement fails once in 26 million comparisons; by the union bound the
    failure rate of a call is at most that times the number of means.

    Args:
      samples: `[N, ...]`, independent along the first axis, with N of 100 or more.
      expected: The expectations, `[...]`.
      limit: The largest z-score allowed, of either sign.
      rounding: The rounding error of the numbers, relative to 1 plus the largest of them.

    Raises:
      AssertionError: If a mean is too far off, or the samples are too few or not finite.

    Example:
      >>> draws = tfd.Normal(3.0, 1.0).sample(1000, seed=[0, 1])
      >>> tfp_vae.testing.assert_mean(draws, 3.0)
    """
    __tracebackhide__ = True
    mean, error, largest = _mean_and_error(samples)
    z = np.abs(mean - expected) / (error + rounding * (1.0 + largest))
    assert np.max(z) < limit, f"|z| is {np.max(z):.1f}: mean {mean}, expected {expected}"


def assert_mean_at_most(
    samples: Any, bound: Any, limit: float = LIMIT, rounding: float = 1e-12
) -> None:
    """Asserts that the expectation of independent samples is at most `bound`, by a z-score.

    Args:
      samples: `[N, ...]`, independent along the first axis, with N of 100 or more.
      bound: The upper bounds of the expectations, `[...]`.
      limit: The largest z-score allowed.
      rounding: The rounding error of the numbers, relative to 1 plus the largest of them.

    Raises:
      AssertionError: If a mean exceeds its bound, or the samples are too few or not finite.

    Example:
      >>> draws = tfd.Normal(3.0, 1.0).sample(1000, seed=[0, 1])
      >>> tfp_vae.testing.assert_mean_at_most(draws, 3.0)
    """
    __tracebackhide__ = True
    mean, error, largest = _mean_and_error(samples)
    z = (mean - bound) / (error + rounding * (1.0 + largest))
    assert np.max(z) < limit, f"z is {np.max(z):.1f}: the mean {mean} exceeds its bound {bound}"


def _mean_and_error(samples: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    samples = np.asarray(samples, np.float64)
    assert len(samples) >= 100, "a z-score needs a hundred samples or more"
    assert np.isfinite(samples).all(), "the samples are not all finite"
    error = samples.std(axis=0, ddof=1) / math.sqrt(len(samples))
    return samples.mean(axis=0), error, np.abs(samples).max(axis=0)
