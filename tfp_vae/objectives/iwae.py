"""The importance-weighted bound."""

import math
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, seeds, shapes, stateless_random
from tfp_vae.objectives.base import Objective
from tfp_vae.objectives.categorical_draws import (
    check_categories_drawn,
    vimco_signals,
    with_score,
)
from tfp_vae.objectives.enumeration import categorical_pair
from tfp_vae.objectives.gradient_estimators import (
    GradientScale,
    check_reparameterized,
    path_log_prob,
    value_with_gradient_of,
)
from tfp_vae.objectives.importance_weights import importance_weighted_bound, split_draws
from tfp_vae.objectives.likelihood_fn import LikelihoodFn, log_likelihood
from tfp_vae.objectives.sampled_bound import exact_or_sampled_kl_divergence
from tfp_vae.objectives.terms import ObjectiveTerms


@keras.saving.register_keras_serializable(package="tfp_vae.objectives")
class IWAE(Objective):
    """The importance-weighted bound of Burda et al. (2015), "Importance weighted autoencoders".

    The objective of an example is log (1/K) Σ w over K draws, where the weight of a draw is
    w = p(x|z) p(z) / q(z|x) (their equation 8): a lower bound of log p(x) in expectation, which
    rises with K, and for K = 1 is the evidence lower bound. The other terms are those of the
    evidence lower bound from the same draws.

    With more draws, the signal-to-noise ratio of the encoder's reparameterised gradient falls
    (Rainforth et al. 2018, "Tighter variational bounds are not necessarily better"). That of the
    doubly reparameterised estimator of Tucker et al. (2018), "Doubly reparameterized gradient
    estimators for Monte Carlo objectives", does not: it weights the path derivative of every draw
    with the square of its normalised weight, and leaves the score out (their equation 8). It is for
    the encoder alone; the decoder and the prior have the ordinary gradient, weighted with the
    normalised weight itself.

    Most of the time goes into the gradients of K draws, few of which have a considerable weight.
    The resampled estimator, in the last paragraph of section 3 of Burda et al., computes the
    weights without a gradient, chooses one draw by them, and differentiates only its log-weight: K
    forward passes and one backward pass, about half the time for 50 draws, for more variance. A
    decoder that draws noise or normalises by the batch sees the chosen draws in a second pass.

    All estimators have the same value, and the same gradient in expectation.

    Categorical latents are summed over, with the bound of the continuous ones for every category,
    which is not log p(x) in the limit. "vimco" (Mnih & Rezende 2016, "Variational inference for
    Monte Carlo objectives") draws both, K times: its bound is that of the weights of whole draws,
    its gradient is unbiased, and what a draw contributes is compared with the bound in which the
    geometric mean of the other weights takes its place.

    With `sample_size` M, the objective is the mean of M such bounds of K draws each: the MIWAE of
    Rainforth et al., whose encoder's gradient has less noise than that of a single
    bound of M K draws.

    Args:
      importance_sample_size: The number of draws K from the posterior for every example.
      gradient_estimator: "standard" (differentiate the computed bound),
        "doubly_reparameterized", which evaluates log q(z|x) once more, "resampled", which
        evaluates all densities once more at one draw of K, or for categorical latents "vimco".
      sample_size: The number M of bounds, of K draws each, whose mean is taken.

    Call with:
      x, posterior, prior, likelihood_fn, seed, step: As of `Objective`.

    Returns:
      `ObjectiveTerms`, `[B]` each, in nats.

    Raises:
      TypeError: If a size is not an int, or `gradient_estimator` not a string.
      ValueError: If a size is not positive, the estimator unknown, or "vimco" with a single draw;
        when it is called, if the estimator is "doubly_reparameterized" and the posterior's draws
        are not reparameterised, or "vimco" and it has no categorical latents.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> p = tfd.MultivariateNormalDiag(np.zeros([2]), np.ones([2]))
      >>> decoder = lambda z: tfd.MultivariateNormalDiag(z, np.ones([2]))
      >>> terms = objectives.IWAE(importance_sample_size=50)(
      ...     np.zeros([3, 2]), posterior=q, prior=p, likelihood_fn=decoder, seed=0)
      >>> bool(np.all(terms.objective > terms.elbo))
      True
    """

    def __init__(
        self,
        importance_sample_size: int = 5,
        gradient_estimator: str = "standard",
        sample_size: int = 1,
    ) -> None:
        self.importance_sample_size = checks.positive_int(
            importance_sample_size, "importance_sample_size"
        )
        self.gradient_estimator = checks.one_of(
            gradient_estimator,
            ["standard", "doubly_reparameterized", "resampled", "vimco"],
            "gradient_estimator",
        )
        if self.gradient_estimator == "vimco" and self.importance_sample_size < 2:
            raise ValueError(
                '`importance_sample_size` must be at least 2 for "vimco", which compares the draws '
                f"with one another; got {self.importance_sample_size}."
            )
        self.sample_size = checks.positive_int(sample_size, "sample_size")

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
        if self.draws_categories:
            check_categories_drawn(posterior, self.gradient_estimator)
        sizes = (self.importance_sample_size, self.sample_size)
        z = posterior.sample(math.prod(sizes), seed=seed)
        through_z = GradientScale()
        if self.gradient_estimator == "doubly_reparameterized":
            check_reparameterized(posterior)
            z = through_z(z)
            log_posterior = path_log_prob(posterior, z)
        else:
            log_posterior = posterior.log_prob(z)
        log_likelihoods = log_likelihood(likelihood_fn, z, x)
        log_weights = split_draws(log_likelihoods + prior.log_prob(z) - log_posterior, sizes)
        # The gradient of the bound weights every draw with its normalised weight; the part that
        # reaches the encoder through z is weighted a second time.
        normalised = tf.stop_gradient(tf.nn.softmax(log_weights, axis=0))
        through_z.factor = tf.reshape(normalised, tf.shape(log_likelihoods))[..., None]
        expected = tf.reduce_mean(log_likelihoods, axis=0)
        kl_divergence = exact_or_sampled_kl_divergence(posterior, prior, z)
        bound = importance_weighted_bound(log_weights)
        if self.gradient_estimator == "resampled":
            chosen = _chosen_by_weight(split_draws(z, sizes), log_weights, seed)[0]
            log_weight = log_likelihood(likelihood_fn, chosen, x)
            log_weight += prior.log_prob(chosen) - posterior.log_prob(chosen)
            bound = value_with_gradient_of(bound, log_weight)
        bound = tf.reduce_mean(bound, axis=0)
        return ObjectiveTerms(
            elbo=expected - kl_divergence,
            log_likelihood=expected,
            kl_divergence=kl_divergence,
            objective=bound,
        )

    @property
    def draws_categories(self) -> bool:
        """Whether categorical latents are drawn, and not summed over."""
        return self.gradient_estimator == "vimco"

    def drawn_terms(
        self,
        x: tf.Tensor,
        posterior: tfd.Distribution,
        prior: tfd.Distribution,
        likelihood_fn: LikelihoodFn,
        seed: tf.Tensor,
        step: int | tf.Tensor | None,
    ) -> ObjectiveTerms:
        """Computes both bounds from the same draws of categorical and continuous latents."""
        del step
        categorical, _ = categorical_pair(posterior, prior)
        sizes = (self.importance_sample_size, self.sample_size)
        z = posterior.sample(math.prod(sizes), seed=seed)
        log_likelihoods = log_likelihood(likelihood_fn, z, x)
        log_weights = log_likelihoods + prior.log_prob(z) - posterior.log_prob(z)
        log_weights = split_draws(log_weights, sizes)
        of_categories = categorical.log_prob(z[..., : categorical.event_shape[-1]])
        bound = with_score(
            importance_weighted_bound(log_weights),
            vimco_signals(log_weights),
            split_draws(of_categories, sizes),
        )
        expected = tf.reduce_mean(log_likelihoods, axis=0)
        kl_divergence = exact_or_sampled_kl_divergence(posterior, prior, z)
        return ObjectiveTerms(
            elbo=expected - kl_divergence,
            log_likelihood=expected,
            kl_divergence=kl_divergence,
            objective=tf.reduce_mean(bound, axis=0),
        )

    def check_pair(self, posterior: tfd.Distribution, prior: tfd.Distribution) -> None:
        """Checks that the posterior has what the gradient estimator draws.

        Raises:
          ValueError: If the posterior is neither reparameterised nor categorical, or the estimator
            is "vimco" and it has no categorical latents.
        """
        super().check_pair(posterior, prior)
        if self.draws_categories:
            check_categories_drawn(posterior, self.gradient_estimator)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal objective."""
        return {
            "importance_sample_size": self.importance_sample_size,
            "gradient_estimator": self.gradient_estimator,
            "sample_size": self.sample_size,
        }


def _chosen_by_weight(z: tf.Tensor, log_weights: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Resamples one of the draws `[K, ..., B, L]` of every row by the weights, `[1, ..., B, L]`."""
    uniform = stateless_random.uniform(
        tf.shape(log_weights)[1:], seeds.independent_seed(seed), log_weights.dtype, row_axis=-1
    )
    below = tf.cumsum(tf.nn.softmax(log_weights, axis=0), axis=0, exclusive=True) <= uniform
    number = tf.maximum(tf.reduce_sum(tf.cast(below, tf.int32), axis=0) - 1, 0)
    number, restore = shapes.flatten_leading(number, event_rank=0)
    flat = tf.reshape(z, [tf.shape(z)[0], -1, z.shape[-1]])
    rows = tf.range(tf.shape(flat)[1])
    return restore(tf.gather_nd(flat, tf.stack([number, rows], axis=-1)))[None]
