"""Properties of an objective, checked on a model whose log p(x) is known exactly.

Each function raises an `AssertionError` if the property does not hold, for an objective of your own
too. Keras's dtype policy must be float64 for those that make a model.
"""

import itertools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfp_vae.objectives import Objective
from tfp_vae.testing.assertions import assert_close, assert_mean, assert_mean_at_most
from tfp_vae.testing.linear_gaussian import LinearGaussian
from tfp_vae.testing.objective_gradients import DRAWS, Gradients, gradients

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


def exact_posterior_gives_log_marginal_likelihood(
    objective: Objective, model: LinearGaussian
) -> None:
    """Asserts that an objective of sampled log-weights is log p(x) if the posterior is exact.

    This needs no statistics: it holds for every draw, to rounding error.

    Args:
      objective: One that estimates the KL from its draws, as `IWAE` does.
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
    """Asserts that the encoder's gradient is zero if the posterior is exact, the others' not.

    Args:
      objective: One whose gradient has no score term, such as `ELBO` with sticking the landing.
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
    """Asserts that the mean of a bound increases with its sample size, from the ELBO to log p(x).

    A true statement fails once in 26 million comparisons.

    Args:
      objective_of: From a sample size to the objective.
      model: A linear-Gaussian model.
      sizes: The sample sizes, in increasing order.

    Raises:
      AssertionError: If a bound is lower than the one before it, or higher than log p(x).

    Example:
      >>> from tfp_vae.testing import objective_properties
      >>> keras.config.set_dtype_policy("float64")
      >>> model = tfp_vae.testing.LinearGaussian.drawn()
      >>> objective_properties.bounds_are_ordered(objectives.IWAE, model, sizes=(1, 4))
      >>> keras.config.set_dtype_policy("float32")
    """
    x = np.repeat(model.draws(1), DRAWS, axis=0)
    vae = model.vae(0.3, 1.4)
    parts = {"posterior": vae.encoder(x), "prior": vae.prior(), "likelihood_fn": vae.decoder}
    bounds = []
    for size in sizes:
        terms = objective_of(size)(x, **parts, seed=size)
        assert_mean_at_most(terms.elbo - terms.objective, 0.0)
        bounds.append(terms.objective.numpy())
    for lower, higher in itertools.pairwise(bounds):
        assert_mean_at_most(lower - higher, 0.0)
    assert np.mean(bounds[-1]) > np.mean(bounds[0]), "the bound does not increase with its size"
    assert_mean_at_most(bounds[-1], model.log_marginal_likelihood(x[:1])[0])


def estimator_is_unbiased(
    objective: Objective, reference: Objective, model: LinearGaussian
) -> None:
    """Asserts that two objectives have the same terms and the same mean gradient.

    The gradients of encoder, decoder and prior are compared separately. The objectives draw
    independent noise, so that the rows of the difference are independent; a true statement fails
    once in 26 million comparisons.

    Args:
      objective: The objective under test, with its own gradient estimator.
      reference: An objective of the same value with an unbiased gradient.
      model: A linear-Gaussian model.

    Raises:
      AssertionError: If a term or a mean gradient differs.

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
    """Asserts that the gradient equals finite differences of the value, along a random direction.

    Args:
      objective: One whose gradient is that of its value, so not with sticking the landing.
      model: A linear-Gaussian model.
      step: The step of the central difference.

    Raises:
      AssertionError: If they differ, or the derivative is zero.

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
        for variable, value, change in zip(vae.trainable_variables, start, direction, strict=True):
            variable.assign(value + distance * change)
        terms = vae.objective_terms(x, tf.constant([1, 2]), 3, training=True)
        return tf.reduce_mean(terms.objective)

    with tf.GradientTape() as tape:
        value = value_at(0.0)
    gradient = tape.gradient(value, vae.trainable_variables)
    derivative = sum(np.sum(one * other) for one, other in zip(gradient, direction, strict=True))
    assert abs(derivative) > 1e-3, "the objective does not depend on the weights"
    assert_close(derivative, (value_at(step) - value_at(-step)) / (2.0 * step), 1e-6, 1e-6)


def rows_are_independent_as_declared(objective: Objective, model: LinearGaussian) -> None:
    """Asserts that the first row changes the objective of the other rows only if declared.

    Their other terms, which are always the true bound, must not change in either case.

    Args:
      objective: The objective, with its `rows_are_independent`.
      model: A linear-Gaussian model.

    Raises:
      AssertionError: If the declaration is wrong.

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
