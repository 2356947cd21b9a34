"""The KL divergence of a posterior from a prior: exact where known, else a declared estimate."""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae.divergences.arguments import as_draws, check_distributions


def exact_kl_divergence(posterior: tfd.Distribution, prior: tfd.Distribution) -> tf.Tensor | None:
    """Returns KL(q‖p) in nats, of shape `[B]`, or None where no exact form is known.

    It is the one registered with TensorFlow Probability, or else, if both distributions factorise,
    the sum over the latents.

    Args:
      posterior: q, batch `[B]`, event `[L]`.
      prior: p, batch `[]` or `[B]`, event `[L]`.

    Returns:
      A tensor `[B]`, or None.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> divergences.exact_kl_divergence(q, q).numpy()
      array([0., 0., 0.])
    """
    check_distributions(posterior=posterior, prior=prior)
    try:
        return tfd.kl_divergence(posterior, prior)
    except NotImplementedError:
        per_dimension = kl_divergence_per_dimension(posterior, prior)
        return None if per_dimension is None else tf.reduce_sum(per_dimension, axis=-1)


def sampled_kl_divergence(
    posterior: tfd.Distribution, prior: tfd.Distribution, z: tf.Tensor
) -> tf.Tensor:
    """Returns the Monte Carlo estimate of KL(q‖p) in nats, of shape `[B]`.

    The mean of log q(z) - log p(z) over the draws: unbiased, and possibly negative.

    Args:
      posterior: q, batch `[B]`, event `[L]`.
      prior: p, batch `[]` or `[B]`, event `[L]`.
      z: Draws from q, `[S, B, L]`.

    Returns:
      A tensor `[B]`.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> divergences.sampled_kl_divergence(q, q, q.sample(5, seed=[0, 1])).numpy()
      array([0., 0., 0.])
    """
    check_distributions(posterior=posterior, prior=prior)
    z = as_draws(z, posterior)
    return tf.reduce_mean(posterior.log_prob(z) - prior.log_prob(z), axis=0)


def kl_divergence_per_dimension(
    posterior: tfd.Distribution, prior: tfd.Distribution
) -> tf.Tensor | None:
    """Returns the KL of every latent in nats, of shape `[B, L]`; they add up to KL(q‖p).

    Args:
      posterior: q, batch `[B]`, event `[L]`.
      prior: p, batch `[]` or `[B]`, event `[L]`.

    Returns:
      The divergences, or None if one of the two does not factorise over the latents.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> divergences.kl_divergence_per_dimension(q, q).shape
      TensorShape([3, 2])
    """
    check_distributions(posterior=posterior, prior=prior)
    factors = latent_factors(posterior), latent_factors(prior)
    if factors[0] is None or factors[1] is None:
        return None
    return exact_kl_divergence(*factors)


def latent_factors(distribution: tfd.Distribution) -> tfd.Distribution | None:
    """Returns the marginal distribution of every latent, if the latents are independent.

    Args:
      distribution: q or p, batch `[...]`, event `[L]`.

    Returns:
      A distribution with batch `[..., L]` and event `[]`, or None if the latents are dependent.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> divergences.latent_factors(q).batch_shape
      TensorShape([3, 2])
    """
    check_distributions(distribution=distribution)
    if isinstance(distribution, tfd.MultivariateNormalDiag):
        scale = distribution.scale.diag_part()
        return tfd.Normal(loc=distribution.mean(), scale=scale)
    if isinstance(distribution, tfd.Independent) and len(distribution.event_shape) == 1:
        inner = distribution.distribution
        return inner if inner.event_shape.rank == 0 else latent_factors(inner)
    return None
