"""What the oracles themselves are compared with: formulas, and what they must leave alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tfp_vae.testing import (
    AggregatePosterior,
    finite_differences,
    normal_kl_divergence,
    numerical_log_density,
    with_random_weights,
)


def test_finite_differences_are_derivatives_and_leave_the_variable():
    variable = tf.Variable(np.array([[1.0, -2.0], [0.5, 3.0]]))
    before = variable.numpy()
    found = finite_differences(lambda: tf.reduce_sum(variable**3), variable)
    np.testing.assert_allclose(found, 3 * before**2, rtol=1e-8)
    np.testing.assert_array_equal(variable, before)


def test_a_function_that_fails_leaves_the_variable():
    variable = tf.Variable(np.array([1.0, 2.0]))
    with pytest.raises(ZeroDivisionError):
        finite_differences(lambda: 1 / 0, variable)
    np.testing.assert_array_equal(variable, [1.0, 2.0])


def test_the_density_of_a_linear_flow_is_normal():
    matrix, offset = np.array([[2.0, 0.0, 0.5], [-1.0, 0.3, 0.0], [0.0, 1.0, -0.7]]), np.arange(3.0)
    u = np.random.default_rng(0).normal(size=[5, 3])
    x, log_density = numerical_log_density(lambda u: u @ matrix.T + offset, u)
    np.testing.assert_array_equal(x, u @ matrix.T + offset)
    expected = stats.multivariate_normal(offset, matrix @ matrix.T).logpdf(x)
    np.testing.assert_allclose(log_density, expected, rtol=1e-8)


@pytest.mark.parametrize("latent_size", [1, 2, 3])
def test_the_parts_of_the_kl_add_up_and_are_those_of_their_names(latent_size):
    aggregate = AggregatePosterior.drawn(seed=1, data_size=4, latent_size=latent_size)
    parts = aggregate.exact_decomposition()
    kl_divergence = normal_kl_divergence(aggregate.mean, aggregate.stddev).sum(axis=1).mean()
    np.testing.assert_allclose(parts.sum(), kl_divergence, rtol=1e-8)
    assert 0.0 < parts[0] < np.log(4)
    # One latent alone depends on none.
    assert parts[1] == pytest.approx(0.0, abs=1e-12) if latent_size == 1 else parts[1] > 0.01
    # Of one example there is nothing to know, and its latents are independent.
    alone = AggregatePosterior(aggregate.mean[:1], aggregate.stddev[:1]).exact_decomposition()
    each = normal_kl_divergence(aggregate.mean[0], aggregate.stddev[0]).sum()
    np.testing.assert_allclose(alone, [0.0, 0.0, each], rtol=1e-8, atol=1e-12)


def test_random_weights_are_those_that_are_trained():
    layer = keras.layers.BatchNormalization()
    layer.build([None, 3])
    assert with_random_weights(layer) is layer
    assert (layer.gamma.numpy() != 1.0).all()
    assert (layer.beta.numpy() != 0.0).all()
    np.testing.assert_array_equal(layer.moving_variance, np.ones(3))
