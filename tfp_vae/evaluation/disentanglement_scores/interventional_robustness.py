"""The interventional robustness score: how far a latent moves while its factor stays."""

import numpy as np

_QUANTILE = 0.99
"""In place of the largest deviation, which one row decides; as of Locatello et al. (2019)."""


def interventional_robustness(latents: np.ndarray, codes: np.ndarray) -> float:
    """Returns 1 minus the relative deviation of latents from their mean at a value of a factor.

    For every latent it is that of the factor at which it deviates least, and the mean over the
    latents weighs each by its largest deviation from its mean over all rows.

    Args:
      latents: The posterior means, `[N, L]`.
      codes: The factors of every row, whole numbers from 0, `[N, F]`.

    Source: Suter et al. (2019), "Robustly disentangled causal mechanisms: Validating deep
    representations for interventional robustness".
    """
    # So that a constant latent deviates by exactly 0 from its mean.
    latents = latents - latents[0]
    largest = np.abs(latents - latents.mean(axis=0)).max(axis=0)
    if not largest.any():
        return 0.0
    deviations = [
        np.mean([_deviation(latents[column == value]) for value in range(column.max() + 1)], axis=0)
        for column in codes.T
    ]
    # The weights are the divisors of the deviations, so that a constant latent drops out.
    return float(1.0 - np.min(deviations, axis=0).sum() / largest.sum())


def _deviation(latents: np.ndarray) -> np.ndarray:
    """Returns the quantile of the absolute deviations from the mean, `[L]`."""
    deviation: np.ndarray = np.quantile(np.abs(latents - latents.mean(axis=0)), _QUANTILE, axis=0)
    return deviation
