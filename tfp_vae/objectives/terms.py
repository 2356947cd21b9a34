"""The records that an objective and a model give back."""

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
    """What training raises for every example, beside the true terms of the bound, all in nats.

    Attributes:
      elbo: `log_likelihood - kl_divergence`, `[B]`, whatever the objective is.
      log_likelihood: The expectation of log p(x|z) under q(z|x), `[B]`.
      kl_divergence: KL(q(z|x)‖p(z)), `[B]`.
      objective: What training raises, `[B]`; the loss is the negative of its mean.

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
