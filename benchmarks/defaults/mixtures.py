"""Gaussian mixtures, the number of components and the regularisation chosen on validation rows."""

import time
import warnings
from typing import Any

import numpy as np

from benchmarks.defaults.real_data import Split
from benchmarks.defaults.scaling import StandardRows, standardised
from benchmarks.defaults.scores import Score

COMPONENTS = (1, 2, 4, 8)
REGULARISATIONS = (1e-6, 1e-3, 1e-1)
"""Variances added to the diagonals in fitting, in units of the columns' variances."""


def diagonal(data: Split, _: int, discrete: np.ndarray) -> Score:
    """Scores the best mixture with independent columns in every component."""
    return _best(data, discrete, "diag", COMPONENTS)


def full(data: Split, _: int, discrete: np.ndarray) -> Score:
    """Scores the best mixture with full covariances, of so many rows a component as of columns."""
    most = len(data.x_train) // data.x_train[0].size
    return _best(data, discrete, "full", [each for each in COMPONENTS if each <= max(most, 1)])


def log_densities(fitted: Any, x: np.ndarray, least_noise: np.ndarray) -> np.ndarray:
    """Returns the log density of rows `[N, D]` in every component, with its weight, `[N, K]`.

    Args:
      fitted: A `GaussianMixture` with diagonal or full covariances.
      x: The rows.
      least_noise: The least variance of a column in a component, `[D]`.
    """
    found = []
    for mean, covariance in zip(fitted.means_, fitted.covariances_, strict=True):
        centred = x - mean
        if covariance.ndim == 1:
            variance = np.maximum(covariance, least_noise)
            quadratic = (centred**2 / variance).sum(axis=1)
            log_determinant = np.log(variance).sum()
        else:
            factor = np.linalg.cholesky(covariance + np.diag(least_noise))
            quadratic = (np.linalg.solve(factor, centred.T) ** 2).sum(axis=0)
            log_determinant = 2.0 * np.log(np.diag(factor)).sum()
        found.append(-0.5 * (quadratic + log_determinant + len(mean) * np.log(2.0 * np.pi)))
    return np.stack(found, axis=1) + np.log(fitted.weights_)


def _best(data: Split, discrete: np.ndarray, kind: str, components: Any) -> Score:
    from scipy.special import logsumexp, softmax
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    begun = time.process_time()
    rows: StandardRows = standardised(data, discrete)
    best, chosen, highest = None, {}, -np.inf
    for count in components:
        for regularisation in REGULARISATIONS:
            mixture = GaussianMixture(
                count, covariance_type=kind, reg_covar=regularisation, random_state=0
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                try:
                    fitted = mixture.fit(rows.train)
                except ValueError:  # The covariance is not positive definite.
                    continue
            level = logsumexp(log_densities(fitted, rows.valid, rows.rounding), axis=1).mean()
            if level > highest:
                best, highest = fitted, level
                chosen = {"components": count, "regularisation": regularisation}
    seconds = time.process_time() - begun
    joint = log_densities(best, rows.test, rows.rounding)
    means = rows.scaling.inverse(softmax(joint, axis=1) @ best.means_)
    return Score(
        logsumexp(joint, axis=1) - rows.scaling.log_scale,
        np.zeros(len(discrete), bool),
        means.reshape(data.x_test.shape),
        seconds,
        chosen,
    )
