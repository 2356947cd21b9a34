"""Factor analysis by maximum likelihood, the linear model at which a VAE begins."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from tfp_vae import networks, shapes

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

    def of_columns(self, columns: np.ndarray) -> "FactorAnalysis":
        """Returns the model of some of the columns, whose loadings then are not rotated."""
        return FactorAnalysis(self.mean[columns], self.loadings[columns], self.noise[columns])

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


class Located(Protocol):
    """What factor analysis asks of a likelihood.

    Attributes:
      event_shape: The shape of one row.
    """

    event_shape: tuple[int, ...]

    def locations(self) -> dict[str, np.ndarray]:
        """Returns the parameters that are locations, with the flat indices of their values."""

    def location_unit(self) -> np.ndarray:
        """Returns by how much a location grows with what is added to it, `[*event_shape]`."""

    def noise_groups(self) -> np.ndarray:
        """Returns which values share one scale, `[*event_shape]`."""

    def noise_scale(self) -> np.ndarray:
        """Returns the standard deviation of every value where it is not learned, else NaN."""


class LinearModel(NamedTuple):
    """Factor analysis of the values of a likelihood that have a location.

    Attributes:
      analysis: Factor analysis of these values.
      places: Their flat indices in a row.
      event_shape: The shape of one row.
    """

    analysis: FactorAnalysis
    places: np.ndarray
    event_shape: tuple[int, ...]

    def stddev(self) -> np.ndarray:
        """Returns the scale of the noise, 1 for a value without location, `[*event_shape]`."""
        stddev = np.ones(shapes.size_of(self.event_shape))
        stddev[self.places] = np.sqrt(self.analysis.noise)
        return stddev.reshape(self.event_shape)

    def with_stddev(self, stddev: np.ndarray) -> "LinearModel":
        """Returns the model with another scale of the noise `[*event_shape]`."""
        noise = np.asarray(stddev, np.float64).ravel()[self.places] ** 2
        return self._replace(analysis=self.analysis.with_noise(noise))

    def kernels(self, likelihood: Located, features: int) -> dict[str, np.ndarray]:
        """Returns the loadings in units of the likelihood, `[features, size]` for each location.

        Args:
          likelihood: The likelihood.
          features: The number of features, of which the first are the latents.
        """
        loadings = self._of_row(self.analysis.loadings)
        loadings /= likelihood.location_unit().reshape(-1, 1)
        others = features - loadings.shape[1]
        return {
            name: np.pad(loadings[own].T, [(0, others), (0, 0)])
            for name, own in likelihood.locations().items()
        }

    def encoder(self, affine: networks.AffineMap) -> tuple[np.ndarray, np.ndarray]:
        """Returns the mean of the exact posterior as an affine function of encoded values.

        Args:
          affine: How the values of a row are encoded.

        Returns:
          The matrix by which the encoded values `affine.places` are multiplied, `[N, L]`, and what
          is added, `[L]`.
        """
        weights = self._of_row(self.analysis.posterior_weights)[affine.values]
        mean = self._of_row(self.analysis.mean)[affine.values]
        return weights * affine.scale[:, None], (affine.shift - mean) @ weights

    def _of_row(self, values: np.ndarray) -> np.ndarray:
        """The values in their places in a row, and 0 elsewhere."""
        row = np.zeros([shapes.size_of(self.event_shape), *values.shape[1:]])
        row[self.places] = values
        return row


def fit_locations(
    likelihood: Located,
    x: np.ndarray,
    latent_size: int,
    observed: np.ndarray | None = None,
    most_iterations: int = _MOST_ITERATIONS,
) -> LinearModel:
    """Fits factor analysis to the values that have a location, with the likelihood's scales.

    Args:
      likelihood: The likelihood.
      x: Rows, `[N, *event_shape]`.
      latent_size: As in `fit`.
      observed: A boolean array `[N, *event_shape]`, false where a value is missing, or None.
      most_iterations: As in `fit`.
    """
    places = np.concatenate(list(likelihood.locations().values()))
    analysis = fit(
        x.reshape(len(x), -1)[:, places],
        latent_size,
        None if observed is None else observed.reshape(len(x), -1)[:, places],
        likelihood.noise_groups().ravel()[places],
        likelihood.noise_scale().ravel()[places],
        most_iterations,
    )
    return LinearModel(analysis, places, likelihood.event_shape)


def fit(
    x: np.ndarray,
    latent_size: int,
    observed: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    fixed: np.ndarray | None = None,
    most_iterations: int = _MOST_ITERATIONS,
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
      most_iterations: When to stop, should the likelihood still rise.

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
    for _ in range(most_iterations):
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
