"""The properties of an objective, asked of it on a model where log p(x) is known exactly.

They are for an objective of one's own as well: a function that raises an `AssertionError` where the
property does not hold. Keras's dtype policy must be float64 for those that make a model.
"""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfp_vae import distributions
from tfp_vae.objectives import Objective
from tfp_vae.testing.assertions import assert_close, assert_mean, assert_mean_at_most
from tfp_vae.testing.linear_gaussian import LinearGaussian
from tfp_vae.testing.normals import diagonal_normal

__all__ = [
    "Gradients",
    "bounds_are_ordered",
    "estimator_is_unbiased",
    "exact_posterior_gives_log_marginal_likelihood",
    "exact_posterior_has_no_gradient",
    "gradient_is_that_of_finite_differences",
    "gradients",
    "rows_are_independent_as_declared",
]

_DRAWS = 4000
PRIOR_LOC, PRIOR_SCALE = 0.2, 1.3
"""The prior of `gradients`, where the posterior is not the exact one."""


class Gradients(NamedTuple):
    """What an objective gives for many rows of the same x, and how it depends on every group.

    Attributes:
      terms: The terms, `[N]` each, in nats.
      z: The draws, `[S, N, L]`.
      encoder: The gradient by the posterior's loc and scale, `[N, 2, L]`.
      decoder: The gradient by the decoder's weights, `[N, D, L]`.
      prior: The gradient by the prior's loc, `[N, L]`.

    Example:
      >>> from tfp_vae.testing import objective_properties
      >>> model = tfp_vae.testing.LinearGaussian.drawn(latent_size=2)
      >>> found = objective_properties.gradients(objectives.IWAE(3), model, count=5)
      >>> found.z.shape, found.encoder.shape
      ((3, 5, 2), (5, 2, 2))
    """

    terms: Any
    z: np.ndarray
    encoder: np.ndarray
    decoder: np.ndarray
    prior: np.ndarray


def gradients(
    objective: Objective,
    model: LinearGaussian,
    exact: bool = False,
    count: int = _DRAWS,
    seed: int = 13,
) -> Gradients:
    """Differentiates an objective by parameters of which every row has its own copy.

    Args:
      objective: The objective.
      model: A linear-Gaussian model.
      exact: Whether the posterior is the exact one, and the prior that of the model. Otherwise the
        one is off by 0.3 and 1.4 times as wide, and the other is N(0.2, 1.3²).
      count: N, how many rows.
      seed: The seed of the draws.

    Returns:
      `Gradients`.

    Example:
      >>> from tfp_vae.testing import objective_properties
      >>> model = tfp_vae.testing.LinearGaussian.drawn(event_size=4, latent_size=2)
      >>> objective_properties.gradients(objectives.ELBO(), model, count=5).decoder.shape
      (5, 4, 2)
    """
    row = model.draws(1)
    off = {} if exact else {"loc_shift": 0.3, "scale_factor": 1.4}
    mean, stddev = (moment[0] for moment in model.posterior_moments(row, **off))
    prior_mean = np.full(model.latent_size, 0.0 if exact else PRIOR_LOC)
    parameters = [
        tf.constant(np.repeat(value[None], count, axis=0))
        for value in (mean, stddev, model.weights, prior_mean)
    ]
    draws = []
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        loc, scale, weights, prior_loc = parameters

        def likelihood_fn(z: tf.Tensor) -> Any:
            draws.append(z.numpy())
            return diagonal_normal(
                tf.linalg.matvec(weights, z) + model.offset, np.full(model.event_size, model.scale)
            )

        prior_scale = (1.0 if exact else PRIOR_SCALE) * tf.ones_like(prior_loc)
        terms = objective(
            np.repeat(row, count, axis=0),
            posterior=distributions.MultivariateNormalDiag(loc, scale),
            prior=diagonal_normal(prior_loc, prior_scale),
            likelihood_fn=likelihood_fn,
            seed=seed,
        )
        total = tf.reduce_sum(terms.objective)
    drawn = [value.numpy() for value in tape.gradient(total, parameters)]
    return Gradients(terms, draws[0], np.stack(drawn[:2], axis=1), drawn[2], drawn[3])


