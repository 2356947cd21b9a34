"""The linear-Gaussian model, with exact log p(x), posterior and ELBO."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import tensorflow as tf
from scipy import stats
from tensorflow_probability import distributions as tfd

from tfp_vae import likelihoods, networks, posteriors
from tfp_vae.model import VAE, Decoder, Encoder
from tfp_vae.testing.normals import conditional_normal, diagonal_normal


@dataclass(frozen=True)
class LinearGaussian:
    """The model z ~ N(0, I), x|z ~ N(weights z + offset, scale² I).

    It is the VAE with an affine decoder and a Normal likelihood of fixed scale. Its quantities are
    exact, in NumPy and SciPy alone, so that it is an oracle of objectives, estimates and
    posteriors. With orthogonal columns in `weights`, as from `drawn`, the latents of the exact
    posterior are independent, so that a diagonal posterior can equal it.

    Attributes:
      weights: `[D, L]`.
      offset: `[D]`.
      scale: The standard deviation of x given z.

    Example:
      >>> model = tfp_vae.testing.LinearGaussian.drawn(event_size=4, latent_size=2)
      >>> model.event_size, model.latent_size, model.covariance.shape
      (4, 2, (4, 4))
      >>> x = model.draws(3)
      >>> exact = model.log_marginal_likelihood(x)
      >>> vae = model.vae(loc_shift=0.5)  # a posterior that is not exact
      >>> bool(np.all(vae.elbo(x, sample_size=1000, seed=0).elbo < exact))
      True
      >>> mean, stddev = model.posterior_moments(x)
      >>> bool(np.allclose(stddev**2, model.posterior_variance()))
      True
      >>> bool(np.allclose(mean, (x - model.offset) @ model.posterior_gain().T))
      True
      >>> bool(np.all(model.log_likelihood(x, mean, stddev) > exact))  # by a KL
      True
      >>> terms = objectives.ELBO()(
      ...     x, posterior=tfp_vae.testing.diagonal_normal(mean, stddev), prior=model.prior(),
      ...     likelihood_fn=model.likelihood_fn, seed=0)
      >>> terms.elbo.shape
      TensorShape([3])
      >>> x[0, 1:] = np.nan
      >>> model.missing_moments(x[0])[0].shape
      (3,)

    Source: Tipping & Bishop (1999), "Probabilistic principal component analysis".
    """

    weights: np.ndarray
    offset: np.ndarray
    scale: float

    @classmethod
    def drawn(
        cls, seed: int = 0, event_size: int = 4, latent_size: int = 2, scale: float = 0.7
    ) -> Self:
        """Draws a model whose weights have orthogonal columns of different lengths.

        Args:
          seed: The seed of NumPy's generator.
          event_size: D, the number of values in a row, at least `latent_size`.
          latent_size: L, the number of latents.
          scale: The standard deviation of x given z.

        Returns:
          A `LinearGaussian`.
        """
        rng = np.random.default_rng(seed)
        columns, _ = np.linalg.qr(rng.normal(size=[event_size, latent_size]))
        lengths = rng.uniform(0.5, 2.0, size=latent_size)
        return cls(columns * lengths, rng.normal(size=event_size), scale)

    @property
    def event_size(self) -> int:
        """D, the number of values in a row."""
        return int(self.weights.shape[0])

    @property
    def latent_size(self) -> int:
        """L, the number of latents."""
        return int(self.weights.shape[1])

    @property
    def covariance(self) -> np.ndarray:
        """The covariance of p(x), `[D, D]`; its mean is `offset`."""
        noise = self.scale**2 * np.eye(self.event_size)
        covariance: np.ndarray = self.weights @ self.weights.T + noise
        return covariance

    def draws(self, count: int, seed: int = 0) -> np.ndarray:
        """Draws x from the model.

        Args:
          count: The number of rows.
          seed: The seed of NumPy's generator.

        Returns:
          An array `[count, D]`.
        """
        rng = np.random.default_rng([seed, 1])
        z = rng.normal(size=[count, self.latent_size])
        noise = rng.normal(size=[count, self.event_size])
        draws: np.ndarray = z @ self.weights.T + self.offset + self.scale * noise
        return draws

    def log_marginal_likelihood(self, x: np.ndarray) -> np.ndarray:
        """Returns log p(x) in nats, `[B]`, of the observed values of every row.

        NaN is a missing value; a row without observed values has log p(x) = 0.

        Args:
          x: `[B, D]`.
        """
        return np.array([self._log_density(row) for row in np.atleast_2d(x)])

    def _log_density(self, row: np.ndarray) -> float:
        observed = ~np.isnan(row)
        if not observed.any():
            return 0.0
        normal = stats.multivariate_normal(
            self.offset[observed], self.covariance[np.ix_(observed, observed)]
        )
        return float(normal.logpdf(row[observed]))

    def missing_moments(self, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns mean `[M]` and covariance `[M, M]` of the M values of a row that are NaN.

        Args:
          row: `[D]`.
        """
        return conditional_normal(self.offset, self.covariance, row)

    def posterior_variance(self) -> np.ndarray:
        """Returns the variances of the exact posterior, `[L]`; they do not depend on x.

        Raises:
          ValueError: If its latents are not independent.
        """
        precision = np.eye(self.latent_size) + self.weights.T @ self.weights / self.scale**2
        if not np.allclose(precision, np.diag(np.diag(precision))):
            raise ValueError(
                "`weights` must have orthogonal columns, so that the latents of the posterior are "
                f"independent; got columns with the products {self.weights.T @ self.weights}."
            )
        return 1.0 / np.diag(precision)

    def posterior_gain(self) -> np.ndarray:
        """Returns the matrix `[L, D]` that maps x - offset to the mean of the exact posterior."""
        gain: np.ndarray = self.posterior_variance()[:, None] * self.weights.T / self.scale**2
        return gain

    def posterior_moments(
        self, x: np.ndarray, loc_shift: float = 0.0, scale_factor: float = 1.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns mean and standard deviation `[B, L]` of the posterior of `vae`.

        Args:
          x: `[B, D]`.
          loc_shift: As in `vae`.
          scale_factor: As in `vae`.
        """
        mean = (x - self.offset) @ self.posterior_gain().T + loc_shift
        return mean, np.broadcast_to(scale_factor * np.sqrt(self.posterior_variance()), mean.shape)

    def log_likelihood(self, x: np.ndarray, mean: np.ndarray, stddev: np.ndarray) -> np.ndarray:
        """Returns the expectation of log p(x|z) for z ~ N(mean, stddev²), in nats, `[B]`.

        Args:
          x: `[B, D]`.
          mean: `[B, L]`.
          stddev: `[B, L]`.
        """
        error = x - mean @ self.weights.T - self.offset
        spread = (stddev**2) @ (self.weights**2).sum(axis=0)
        log_likelihood: np.ndarray = (
            -0.5 * self.event_size * np.log(2 * np.pi * self.scale**2)
            - 0.5 * ((error**2).sum(axis=-1) + spread) / self.scale**2
        )
        return log_likelihood

    def prior(self) -> tfd.Distribution:
        """Returns p(z), a normal of TensorFlow Probability's own: batch `[]`, event `[L]`."""
        return diagonal_normal(np.zeros(self.latent_size), np.ones(self.latent_size))

    def likelihood_fn(self, z: tf.Tensor) -> tfd.Distribution:
        """Returns p(x|z), a normal of TensorFlow Probability's own: batch `[...]`, event `[D]`.

        Args:
          z: Latents in float64, `[..., L]`.
        """
        mean = tf.linalg.matvec(tf.constant(self.weights), z) + self.offset
        return diagonal_normal(mean, np.full(self.event_size, self.scale))

    def vae(self, loc_shift: float = 0.0, scale_factor: float = 1.0, **options: Any) -> VAE:
        """Makes a `tfp_vae.VAE` of this model, with the exact posterior or a wrong one.

        Args:
          loc_shift: The shift of the posterior's mean.
          scale_factor: The factor of the posterior's scale.
          **options: More arguments of `tfp_vae.VAE`; `adaptive` is False by default.

        Returns:
          The model, which is not compiled.
        """
        vae = VAE(
            Encoder(
                networks.mlp([]),
                posteriors.MultivariateNormalDiag(self.latent_size, scale_floor=0.0),
            ),
            Decoder(networks.mlp([]), likelihoods.Normal([self.event_size], scale=self.scale)),
            **{"adaptive": False, **options},
        )
        gain = self.posterior_gain()
        stddev = scale_factor * np.sqrt(self.posterior_variance())
        heads = vae.encoder.posterior.heads
        heads["loc"].set_weights([gain.T, loc_shift - gain @ self.offset])
        inverse_softplus = np.log(np.expm1(stddev))
        heads["scale"].set_weights([np.zeros_like(gain.T), inverse_softplus])
        vae.decoder.likelihood.heads["loc"].set_weights([self.weights.T, self.offset])
        return vae
