"""Judges the noise of a sampler in units of its scale.

Every decision is a test whose chance of a false alarm is at most about one in a million: a z-score
against `SAMPLER_Z` standard errors, or the Dvoretzky-Kiefer-Wolfowitz bound on the distance between
the noise's distribution function and the normal one.
"""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions
Array = np.ndarray

SAMPLER_Z = 6.0
FALSE_ALARM_RATE = 1e-6


def noise_factor(standard: Array) -> float:
    """The standard deviation of the noise, also when the rows share it."""
    return float(standard.std())


def noise_faults(standard: Array, factor: float) -> list[str]:
    """The mistakes of noise `[calls, B, K]` whose standard deviation is `factor`, in words."""
    calls, rows, latents = standard.shape
    faults = []
    # Shared noise leaves the spread of one draw undetermined, so it is looked for first.
    across_rows = float(np.mean(standard.mean(axis=1) ** 2)) * rows / factor**2
    across_latents = float(np.mean(standard.mean(axis=2) ** 2)) * latents / factor**2
    shift = float(standard.mean())
    centred = abs(shift) <= SAMPLER_Z * factor / np.sqrt(standard.size)
    shared_rows = rows > 1 and float(standard.std(axis=1).max()) <= 0.05 * factor
    shared_latents = latents > 1 and float(standard.std(axis=2).max()) <= 0.05 * factor
    if shared_rows:
        faults.append("all rows of a batch share the same noise")
    if shared_latents:
        faults.append("all latents of an example share the same noise")
    if shared_rows or shared_latents:
        return faults
    if not centred:
        faults.append(f"its centre is shifted by {shift:+.3g} scales")
    if abs(factor - 1.0) > SAMPLER_Z / np.sqrt(2.0 * standard.size) + 0.01:
        faults.append(f"its spread is {factor:.4g} times the scale")
    partly = SAMPLER_Z * np.sqrt(2.0)
    if centred and (
        across_rows > 1.0 + partly / np.sqrt(calls * latents) + 0.05
        or across_latents > 1.0 + partly / np.sqrt(calls * rows) + 0.05
    ):
        faults.append("its draws are correlated within a batch")
    if not faults:
        distance = _distance_to_normal(standard)
        if distance > np.sqrt(np.log(2.0 / FALSE_ALARM_RATE) / (2.0 * standard.size)) + 5e-3:
            faults.append(
                f"its noise is not normal: the distribution functions are {distance:.3g} apart"
            )
    return faults


def _distance_to_normal(standard: Array) -> float:
    ordered = np.sort(standard.ravel())
    expected = np.asarray(tfd.Normal(tf.zeros([], tf.float64), 1.0).cdf(ordered))
    steps = np.arange(ordered.size + 1) / ordered.size
    return float(max(np.max(steps[1:] - expected), np.max(expected - steps[:-1])))