def exact_posterior_gives_log_marginal_likelihood(
    objective: Objective, model: LinearGaussian
) -> None:
    """Asks that an objective of sampled log-weights is log p(x) where the posterior is exact.

    No statistics are needed: every draw gives it, to all digits.

    Args:
      objective: One that estimates the KL by its draws, as `IWAE` does.
      model: A linear-Gaussian model.

    Raises:
      AssertionError: If it is not.

    Example:
      >>> from tfp_vae.testing import objective_properties
      >>> model = tfp_vae.testing.LinearGaussian.drawn()
      >>> objective_properties.exact_posterior_gives_log_marginal_likelihood(
      ...     objectives.IWAE(3), model)
    """
    found = gradients(objective, model, exact=True, count=20)
    assert_close(found.terms.objective, model.log_marginal_likelihood(model.draws(1))[0])


def exact_posterior_has_no_gradient(objective: Objective, model: LinearGaussian) -> None:
    """Asks that nothing reaches the encoder where the posterior is exact, and something the others.

    Args:
      objective: One whose gradient has no score, such as `ELBO` by sticking the landing.
      model: A linear-Gaussian model.

    Raises:
      AssertionError: If a draw has another gradient.

    Example:
      >>> from tfp_vae.testing import objective_properties
      >>> model = tfp_vae.testing.LinearGaussian.drawn()
      >>> sticking = objectives.ELBO(gradient_estimator="sticking_the_landing")
      >>> objective_properties.exact_posterior_has_no_gradient(sticking, model)

    Source: Roeder et al. (2017), "Sticking the landing".
    """
    found = gradients(objective, model, exact=True, count=20)
    assert_close(found.encoder, 0.0)
    assert np.max(np.abs(found.decoder)) > 1e-3, "the decoder has no gradient either"
    assert np.max(np.abs(found.prior)) > 1e-3, "the prior has no gradient either"


def bounds_are_ordered(
    objective_of: Callable[[int], Objective],
    model: LinearGaussian,
    sizes: tuple[int, ...] = (1, 2, 4, 16),
) -> None:
    """Asks that a bound rises in the mean with its sample size, from the ELBO up to log p(x).

    A true statement fails once in 26 million comparisons.

    Args:
      objective_of: From a sample size to the objective.
      model: A linear-Gaussian model.
      sizes: The sample sizes, from the smallest to the largest.

    Raises:
      AssertionError: If one is lower than that before it, or higher than log p(x).

    Example:
      >>> from tfp_vae.testing import objective_properties
      >>> keras.config.set_dtype_policy("float64")
      >>> model = tfp_vae.testing.LinearGaussian.drawn()
      >>> objective_properties.bounds_are_ordered(objectives.IWAE, model, sizes=(1, 4))
      >>> keras.config.set_dtype_policy("float32")
    """
    x = np.repeat(model.draws(1), _DRAWS, axis=0)
    vae = model.vae(0.3, 1.4)
    parts = {"posterior": vae.encoder(x), "prior": vae.prior(), "likelihood_fn": vae.decoder}
    bounds = []
    for size in sizes:
        terms = objective_of(size)(x, **parts, seed=size)
        assert_mean_at_most(terms.elbo - terms.objective, 0.0)
        bounds.append(terms.objective.numpy())
    for lower, higher in itertools.pairwise(bounds):
        assert_mean_at_most(lower - higher, 0.0)
    assert np.mean(bounds[-1]) > np.mean(bounds[0]), "it does not rise at all"
    assert_mean_at_most(bounds[-1], model.log_marginal_likelihood(x[:1])[0])


