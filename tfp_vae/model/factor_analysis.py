"""Factor analysis by maximum likelihood, the linear model at which a VAE begins."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tfp_vae import networks

_MOST_ITERATIONS = 1000
_TOLERANCE = 1e-6
_EXTRA_DIRECTIONS = 8
_LARGEST_DENSE = 128
_LEAST_NOISE = 1e-6
"""The smallest noise variance, as a share of the variance of the column."""
_ROWS_PER_LATENT = 4
"""With fewer rows, loadings explain the rows themselves: of 20 rows of 30 columns, 16 latents leave
hardly any noise, and other rows 15,500 nats below zero; 5 latents 10."""


class FactorAnalysis(NamedTuple):
    """x = mean + W z + noise, with z standard normal and independent noise.

    The loadings are rotated so that Wᵀ Ψ⁻¹ W is diagonal: the exact posterior of z then has
    independent latents, with mean (I + WᵀΨ⁻¹W)⁻¹ WᵀΨ⁻¹ (x - mean) and covariance (I + WᵀΨ⁻¹W)⁻¹.

    Attributes:
      mean: `[D]`.
      loadings: W, `[D, L]`.
      noise: The diagonal of Ψ, the variance of the noise, `[D]`.
    """

    mean: np.ndarray
    loadings: np.ndarray
    noise: np.ndarray

    def with_noise(self, noise: np.ndarray) -> "FactorAnalysis":
        """Returns the model with another noise variance, its loadings rotated for it."""
        return FactorAnalysis(self.mean, rotated(self.loadings, noise), noise)

    @property
    def precision(self) -> np.ndarray:
        """The diagonal of I + WᵀΨ⁻¹W, the inverse variance of the latents given x, `[L]`."""
        precision: np.ndarray = 1.0 + np.sum(self.loadings**2 / self.noise[:, None], axis=0)
        return precision

    @property
    def posterior_weights(self) -> np.ndarray:
        """The matrix of the posterior mean, (x - mean) times it, `[D, L]`."""
        weights: np.ndarray = self.loadings / self.noise[:, None] / self.precision
        return weights

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """Returns log p(x) of rows `[N, D]`, in nats, `[N]`."""
        deviation = x - self.mean
        explained = (deviation @ self.posterior_weights) ** 2 * self.precision
        distance = np.sum(deviation**2 / self.noise, axis=1) - explained.sum(axis=1)
        log_determinant = np.log(self.noise).sum() + np.log(self.precision).sum()
        constant = log_determinant + len(self.mean) * np.log(2.0 * np.pi)
        log_prob: np.ndarray = -0.5 * (distance + constant)
        return log_prob


def fit(
    x: np.ndarray,
    latent_size: int,
    observed: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    fixed: np.ndarray | None = None,
) -> FactorAnalysis:
    """Fits factor analysis to rows.

    Alternates the best loadings for given noise, an eigenvalue problem, and the best noise for
    given loadings, as scikit-learn's `FactorAnalysis` does: Barber (2012), "Bayesian Reasoning and
    Machine Learning", section 21.2. With one group it is probabilistic PCA: Tipping & Bishop
    (1999), "Probabilistic principal component analysis".

    Args:
      x: Rows, `[N, D]`.
      latent_size: The number of latents, of which at most one for every four rows is used.
      observed: A boolean array `[N, D]`, false where a value is missing, or None. Missing values
        are taken at the mean of their column.
      groups: Columns with the same non-negative number have one noise variance, `[D]`; None for one
        each.
      fixed: The standard deviation of the noise of a column in group -1, `[D]`.

    Returns:
      A `FactorAnalysis` in the units of the data; loadings that the data does not support are 0.
    """
    size = x.shape[1]
    rows = np.asarray(x, np.float64)
    seen = np.ones(rows.shape, bool) if observed is None else observed
    mean, variance = networks.moments(rows, seen)
    centred = np.where(seen & (variance > 0.0), rows - mean, 0.0)
    count = np.maximum(seen.sum(axis=0), 1)
    unit = np.where(variance > 0.0, np.sqrt(variance), 1.0)
    centred = centred / unit * np.sqrt(len(rows) / count)
    variance = np.where(variance > 0.0, 1.0, 0.0)
    groups = np.arange(size) if groups is None else groups
    latents = min(latent_size, max(size - 1, 1), max(len(rows) // _ROWS_PER_LATENT, 1))
    known = None if fixed is None else np.where(groups < 0, fixed / unit, np.nan) ** 2
    covariance = _covariance(centred)
    noise = _grouped(np.maximum(variance, _LEAST_NOISE), unit, groups, known)
    loadings = np.zeros([size, latents])
    directions = np.random.default_rng(0).normal(size=[size, latents + _EXTRA_DIRECTIONS])
    previous = -np.inf
    for _ in range(_MOST_ITERATIONS):
        root = np.sqrt(noise)
        values, vectors, directions = _largest(covariance, root, directions, latents)
        loadings = root[:, None] * vectors * np.sqrt(np.maximum(values - 1.0, 0.0))
        trace = float(np.sum(variance / noise))
        kept = values[values > 1.0]
        likelihood = -0.5 * float(
            np.log(noise).sum() + np.log(kept).sum() + trace - np.sum(kept - 1.0)
        )
        if likelihood - previous < _TOLERANCE * size:
            break
        previous = likelihood
        residual = np.maximum(variance - np.sum(loadings**2, axis=1), _LEAST_NOISE)
        noise = _grouped(residual, unit, groups, known)
    padded = np.zeros([size, latent_size])
    padded[:, :latents] = loadings
    noise = noise * unit**2
    return FactorAnalysis(mean, rotated(padded * unit[:, None], noise), noise)


def rotated(loadings: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Returns the loadings `[D, L]` times an orthogonal matrix that makes WᵀΨ⁻¹W diagonal."""
    scaled = loadings / np.sqrt(noise)[:, None]
    _, _, right = np.linalg.svd(scaled.T @ scaled)
    rotated_loadings: np.ndarray = loadings @ right.T
    return rotated_loadings


