"""Sums over categorical latents in place of draws."""

from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions
from tfp_vae.objectives.likelihood_fn import LikelihoodFn, log_likelihood
from tfp_vae.objectives.terms import ObjectiveTerms

if TYPE_CHECKING:
    from tfp_vae.objectives.base import Objective


def categorical_part(distribution: tfd.Distribution) -> distributions.OneHotCategorical | None:
    """Returns the distribution of the categorical latents, or None if there are none.

    Args:
      distribution: q or p.
    """
    if isinstance(distribution, distributions.CategoricalJoint):
        return distribution.categorical
    return distribution if isinstance(distribution, distributions.OneHotCategorical) else None


def check_summable(posterior: tfd.Distribution, prior: tfd.Distribution) -> None:
    """Checks that a posterior with categorical latents has a prior of the same parts.

    Raises:
      ValueError: If it has not.
    """
    if categorical_part(posterior) is None:
        return
    kind = type(posterior)
    if not isinstance(prior, kind):
        raise ValueError(
            f"`prior` must be a {kind.__name__}, as the posterior is, for a sum over the "
            f"categories; got a {type(prior).__name__}."
        )


def summed_terms(
    objective: "Objective",
    x: tf.Tensor,
    posterior: tfd.Distribution,
    prior: tfd.Distribution,
    likelihood_fn: LikelihoodFn,
    seed: tf.Tensor,
    step: int | tf.Tensor | None,
) -> ObjectiveTerms:
    """Returns the terms of an objective, with a sum over the categorical latents c.

    With B(c) the objective of a row for a given c, the objective is Σ q(c|x) B(c) - KL(q(c|x)‖p(c))
    (Kingma et al. 2014, "Semi-supervised learning with deep generative models", equation 7): a
    bound on log p(x) if every B(c) is one on log p(x|c). So are the terms of the evidence lower
    bound. Both sums are exact, and so is the gradient of q(c|x).

    Args:
      objective: The objective of the continuous latents.
      x: Observations, `[B, *event]`.
      posterior: q(c|x), or q(c, z|x), batch `[B]`.
      prior: p(c), or p(c, z), batch `[]`.
      likelihood_fn: From latents `[S, B, L]` to p(x|c, z).
      seed: A stateless seed, `[2]`.
      step: The training step, or None.
    """
    check_summable(posterior, prior)
    categorical, prior_part = categorical_part(posterior), categorical_part(prior)
    assert categorical is not None
    assert prior_part is not None
    c = distributions.support_beside_rows(categorical)
    if isinstance(posterior, distributions.CategoricalJoint):
        assert isinstance(prior, distributions.CategoricalJoint)
        of_each = objective.terms(
            x,
            posterior.continuous_fn(c),
            prior.continuous_fn(prior.categorical.support()[:, None]),
            lambda z: likelihood_fn(tf.concat([_beside_draws(c, z), z], axis=-1)),
            seed,
            step,
        )
    else:
        known = log_likelihood(likelihood_fn, c, x)
        of_each = ObjectiveTerms(known, known, tf.zeros_like(known), known)
    probs = tf.exp(categorical.log_prob(c))
    mean = ObjectiveTerms(*(tf.reduce_sum(probs * term, axis=0) for term in of_each))
    kl_divergence = mean.kl_divergence + tfd.kl_divergence(categorical, prior_part)
    return ObjectiveTerms(
        elbo=mean.log_likelihood - kl_divergence,
        log_likelihood=mean.log_likelihood,
        kl_divergence=kl_divergence,
        objective=mean.objective - objective.categorical_cost(categorical, prior_part, step),
    )


def _beside_draws(c: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
    """Returns one-hot vectors `[K, B, C]` for draws `[..., K, B, L]`, `[..., K, B, C]`."""
    shape = tf.concat([tf.shape(z)[:-1], tf.shape(c)[-1:]], axis=0)
    return tf.ensure_shape(tf.broadcast_to(c, shape), [*z.shape[:-1], c.shape[-1]])
