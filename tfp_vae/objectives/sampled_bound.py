"""The evidence lower bound from draws, of which most objectives are made."""

from typing import NamedTuple

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import divergences
from tfp_vae.objectives.likelihood_fn import LikelihoodFn, log_likelihood
from tfp_vae.objectives.terms import ObjectiveTerms


class SampledBound(NamedTuple):
    """Draws from the posteriors of a batch, and the bound that they give.

    Attributes:
      z: The draws, `[S, B, L]`.
      log_likelihoods: log p(x|z) of every draw in nats, `[S, B]`.
      terms: The terms of the bound, whose objective is the bound itself.
    """

    z: tf.Tensor
    log_likelihoods: tf.Tensor
    terms: ObjectiveTerms


def sampled_bound(
    x: tf.Tensor,
    posterior: tfd.Distribution,
    prior: tfd.Distribution,
    likelihood_fn: LikelihoodFn,
    sample_size: int,
    seed: tf.Tensor,
) -> SampledBound:
    """Draws latents and computes the evidence lower bound, with the exact KL where there is one.

    Args:
      x: Observations, `[B, *event]`.
      posterior: q(z|x), batch `[B]`.
      prior: p(z), batch `[]` or `[B]`.
      likelihood_fn: From latents `[S, B, L]` to p(x|z).
      sample_size: The number S of draws for every example.
      seed: A stateless seed, `[2]`.
    """
    z = posterior.sample(sample_size, seed=seed)
    log_likelihoods = log_likelihood(likelihood_fn, z, x)
    expected = tf.reduce_mean(log_likelihoods, axis=0)
    kl_divergence = exact_or_sampled_kl_divergence(posterior, prior, z)
    elbo = expected - kl_divergence
    return SampledBound(z, log_likelihoods, ObjectiveTerms(elbo, expected, kl_divergence, elbo))


def exact_or_sampled_kl_divergence(
    posterior: tfd.Distribution, prior: tfd.Distribution, z: tf.Tensor
) -> tf.Tensor:
    """Returns KL(q‖p) in nats, `[B]`: exact where it is known, elsewhere estimated from the draws.

    Of layers of latents that q and p both draw from the top down it is the sum over layers of the
    exact divergences given the layers above, which varies less than log q(z) - log p(z); so it is
    with the steps of a recurrent posterior.

    Args:
      posterior: q, batch `[B]`, event `[L]`.
      prior: p, batch `[]` or `[B]`, event `[L]`.
      z: Draws from q, `[S, B, L]`.
    """
    exact = divergences.exact_kl_divergence(posterior, prior)
    if exact is not None:
        return exact
    if divergences.is_summed_over_layers(posterior, prior):
        return tf.reduce_sum(divergences.kl_divergence_per_layer(posterior, prior, z), axis=0)
    return divergences.sampled_kl_divergence(posterior, prior, z)
