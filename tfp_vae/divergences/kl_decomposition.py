"""Decomposes the KL by the aggregate posterior q(z), the mean of q(z|x) over x."""

import math
from typing import NamedTuple

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks
from tfp_vae.divergences.arguments import as_draws, check_axes_of_draws, check_distributions
from tfp_vae.divergences.kl import latent_factors

AGGREGATE_ESTIMATORS = ("minibatch_weighted", "minibatch_stratified")
"""How the density of the aggregate posterior is estimated from one batch."""


class KLDecomposition(NamedTuple):
    """Estimates of three parts that add up to KL(q(z|x)‖p(z)), in nats, `[B]` each.

    Attributes:
      index_code_mutual_information: log q(z|x) - log q(z); its mean is the mutual information of an
        example and its latents.
      total_correlation: log q(z) - Σ log q(z_j); its mean is the dependence of the latents in the
        aggregate posterior.
      dimension_wise_kl_divergence: Σ log q(z_j) - log p(z); its mean is the sum of the KLs of every
        latent's aggregate posterior from its prior.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> parts = divergences.decomposed_kl_divergence(q, q[0], q.sample(5, seed=[0, 1]), 3)
      >>> parts.total_correlation.shape
      TensorShape([3])
    """

    index_code_mutual_information: tf.Tensor
    total_correlation: tf.Tensor
    dimension_wise_kl_divergence: tf.Tensor


def decomposed_kl_divergence(
    posterior: tfd.Distribution,
    prior: tfd.Distribution,
    z: tf.Tensor,
    data_size: int,
    aggregate_estimator: str = "minibatch_weighted",
) -> KLDecomposition:
    """Returns index-code mutual information, total correlation and dimension-wise KL.

    The rows must be a random batch of different examples. The density of the aggregate posterior at
    a draw is estimated from the posteriors of the batch: "minibatch_weighted" gives each the weight
    1/(N M) for M of N examples, and underestimates log q(z) in expectation; "minibatch_stratified"
    gives the draw's own posterior the weight 1/N and divides the rest, (N - 1)/N, equally among the
    others: it estimates q(z) without bias, and exactly if the batch is the data set.

    Args:
      posterior: q(z|x), batch `[B]`, event `[L]`, with latents that are independent given x.
      prior: p, batch `[]`, event `[L]`.
      z: Draws from q, `[S, B, L]`.
      data_size: The number of examples N in the data set.
      aggregate_estimator: "minibatch_weighted" or "minibatch_stratified".

    Returns:
      A `KLDecomposition` of means over the draws, `[B]` each. Memory grows with S B² L.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If the posterior's latents are not independent, or `z` has another shape, no
        draws, or numbers that are not finite.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> z = q.sample(5, seed=[0, 1])
      >>> parts = divergences.decomposed_kl_divergence(q, q[0], z, 3, "minibatch_stratified")
      >>> bool(np.allclose(parts, 0.0, atol=1e-5))
      True

    Source: Chen et al. (2018), "Isolating sources of disentanglement in variational autoencoders",
    equations 2 and 3; the stratified estimator after their appendix C.2, which gives all of the
    remaining weight to the last example of the batch.
    """
    check_distributions(posterior=posterior, prior=prior)
    data_size = checks.positive_int(data_size, "data_size")
    checks.one_of(aggregate_estimator, AGGREGATE_ESTIMATORS, "aggregate_estimator")
    z = as_draws(z, posterior)
    check_axes_of_draws(z)
    factors = latent_factors(posterior)
    if factors is None:
        raise ValueError(
            "`posterior` must have latents that are independent given x, to estimate their total "
            f"correlation; got a {type(posterior).__name__}."
        )
    # [S, B, B, L]: every draw under the posterior of every example.
    log_densities = factors.log_prob(z[:, :, tf.newaxis, :])
    log_weights = _log_weights(tf.shape(z)[1], data_size, aggregate_estimator, z.dtype)
    log_aggregate = tf.reduce_logsumexp(tf.reduce_sum(log_densities, axis=-1) + log_weights, axis=2)
    log_marginals = tf.reduce_logsumexp(log_densities + log_weights[..., tf.newaxis], axis=2)
    log_product = tf.reduce_sum(log_marginals, axis=-1)
    return KLDecomposition(
        tf.reduce_mean(posterior.log_prob(z) - log_aggregate, axis=0),
        tf.reduce_mean(log_aggregate - log_product, axis=0),
        tf.reduce_mean(log_product - prior.log_prob(z), axis=0),
    )


def _log_weights(
    batch_size: tf.Tensor, data_size: int, aggregate_estimator: str, dtype: tf.DType
) -> tf.Tensor:
    """Returns the log-weight of every posterior for the draws of every example, `[B, B]`."""
    size = tf.cast(batch_size, dtype)
    shape = [batch_size, batch_size]
    if aggregate_estimator == "minibatch_weighted":
        return tf.fill(shape, -tf.math.log(data_size * size))
    own = tf.eye(batch_size, dtype=tf.bool)
    others = tf.math.log((data_size - 1.0) / (data_size * tf.maximum(size - 1.0, 1.0)))
    return tf.where(own, tf.constant(-math.log(data_size), dtype), others)