Product = Callable[[np.ndarray], np.ndarray]
"""The covariance matrix times a matrix `[D, K]`."""


def _covariance(centred: np.ndarray) -> Product:
    rows, size = centred.shape
    if size <= rows:
        matrix = centred.T @ centred / rows
        return lambda other: matrix @ other
    return lambda other: centred.T @ (centred @ other) / rows


def _largest(
    covariance: Product, root: np.ndarray, directions: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the largest eigenvalues of Ψ^-½ S Ψ^-½ and their vectors, `[count]`, `[D, count]`.

    The last result is where to begin the next time: a few steps of subspace iteration from there
    are enough, since Ψ changes little between two calls.
    """
    size = len(root)
    if size <= _LARGEST_DENSE:
        scaled = covariance(np.diag(1.0 / root)) / root[:, None]
        values, vectors = np.linalg.eigh(0.5 * (scaled + scaled.T))
        return values[::-1][:count], vectors[:, ::-1][:, :count], directions
    for _ in range(3):
        basis, _ = np.linalg.qr(directions)
        directions = covariance(basis / root[:, None]) / root[:, None]
    small = basis.T @ directions
    values, vectors = np.linalg.eigh(0.5 * (small + small.T))
    return values[::-1][:count], basis @ vectors[:, ::-1][:, :count], directions


def _grouped(
    noise: np.ndarray, unit: np.ndarray, groups: np.ndarray, known: np.ndarray | None
) -> np.ndarray:
    """Returns noise variances that are equal, in the data's units, within every group."""
    if known is not None and not np.isnan(known).all():
        noise = np.where(np.isnan(known), noise, known)
    _, places, counts = np.unique(groups, return_inverse=True, return_counts=True)
    shared = np.bincount(places, noise * unit**2) / counts
    pooled = (counts[places] > 1) & (groups >= 0)
    return np.where(pooled, np.maximum(shared[places] / unit**2, 1e-12), noise)