def estimator_is_unbiased(
    objective: Objective, reference: Objective, model: LinearGaussian
) -> None:
    """Asks that two objectives have the same terms, and in the mean the same gradient.

    The gradients of encoder, decoder and prior are compared one by one. The two draw different
    noise, so that the rows of their difference are independent; a true statement fails once in 26
    million comparisons.

    Args:
      objective: The one that is asked, with an estimator of its own.
      reference: One of the same value, whose gradient is known to be right.
      model: A linear-Gaussian model.

    Raises:
      AssertionError: If a term or a mean gradient is another.

    Example:
      >>> from tfp_vae.testing import objective_properties
      >>> model = tfp_vae.testing.LinearGaussian.drawn()
      >>> sticking = objectives.ELBO(gradient_estimator="sticking_the_landing")
      >>> objective_properties.estimator_is_unbiased(sticking, objectives.ELBO(), model)
    """
    value, known = (
        np.stack(gradients(each, model, count=5).terms) for each in (objective, reference)
    )
    assert_close(value, known)
    found = gradients(objective, model, seed=5)
    expected = gradients(reference, model, seed=6)
    for group in ("encoder", "decoder", "prior"):
        assert_mean(getattr(found, group) - getattr(expected, group), 0.0)


def gradient_is_that_of_finite_differences(
    objective: Objective, model: LinearGaussian, step: float = 1e-5
) -> None:
    """Asks that the gradient of an objective is that of its value, along a random direction.

    Args:
      objective: One whose gradient is that of its value, so not one by sticking the landing.
      model: A linear-Gaussian model.
      step: How far apart the two values are, from the point between them.

    Raises:
      AssertionError: If it is another, or there is none.

    Example:
      >>> from tfp_vae.testing import objective_properties
      >>> keras.config.set_dtype_policy("float64")
      >>> model = tfp_vae.testing.LinearGaussian.drawn()
      >>> objective_properties.gradient_is_that_of_finite_differences(objectives.ELBO(), model)
      >>> keras.config.set_dtype_policy("float32")
    """
    vae, x = model.vae(0.3, 1.4, objective=objective), tf.constant(model.draws(5))
    rng = np.random.default_rng(0)
    start = [variable.numpy() for variable in vae.trainable_variables]
    direction = [rng.normal(size=value.shape) for value in start]

    def value_at(distance: float) -> tf.Tensor:
        for variable, value, along in zip(vae.trainable_variables, start, direction, strict=True):
            variable.assign(value + distance * along)
        terms = vae.objective_terms(x, tf.constant([1, 2]), 3, training=True)
        return tf.reduce_mean(terms.objective)

    with tf.GradientTape() as tape:
        value = value_at(0.0)
    gradient = tape.gradient(value, vae.trainable_variables)
    along = sum(np.sum(one * other) for one, other in zip(gradient, direction, strict=True))
    assert abs(along) > 1e-3, "the objective does not depend on the weights"
    assert_close(along, (value_at(step) - value_at(-step)) / (2.0 * step), 1e-6, 1e-6)


def rows_are_independent_as_declared(objective: Objective, model: LinearGaussian) -> None:
    """Asks that another first row changes the objective of the others just if the class says so.

    The other terms, which are always the true bound, must not change in either case.

    Args:
      objective: The objective, with its `rows_are_independent`.
      model: A linear-Gaussian model.

    Raises:
      AssertionError: If the declaration is not true.

    Example:
      >>> from tfp_vae.testing import objective_properties
      >>> keras.config.set_dtype_policy("float64")
      >>> model = tfp_vae.testing.LinearGaussian.drawn()
      >>> objective_properties.rows_are_independent_as_declared(objectives.InfoVAE(9.0), model)
      >>> keras.config.set_dtype_policy("float32")
    """
    vae, x = model.vae(0.3, 1.4, objective=objective), model.draws(6)
    changed = np.concatenate([x[:1] + 1.0, x[1:]])
    before, after = (
        vae.objective_terms(tf.constant(rows), tf.constant([1, 2]), 3, training=True)
        for rows in (x, changed)
    )
    for name in ("elbo", "log_likelihood", "kl_divergence"):
        np.testing.assert_array_equal(getattr(before, name)[1:], getattr(after, name)[1:])
    unchanged = np.array_equal(before.objective[1:], after.objective[1:])
    assert unchanged == objective.rows_are_independent, (
        f"`rows_are_independent` is {objective.rows_are_independent}"
    )
