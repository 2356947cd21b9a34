"""The records that objectives and models return."""

from typing import NamedTuple

import tensorflow as tf


class ELBOTerms(NamedTuple):
    """The evidence lower bound of every example, in nats, and its two terms.

    Attributes:
      elbo: `log_likelihood - kl_divergence`, `[B]`; higher is better.
      log_likelihood: The expectation of log p(x|z) under q(z|x), `[B]`.
      kl_divergence: KL(q(z|x)‖p(z)), `[B]`.

    Example:
      >>> terms = vae.elbo(x, seed=0)
      >>> bool(np.all(terms.elbo == terms.log_likelihood - terms.kl_divergence))
      True
    """

    elbo: tf.Tensor
    log_likelihood: tf.Tensor
    kl_divergence: tf.Tensor


class ObjectiveTerms(NamedTuple):
    """The objective of every example and the true terms of the bound, in nats.

    Attributes:
      elbo: `log_likelihood - kl_divergence`, `[B]`, for every objective.
      log_likelihood: The expectation of log p(x|z) under q(z|x), `[B]`.
      kl_divergence: KL(q(z|x)‖p(z)), `[B]`.
      objective: The quantity that training maximises, `[B]`; the loss is its negative mean.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> decoder = lambda z: tfd.MultivariateNormalDiag(z, np.ones([2]))
      >>> terms = objectives.ELBO(kl_weight=0.0)(
      ...     np.zeros([3, 2]), posterior=q, prior=q[0], likelihood_fn=decoder, seed=0)
      >>> bool(np.all(terms.objective == terms.log_likelihood))
      True
    """

    elbo: tf.Tensor
    log_likelihood: tf.Tensor
    kl_divergence: tf.Tensor
    objective: tf.Tensor
