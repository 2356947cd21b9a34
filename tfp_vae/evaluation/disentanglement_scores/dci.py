"""DCI: disentanglement, completeness and informativeness, from how a forest uses the latents."""

import math
from typing import NamedTuple

import numpy as np

from tfp_vae.evaluation.disentanglement_scores.stratified_halves import stratified_halves

_TREES = 50
_ROWS_OF_A_LEAF = 10
"""Down to leaves of one row, a forest splits by latents that tell nothing, as if it used them."""


class DCI(NamedTuple):
    """Disentanglement, completeness and informativeness.

    Attributes:
      importance: Of every latent for the prediction of every factor, `[L, F]`; 1 in sum over the
        latents.
      disentanglement: 1 if every latent is used for one factor.
      completeness: 1 if every factor is predicted from one latent.
      informativeness: The accuracy of the predictions, the mean over the factors.
      informativeness_standard_error: Its standard error for these forests.
    """

    importance: np.ndarray
    disentanglement: float
    completeness: float
    informativeness: float
    informativeness_standard_error: float


def dci(latents: np.ndarray, codes: np.ndarray, generator: np.random.Generator) -> DCI:
    """Returns the three scores of random forests, one for every factor.

    A forest is trained on half of the rows; its accuracy is that on the other half.

    Args:
      latents: The posterior means, `[N, L]`.
      codes: The factors of every row, whole numbers from 0, `[N, F]`.
      generator: Draws the halves, and seeds the forests.

    Source: Eastwood & Williams (2018), "A framework for the quantitative evaluation of disentangled
    representations".
    """
    from sklearn.ensemble import RandomForestClassifier

    importances, accuracies = [], []
    deviations = np.zeros(len(latents))
    for column in codes.T:
        train, test = stratified_halves(column, generator)
        # Every split may use any latent: of a few at random, it would often have none that tells.
        forest = RandomForestClassifier(
            _TREES,
            max_features=None,
            min_samples_leaf=_ROWS_OF_A_LEAF,
            random_state=int(generator.integers(2**31)),
        )
        forest.fit(latents[train], column[train])
        importances.append(forest.feature_importances_)
        correct = forest.predict(latents[test]) == column[test]
        accuracies.append(correct.mean())
        deviations[test] += (correct - correct.mean()) / (len(test) * codes.shape[1])
    importance = np.stack(importances, axis=1)
    return DCI(
        importance=importance,
        disentanglement=disentanglement(importance),
        completeness=completeness(importance),
        informativeness=float(np.mean(accuracies)),
        informativeness_standard_error=math.sqrt(float(np.sum(deviations**2))),
    )


def disentanglement(importance: np.ndarray) -> float:
    """Returns 1 minus the relative entropy of the factors of a latent, weighted by importance.

    Args:
      importance: Of every latent for every factor, `[L, F]`.
    """
    total = importance.sum()
    if total == 0.0:
        return 0.0
    return float(_concentration(importance) @ importance.sum(axis=1) / total)


def completeness(importance: np.ndarray) -> float:
    """Returns 1 minus the relative entropy of the latents of a factor, weighted by importance.

    Args:
      importance: Of every latent for every factor, `[L, F]`.
    """
    return disentanglement(importance.T)


def _concentration(importance: np.ndarray) -> np.ndarray:
    """Returns 1 - H(row) / log(columns), `[rows]`: 1 for one column alone."""
    sums = importance.sum(axis=1, keepdims=True)
    shares = np.divide(importance, sums, out=np.zeros_like(importance), where=sums > 0.0)
    entropy = -np.sum(shares * np.log(np.where(shares > 0.0, shares, 1.0)), axis=1)
    concentration: np.ndarray = 1.0 - entropy / math.log(max(importance.shape[1], 2))
    return concentration
