"""The importance-weighted bound with fewer draws for the encoder than for the decoder."""

from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks
from tfp_vae.objectives.base import Objective
from tfp_vae.objectives.gradient_estimators import GradientScale, value_with_gradient_of
from tfp_vae.objectives.importance_weights import importance_weighted_bound, split_draws
from tfp_vae.objectives.likelihood_fn import LikelihoodFn, log_likelihood
from tfp_vae.objectives.sampled_bound import exact_or_sampled_kl_divergence
from tfp_vae.objectives.terms import ObjectiveTerms

_LEAST_SHARE = 1e-20


@keras.saving.register_keras_serializable(package="tfp_vae.objectives")
class PIWAE(Objective):
    """The PIWAE of Rainforth et al. (2018): a bound of its own for the encoder.

    A bound of more draws is tighter, which serves the decoder, and has a noisier gradient for the
    encoder ("Tighter variational bounds are not necessarily better"). Here the decoder and the
    prior have the gradient of the importance-weighted bound of all M K draws, and the encoder that
    of the mean of M bounds of K draws each, of the same draws. The value is the bound of all draws.

    With M = 1 it is `IWAE`. With K = 1 the encoder has the gradient of the sampled evidence lower
    bound, and the decoder that of M weighted draws.

    A prior that is made of the encoder, such as a `VampPrior`, has the decoder's gradient where the
    encoder serves as prior.

    Args:
      importance_sample_size: The number of draws from the posterior for every example, M K.
      encoder_importance_sample_size: The number of draws K of each of the encoder's bounds, a
        divisor of `importance_sample_size`.

    Call with:
      x, posterior, prior, likelihood_fn, seed, step: As of `Objective`.

    Returns:
      `ObjectiveTerms`, `[B]` each, in nats.

    Raises:
      TypeError: If a size is not an int.
      ValueError: If a size is not positive, or the second does not divide the first.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> p = tfd.MultivariateNormalDiag(np.zeros([2]), np.ones([2]))
      >>> decoder = lambda z: tfd.MultivariateNormalDiag(z, np.ones([2]))
      >>> terms = objectives.PIWAE(importance_sample_size=64, encoder_importance_sample_size=8)(
      ...     np.zeros([3, 2]), posterior=q, prior=p, likelihood_fn=decoder, seed=0)
      >>> bool(np.all(terms.objective > terms.elbo))
      True
    """

    def __init__(
        self, importance_sample_size: int = 64, encoder_importance_sample_size: int = 8
    ) -> None:
        self.importance_sample_size = checks.positive_int(
            importance_sample_size, "importance_sample_size"
        )
        self.encoder_importance_sample_size = checks.positive_int(
            encoder_importance_sample_size, "encoder_importance_sample_size"
        )
        if self.importance_sample_size % self.encoder_importance_sample_size:
            raise ValueError(
                "`encoder_importance_sample_size` must be a divisor of `importance_sample_size`, "
                f"{importance_sample_size}; got {encoder_importance_sample_size}."
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
        """Computes the bound of all draws, with a gradient for either network."""
        del step
        size = self.encoder_importance_sample_size
        groups = self.importance_sample_size // size
        z = posterior.sample(self.importance_sample_size, seed=seed)
        for_encoder = GradientScale()
        scaled = for_encoder(z)
        log_likelihoods = log_likelihood(likelihood_fn, scaled, x)
        log_weights = (
            log_likelihoods
            + prior.log_prob(scaled)
            - for_encoder(posterior.log_prob(z)[..., None])[..., 0]
        )
        # Of the groups' normalised weights, the decoder's are each times the group's share of the
        # whole weight, the encoder's each divided by the number of groups.
        grouped = split_draws(tf.stop_gradient(log_weights), (size, groups))
        share = tf.nn.softmax(tf.reduce_logsumexp(grouped, axis=0), axis=0)
        share = tf.maximum(share, _LEAST_SHARE)
        weights = tf.reshape(tf.nn.softmax(grouped, axis=0) * share, tf.shape(log_weights))
        ratio = tf.broadcast_to(1.0 / (groups * share), tf.shape(grouped))
        for_encoder.factor = tf.reshape(ratio, tf.shape(log_weights))[..., None]
        expected = tf.reduce_mean(log_likelihoods, axis=0)
        kl_divergence = exact_or_sampled_kl_divergence(posterior, prior, z)
        bound = value_with_gradient_of(
            importance_weighted_bound(log_weights),
            tf.reduce_sum(weights * log_weights, axis=0),
        )
        return ObjectiveTerms(
            elbo=expected - kl_divergence,
            log_likelihood=expected,
            kl_divergence=kl_divergence,
            objective=bound,
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal objective."""
        return {
            "importance_sample_size": self.importance_sample_size,
            "encoder_importance_sample_size": self.encoder_importance_sample_size,
        }
