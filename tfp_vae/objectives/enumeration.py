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


def categorical_pair(
    posterior: tfd.Distribution, prior: tfd.Distribution
) -> tuple[distributions.OneHotCategorical, distributions.OneHotCategorical]:
    """Returns q(c|x) and p(c) of a posterior with categorical latents.

    Raises:
      ValueError: If the prior does not have the same parts.
    """
    ours, theirs = categorical_part(posterior), categorical_part(prior)
    joint = distributions.CategoricalJoint
    alike = isinstance(posterior, joint) == isinstance(prior, joint)
    if ours is None or theirs is None or not alike:
        raise ValueError(
            f"`prior` must be a {type(posterior).__name__}, as the posterior is, for its "
            f"categories; got a {type(prior).__name__}."
        )
    return ours, theirs


def check_summable(posterior: tfd.Distribution) -> None:
    """Checks that the categories of a posterior are few enough to sum over.

    Raises:
      ValueError: If they are not.
    """
    categorical = categorical_part(posterior)
    if categorical is not None and not categorical.summable:
        variables, categories = categorical.logits.shape[-2:]
        raise ValueError(
            "`posterior` must have at most 10,000 combinations of categories, which the objective "
            f"sums over; got {categories} ** {variables}. Draw them by "
            'objectives.ELBO(gradient_estimator="score_function"), or use '
            "posteriors.RelaxedOneHotCategorical, whose draws have a gradient."
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
    categorical, prior_part = categorical_pair(posterior, prior)
    check_summable(posterior)
    c = distributions.support_beside_rows(categorical)
    # The same for every row: p(z|c) is then computed once for each.
    given = categorical.support()[:, None]
    of_each = terms_given(objective, x, posterior, prior, likelihood_fn, c, given, seed, step)
    probs = tf.exp(categorical.log_prob(c))
    mean = ObjectiveTerms(*(tf.reduce_sum(probs * term, axis=0) for term in of_each))
    kl_divergence = mean.kl_divergence + tfd.kl_divergence(categorical, prior_part)
    return ObjectiveTerms(
        elbo=mean.log_likelihood - kl_divergence,
        log_likelihood=mean.log_likelihood,
        kl_divergence=kl_divergence,
        objective=mean.objective - objective.categorical_cost(categorical, prior_part, step),
    )


def terms_given(
    objective: "Objective",
    x: tf.Tensor,
    posterior: tfd.Distribution,
    prior: tfd.Distribution,
    likelihood_fn: LikelihoodFn,
    c: tf.Tensor,
    c_of_prior: tf.Tensor,
    seed: tf.Tensor,
    step: int | tf.Tensor | None,
) -> ObjectiveTerms:
    """Returns the terms of an objective for given categorical latents, `[K, B]` each.

    Args:
      objective: The objective of the continuous latents.
      x: Observations, `[B, *event]`.
      posterior: q(c|x), or q(c, z|x), batch `[B]`.
      prior: p(c), or p(c, z), batch `[]`.
      likelihood_fn: From latents `[S, B, L]` to p(x|c, z).
      c: K one-hot vectors for every row, `[K, B, C]`.
      c_of_prior: Those at which p(z|c) is taken, `[K, B, C]`, or `[K, 1, C]`.
      seed: A stateless seed, `[2]`.
      step: The training step, or None.
    """
    if isinstance(posterior, distributions.CategoricalJoint):
        assert isinstance(prior, distributions.CategoricalJoint)
        return objective.terms(
            x,
            posterior.continuous_fn(c),
            prior.continuous_fn(c_of_prior),
            lambda z: likelihood_fn(tf.concat([_beside_draws(c, z), z], axis=-1)),
            seed,
            step,
        )
    known = log_likelihood(likelihood_fn, c, x)
    return ObjectiveTerms(known, known, tf.zeros_like(known), known)


def _beside_draws(c: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
    """Returns one-hot vectors `[K, B, C]` for draws `[..., K, B, L]`, `[..., K, B, C]`."""
    shape = tf.concat([tf.shape(z)[:-1], tf.shape(c)[-1:]], axis=0)
    return tf.ensure_shape(tf.broadcast_to(c, shape), [*z.shape[:-1], c.shape[-1]])
