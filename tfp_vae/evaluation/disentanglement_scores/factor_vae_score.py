"""The score of FactorVAE: which factor is fixed, from the latent that varies least."""

import numpy as np

from tfp_vae import divergences

_ROWS_OF_A_VOTE = 64


def factor_vae_score(
    latents: np.ndarray, codes: np.ndarray, votes: int, generator: np.random.Generator
) -> float:
    """Returns the share of votes for the factor that was held fixed.

    Args:
      latents: The posterior means, `[N, L]`.
      codes: The factors of every row, whole numbers from 0, `[N, F]`.
      votes: The number of votes, and of those on which the factor of each latent is decided.
      generator: Draws the rows.

    Source: Kim & Mnih (2018), "Disentangling by factorising", section 4.
    """
    active = divergences.active_units(latents)
    if not active.any():
        active[0] = True
    scaled = latents[:, active] / np.maximum(
        latents[:, active].std(axis=0, ddof=1), np.finfo(np.float64).tiny
    )
    rows_of = [
        [np.flatnonzero(column == value) for value in range(column.max() + 1)] for column in codes.T
    ]
    count, factors = scaled.shape[1], codes.shape[1]
    tallies = np.zeros([2, count, factors], int)
    for vote in range(2 * votes):
        factor = generator.integers(factors)
        value = codes[generator.integers(len(codes)), factor]
        group = generator.choice(rows_of[factor][value], _ROWS_OF_A_VOTE)
        tallies[vote % 2, np.argmin(scaled[group].var(axis=0)), factor] += 1
    deciding, counted = tallies
    named = np.argmax(deciding, axis=1)
    return float(counted[np.arange(count), named].sum() / votes)
