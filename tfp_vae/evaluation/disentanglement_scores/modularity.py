"""Modularity: whether a latent tells of one factor alone."""

import numpy as np


def modularity(information: np.ndarray) -> float:
    """Returns the mean over the latents of 1 - (sum of the others' squares) / ((F - 1) max²).

    A latent that tells of no factor counts as 0; with one factor, any other counts as 1.

    Args:
      information: The mutual information of every latent with every factor, `[L, F]`.

    Source: Ridgeway & Mozer (2018), "Learning deep disentangled embeddings with the F-statistic
    loss".
    """
    largest = information.max(axis=1, keepdims=True)
    ratios = np.divide(information, largest, out=np.zeros_like(information), where=largest > 0.0)
    others = (ratios**2).sum(axis=1) - 1.0
    modular = 1.0 - others / max(information.shape[1] - 1, 1)
    return float(np.where(largest[:, 0] > 0.0, modular, 0.0).mean())
