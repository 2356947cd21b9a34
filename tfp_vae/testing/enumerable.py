"""A model of binary latents, whose expectations are finite sums."""

import itertools
from dataclasses import dataclass
from typing import Self

import numpy as np
import tensorflow as tf
from scipy import special
from tensorflow_probability import distributions as tfd


@dataclass(frozen=True)
class Enumerable:
    """L binary latents with prior probabilities, and D binary observations with affine logits.

    log p(x), the terms of the ELBO and its gap are finite sums, in NumPy and SciPy alone. Discrete
    latents have no pathwise gradient, so that the model is no `tfp_vae.VAE`: pass its distributions
    to an objective.

    Attributes:
      prior_probs: p(z = 1), `[L]`.
      weights: `[D, L]`.
      offset: `[D]`.

    Example:
      >>> model = tfp_vae.testing.Enumerable.drawn()
      >>> x = model.all_observations()
      >>> bool(np.isclose(np.exp(model.log_marginal_likelihood(x)).sum(), 1.0))
      True
      >>> terms = objectives.ELBO()(
      ...     x, posterior=model.posterior(np.full([len(x), 2], 0.5)), prior=model.prior(),
      ...     likelihood_fn=model.likelihood_fn, seed=0)
      >>> terms.elbo.shape
      TensorShape([8])
      >>> log_likelihood, kl, gap = model.exact_terms(x, np.full([len(x), 2], 0.5))
      >>> bool(np.allclose(log_likelihood - kl + gap, model.log_marginal_likelihood(x)))
      True
      >>> model.log_likelihoods(x).shape, model.all_latents().shape, model.log_prior().shape
      ((8, 4), (4, 2), (4,))
    """

    prior_probs: np.ndarray
    weights: np.ndarray
    offset: np.ndarray

    @classmethod
    def drawn(cls, seed: int = 0, event_size: int = 3, latent_size: int = 2) -> Self:
        """Draws a model.

        Args:
          seed: The seed of NumPy's generator.
          event_size: D, the number of values in a row.
          latent_size: L, the number of latents.

        Returns:
          An `Enumerable`.
        """
        rng = np.random.default_rng(seed)
        return cls(
            rng.uniform(0.2, 0.8, size=latent_size),
            rng.normal(scale=2.0, size=[event_size, latent_size]),
            rng.normal(size=event_size),
        )

    def all_latents(self) -> np.ndarray:
        """Returns every z, `[2**L, L]`."""
        return np.array(list(itertools.product([0.0, 1.0], repeat=len(self.prior_probs))))

    def all_observations(self) -> np.ndarray:
        """Returns every x, `[2**D, D]`."""
        return np.array(list(itertools.product([0.0, 1.0], repeat=len(self.offset))))

    def log_likelihoods(self, x: np.ndarray) -> np.ndarray:
        """Returns log p(x|z) in nats of every row and every z, `[B, 2**L]`.

        Args:
          x: `[B, D]`.
        """
        logits = self.all_latents() @ self.weights.T + self.offset
        signs = 2.0 * x[:, None, :] - 1.0
        log_likelihoods: np.ndarray = special.log_expit(signs * logits[None]).sum(axis=-1)
        return log_likelihoods

    def log_prior(self) -> np.ndarray:
        """Returns log p(z) in nats of every z, `[2**L]`."""
        return _log_bernoulli(self.all_latents(), self.prior_probs)

    def log_marginal_likelihood(self, x: np.ndarray) -> np.ndarray:
        """Returns log p(x) in nats, `[B]`.

        Args:
          x: `[B, D]`.
        """
        log_joint = self.log_likelihoods(x) + self.log_prior()
        log_marginals: np.ndarray = special.logsumexp(log_joint, axis=1)
        return log_marginals

    def exact_terms(
        self, x: np.ndarray, posterior_probs: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns the terms of the ELBO and its gap, in nats, `[B]` each.

        Args:
          x: `[B, D]`.
          posterior_probs: q(z = 1|x), `[B, L]`.

        Returns:
          E[log p(x|z)], KL(q‖p) and KL(q‖exact posterior).
        """
        log_q = _log_bernoulli(self.all_latents()[None], posterior_probs[:, None, :])
        q = np.exp(log_q)
        log_joint = self.log_likelihoods(x) + self.log_prior()
        log_exact = log_joint - self.log_marginal_likelihood(x)[:, None]
        return (
            (q * self.log_likelihoods(x)).sum(axis=1),
            (q * (log_q - self.log_prior())).sum(axis=1),
            (q * (log_q - log_exact)).sum(axis=1),
        )

    def prior(self) -> tfd.Distribution:
        """Returns p(z): batch `[]`, event `[L]`."""
        return self.posterior(self.prior_probs)

    def posterior(self, probs: np.ndarray) -> tfd.Distribution:
        """Returns a distribution of binary latents: batch `[...]`, event `[L]`.

        Args:
          probs: The probability of a 1, `[..., L]`.
        """
        return tfd.Independent(tfd.Bernoulli(probs=tf.constant(probs), dtype=tf.float64), 1)

    def likelihood_fn(self, z: tf.Tensor) -> tfd.Distribution:
        """Returns p(x|z): batch `[...]`, event `[D]`.

        Args:
          z: Latents, `[..., L]`.
        """
        logits = tf.linalg.matvec(self.weights, z) + self.offset
        return tfd.Independent(tfd.Bernoulli(logits=logits, dtype=tf.float64), 1)


def _log_bernoulli(values: np.ndarray, probs: np.ndarray) -> np.ndarray:
    log_probs: np.ndarray = values * np.log(probs) + (1.0 - values) * np.log1p(-probs)
    return np.asarray(log_probs.sum(axis=-1))
