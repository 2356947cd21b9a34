"""The combination of the evidence lower bound and the importance-weighted bound."""

from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks
from tfp_vae.objectives.base import Objective
from tfp_vae.objectives.importance_weights import importance_weighted_bound
from tfp_vae.objectives.likelihood_fn import LikelihoodFn
from tfp_vae.objectives.sampled_bound import sampled_bound
from tfp_vae.objectives.terms import ObjectiveTerms


@keras.saving.register_keras_serializable(package="tfp_vae.objectives")
class CIWAE(Objective):
    """The CIWAE of Rainforth et al. (2018): the evidence lower bound and the IWAE's, combined.

    The objective is beta ELBO + (1 - beta) IWAE, both from the same K draws, from "Tighter
    variational bounds are not necessarily better": the first gives the encoder a gradient of less
    noise, the second is the tighter bound.

    Args:
      elbo_weight: beta, from 0 (the importance-weighted bound) to 1 (the evidence lower bound).
      importance_sample_size: The number of draws K from the posterior for every example.

    Call with:
      x, posterior, prior, likelihood_fn, seed, step: As of `Objective`.

    Returns:
      `ObjectiveTerms`, `[B]` each, in nats.

    Raises:
      TypeError: If `elbo_weight` is not a number, or `importance_sample_size` not an int.
      ValueError: If `elbo_weight` is not between 0 and 1, or `importance_sample_size` not positive.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> p = tfd.MultivariateNormalDiag(np.zeros([2]), np.ones([2]))
      >>> decoder = lambda z: tfd.MultivariateNormalDiag(z, np.ones([2]))
      >>> terms = objectives.CIWAE(elbo_weight=1.0, importance_sample_size=50)(
      ...     np.zeros([3, 2]), posterior=q, prior=p, likelihood_fn=decoder, seed=0)
      >>> bool(np.all(terms.objective == terms.elbo))
      True
    """

    def __init__(self, elbo_weight: float = 0.5, importance_sample_size: int = 5) -> None:
        self.elbo_weight = checks.finite_number(
            elbo_weight, "elbo_weight", minimum=0.0, maximum=1.0
        )
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
        log_weights = log_likelihoods + prior.log_prob(z) - posterior.log_prob(z)
        tighter = importance_weighted_bound(log_weights)
        return terms._replace(
            objective=self.elbo_weight * terms.elbo + (1.0 - self.elbo_weight) * tighter
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal objective."""
        return {
            "elbo_weight": self.elbo_weight,
            "importance_sample_size": self.importance_sample_size,
        }
