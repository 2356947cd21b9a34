"""Rényi's bound."""

import math
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks
from tfp_vae.objectives.base import Objective
from tfp_vae.objectives.likelihood_fn import LikelihoodFn
from tfp_vae.objectives.sampled_bound import sampled_bound
from tfp_vae.objectives.terms import ObjectiveTerms


@keras.saving.register_keras_serializable(package="tfp_vae.objectives")
class Renyi(Objective):
    """Rényi's bound of Li & Turner (2016), "Rényi divergence variational inference".

    The objective of an example is 1/(1 - alpha) log (1/K) Σ w^(1 - alpha) over K draws, where the
    weight of a draw is w = p(x|z) p(z) / q(z|x). It falls as alpha rises:

    - alpha = -∞: the logarithm of the largest weight (their VR-max);
    - alpha = 0: the importance-weighted bound, `IWAE`;
    - alpha = 1: the evidence lower bound, with the exact KL where there is one;
    - alpha = ∞: the logarithm of the smallest weight.

    For every K, its mean is below log p(x) if alpha is not negative. A negative alpha has no such
    guarantee.

    Args:
      alpha: The order of the divergence, which may be infinite.
      importance_sample_size: The number of draws K from the posterior for every example.

    Call with:
      x, posterior, prior, likelihood_fn, seed, step: As of `Objective`.

    Returns:
      `ObjectiveTerms`, `[B]` each, in nats.

    Raises:
      TypeError: If `alpha` is not a number, or `importance_sample_size` not an int.
      ValueError: If `alpha` is NaN, or `importance_sample_size` not positive.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> p = tfd.MultivariateNormalDiag(np.zeros([2]), np.ones([2]))
      >>> decoder = lambda z: tfd.MultivariateNormalDiag(z, np.ones([2]))
      >>> terms = objectives.Renyi(alpha=0.5, importance_sample_size=50)(
      ...     np.zeros([3, 2]), posterior=q, prior=p, likelihood_fn=decoder, seed=0)
      >>> bool(np.all(terms.objective > terms.elbo))
      True
    """

    def __init__(self, alpha: float = 0.5, importance_sample_size: int = 5) -> None:
        infinite = isinstance(alpha, float) and math.isinf(alpha)
        self.alpha = float(alpha) if infinite else checks.finite_number(alpha, "alpha")
        self.importance_sample_size = checks.positive_int(
            importance_sample_size, "importance_sample_size"
        )

    def terms(
        self,
        x: tf.Tensor,
        posterior: tfd.Distribution,
        prior: tfd.Distribution,
        likelihood_fn: LikelihoodFn,
        seed: tf.Tensor,
        step: int | tf.Tensor | None,
    ) -> ObjectiveTerms:
        """Computes both bounds from the same draws."""
        del step
        z, log_likelihoods, terms = sampled_bound(
            x, posterior, prior, likelihood_fn, self.importance_sample_size, seed
        )
        if self.alpha == 1.0:
            return terms
        log_weights = log_likelihoods + prior.log_prob(z) - posterior.log_prob(z)
        return terms._replace(objective=_power_mean(log_weights, 1.0 - self.alpha))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal objective."""
        return {"alpha": self.alpha, "importance_sample_size": self.importance_sample_size}


def _power_mean(log_weights: tf.Tensor, power: float) -> tf.Tensor:
    """Returns log ((1/K) Σ w^power)^(1/power) over the first axis.

    No digits are lost for a small power: the powers of the weights, relative to the largest, are 1
    plus what `expm1` gives.
    """
    extreme = tf.reduce_max if power > 0.0 else tf.reduce_min
    reference = extreme(log_weights, axis=0)
    if math.isinf(power):
        return reference
    reference = tf.stop_gradient(reference)
    relative = tf.math.expm1(power * (log_weights - reference))
    return reference + tf.math.log1p(tf.reduce_mean(relative, axis=0)) / power
