"""Posterior collapse: how it is told, and what to try."""

import numpy as np

ACTIVE_VARIANCE = 0.01
"""A latent is active if the posterior's mean of it varies more than this over the data.

Burda et al. (2015), "Importance weighted autoencoders", section 5.
"""

REMEDY = (
    "Posterior collapse: q(z|x) is the same for every row, and the decoder does without z. Try a "
    "KL that warms up, objectives.ELBO(kl_weight=objectives.LinearWarmUp(...)); then free bits, "
    "objectives.ELBO(free_bits=0.1); then a decoder of fewer or smaller layers, or a fixed smaller "
    "scale of a Normal likelihood."
)


def active_latents(means: np.ndarray) -> np.ndarray:
    """Returns which latents are active, `[L]`, by the posterior means of many rows, `[N, L]`."""
    return means.var(axis=0, ddof=1) > ACTIVE_VARIANCE
