"""Linear baselines with as many components as the model has latents."""

import time
from dataclasses import dataclass

import numpy as np

from benchmarks.defaults.real_data import Split
from benchmarks.defaults.scaling import FLOORS, StandardRows, standardised
from benchmarks.defaults.scores import Score


@dataclass(frozen=True)
class LinearGaussian:
    """x = loc + z loadings + noise, with z standard normal `[L]` and independent normal noise.

    Attributes:
      loc: `[D]`.
      loadings: `[L, D]`.
      noise: The variances of the noise, `[D]`.
    """

    loc: np.ndarray
    loadings: np.ndarray
    noise: np.ndarray

    def log_p(self, x: np.ndarray) -> np.ndarray:
        """Returns the exact log densities of rows `[N, D]`, by the matrix inversion lemma."""
        weighted, factor = self._precision()
        centred = x - self.loc
        projected = np.linalg.solve(factor, weighted @ centred.T)
        quadratic = (centred**2 / self.noise).sum(axis=1) - (projected**2).sum(axis=0)
        log_determinant = np.log(self.noise).sum() + 2.0 * np.log(np.diag(factor)).sum()
        return -0.5 * (quadratic + log_determinant + x.shape[1] * np.log(2.0 * np.pi))

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """Returns the mean of p(x|z) at the mean of the exact posterior."""
        weighted, factor = self._precision()
        halfway = np.linalg.solve(factor, weighted @ (x - self.loc).T)
        return self.loc + np.linalg.solve(factor.T, halfway).T @ self.loadings

    def _precision(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the loadings over the noise, and a Cholesky factor of the posterior precision."""
        weighted = self.loadings / self.noise
        precision = np.eye(len(self.loadings)) + weighted @ self.loadings.T
        return weighted, np.linalg.cholesky(precision)


def factor_analysis(data: Split, latent_size: int, discrete: np.ndarray) -> Score:
    """Scores factor analysis, the least noise variance chosen on the validation rows."""
    from sklearn.decomposition import FactorAnalysis

    begun = time.process_time()
    rows = standardised(data, discrete)
    fitted = FactorAnalysis(latent_size, tol=1e-3, max_iter=1000, random_state=0).fit(rows.train)

    def with_floor(floor: float) -> LinearGaussian:
        noise = np.maximum(fitted.noise_variance_, np.maximum(rows.rounding, floor))
        return LinearGaussian(fitted.mean_, fitted.components_, noise)

    floor = max(FLOORS, key=lambda each: with_floor(each).log_p(rows.valid).mean())
    return _score(with_floor(floor), data, rows, begun, {"floor": floor})


def probabilistic_pca(data: Split, latent_size: int, discrete: np.ndarray) -> Score:
    """Scores probabilistic PCA of the standardised columns, by maximum likelihood.

    Tipping & Bishop (1999), "Probabilistic principal component analysis", equations 7 and 8.
    """
    begun = time.process_time()
    rows = standardised(data, discrete)
    loc = rows.train.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(rows.train.T, bias=True))
    values, vectors = values[::-1], vectors[:, ::-1]
    latent_size = min(latent_size, len(values) - 1)

    def with_floor(floor: float) -> LinearGaussian:
        noise = max(values[latent_size:].mean(), floor)
        signal = np.sqrt(np.maximum(values[:latent_size] - noise, 0.0))
        loadings = signal[:, None] * vectors[:, :latent_size].T
        return LinearGaussian(loc, loadings, np.maximum(rows.rounding, noise))

    floor = max(FLOORS, key=lambda each: with_floor(each).log_p(rows.valid).mean())
    return _score(with_floor(floor), data, rows, begun, {"floor": floor})


def pca(data: Split, latent_size: int, _: np.ndarray) -> Score:
    """Scores the projection on principal components of the standardised columns."""
    from sklearn.decomposition import PCA

    begun = time.process_time()
    rows = standardised(data, np.zeros(data.x_train[0].size, bool))
    components = min(latent_size, *rows.train.shape)
    fitted = PCA(components, random_state=0).fit(rows.train)
    seconds = time.process_time() - begun
    projected = rows.scaling.inverse(fitted.inverse_transform(fitted.transform(rows.test)))
    return Score(None, None, projected.reshape(data.x_test.shape), seconds)


def _score(
    model: LinearGaussian, data: Split, rows: StandardRows, begun: float, notes: dict[str, float]
) -> Score:
    seconds = time.process_time() - begun
    reconstructed = rows.scaling.inverse(model.reconstruct(rows.test))
    return Score(
        model.log_p(rows.test) - rows.scaling.log_scale,
        np.zeros(len(model.loc), bool),
        reconstructed.reshape(data.x_test.shape),
        seconds,
        notes,
    )
