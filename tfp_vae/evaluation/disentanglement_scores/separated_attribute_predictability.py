"""Separated attribute predictability: how much better the best latent predicts a factor."""

import math

import numpy as np

from tfp_vae import divergences
from tfp_vae.evaluation.disentanglement_scores.stratified_halves import Halves, stratified_halves


def separated_attribute_predictability(
    latents: np.ndarray, codes: np.ndarray, generator: np.random.Generator
) -> tuple[float, float]:
    """Returns the mean gap of the two latents that predict a factor best, and its standard error.

    A latent predicts the values of a factor by thresholds, fewer than values, which a decision tree
    sets on half of the rows; the balanced accuracy is that on the other half. An inactive latent
    has none. The standard error is that for these thresholds and these two latents.

    Args:
      latents: The posterior means, `[N, L]`, at least two latents.
      codes: The factors of every row, whole numbers from 0, `[N, F]`.
      generator: Draws the halves.

    Source: Kumar et al. (2018), "Variational inference of disentangled latent concepts from
    unlabeled observations".
    """
    active = divergences.active_units(latents)
    gaps, deviations = [], np.zeros(len(latents))
    for column in codes.T:
        halves = stratified_halves(column, generator)
        correct = _correct(latents, active, column, halves)
        weights = _balanced_weights(column[halves.test])
        accuracy = correct @ weights
        gaps.append(gap_of_the_two_best(accuracy))
        second, first = np.argsort(accuracy, kind="stable")[-2:]
        difference = correct[first] - correct[second]
        spread = weights * (difference - _class_means(difference, column[halves.test]))
        deviations[halves.test] += spread / codes.shape[1]
    return float(np.mean(gaps)), math.sqrt(float(np.sum(deviations**2)))


def gap_of_the_two_best(scores: np.ndarray) -> np.ndarray:
    """Returns the largest score minus the second largest, over the first axis."""
    second, first = np.sort(scores, axis=0)[-2:]
    gap: np.ndarray = first - second
    return gap


def _correct(
    latents: np.ndarray, active: np.ndarray, column: np.ndarray, halves: Halves
) -> np.ndarray:
    """Returns whether every latent predicts every row of the test half rightly, `[L, rows]`."""
    from sklearn.tree import DecisionTreeClassifier

    correct = np.zeros([latents.shape[1], len(halves.test)])
    for latent in np.flatnonzero(active):
        tree = DecisionTreeClassifier(
            max_leaf_nodes=int(column.max()) + 1, class_weight="balanced", random_state=0
        )
        values = latents[:, latent, None]
        tree.fit(values[halves.train], column[halves.train])
        correct[latent] = tree.predict(values[halves.test]) == column[halves.test]
    return correct


def _balanced_weights(column: np.ndarray) -> np.ndarray:
    """Returns weights that sum to 1, and to the same for every value, `[N]`."""
    counts = np.bincount(column)
    weights: np.ndarray = 1.0 / (np.count_nonzero(counts) * counts[column])
    return weights


def _class_means(values: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Returns the mean of the rows of the same class, for every row, `[N]`."""
    means: np.ndarray = (np.bincount(column, values) / np.maximum(np.bincount(column), 1))[column]
    return means
