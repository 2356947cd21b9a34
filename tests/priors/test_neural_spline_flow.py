"""Spline couplings: the tails, the number of bins, and numbers that float32 can hardly hold."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

from tests.support.flow_properties import built_prior
from tfp_vae import distributions, priors
from tfp_vae.testing import assert_config_is_a_fixed_point, with_random_weights


@pytest.mark.usefixtures("float64")
def test_beyond_the_limit_the_prior_is_the_standard_normal():
    prior = priors.NeuralSplineFlow(steps=3, units=[5], limit=0.5)
    prior.build([2])
    with_random_weights(prior, 2.0)
    far = np.array([[0.6, -0.7], [-3.0, 0.51], [40.0, -0.6]])
    expected = stats.norm.logpdf(far).sum(axis=-1)
    np.testing.assert_allclose(prior.distribution().log_prob(far), expected, rtol=1e-9)
    near = np.array([[0.3, -0.2]])
    assert abs(prior.distribution().log_prob(near) - stats.norm.logpdf(near).sum()) > 0.01
    # On the other side of the limit there is a jump of the slope of the density, not of itself.
    edges = np.array([[0.5 - 1e-9, 0.1], [0.5 + 1e-9, 0.1]])
    inside, outside = prior.distribution().log_prob(edges)
    np.testing.assert_allclose(inside, outside, rtol=1e-6)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("bins", [1, 2, 20])
def test_any_number_of_bins_has_its_inverse(bins):
    prior = priors.NeuralSplineFlow(steps=2, units=[5], bins=bins)
    prior.build([3])
    bijector = with_random_weights(prior, 3.0).distribution().bijector
    u = np.random.default_rng(0).normal(size=[200, 3])
    x = tf.identity(bijector.forward(u))
    if bins == 1:
        # A single piece between two slopes of 1 is the identity.
        np.testing.assert_allclose(x, u, atol=1e-12)
    else:
        assert np.abs(x - u).max() > 0.5
    np.testing.assert_allclose(bijector.inverse(x), u, rtol=1e-8, atol=1e-8)
    forward = bijector.forward_log_det_jacobian(tf.constant(u), 1)
    np.testing.assert_allclose(
        bijector.inverse_log_det_jacobian(tf.identity(x), 1), -forward, rtol=1e-7, atol=1e-7
    )


@pytest.mark.parametrize("bins", [3, 8, 50])
def test_in_float32_no_root_is_that_of_a_negative_number(bins):
    """With parameters at their bounds, where neighbouring bins differ the most, and below knots."""
    rng, count = np.random.default_rng(0), 20_000
    extremes = rng.choice([-1e3, 1e3], [count, 1, 3 * bins - 1])
    coupling = distributions.spline_coupling(
        lambda x: tf.constant(extremes, tf.float32), 1, bins, 5.0
    )
    heights = 10.0 * special.softmax(np.sign(extremes[:, 0, bins : 2 * bins]), axis=-1)
    chosen = (np.arange(count), rng.integers(0, bins, count))
    below = 10.0 ** rng.uniform(-7.0, -4.0, count) * heights[chosen]
    knots = np.cumsum(heights, axis=-1)[chosen] - 5.0
    x = tf.constant(np.stack([np.zeros(count), knots - below], axis=-1), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        back = coupling.inverse(x)
        log_det = coupling.inverse_log_det_jacobian(tf.identity(x), 1)
    for value in (back, log_det, tape.gradient(back, x), tape.gradient(log_det, x)):
        assert np.isfinite(value).all()
    np.testing.assert_allclose(coupling.forward(tf.identity(back)), x, atol=1e-3)


def test_the_configuration_is_a_fixed_point():
    assert_config_is_a_fixed_point(priors.NeuralSplineFlow(3, [4], "elu", bins=5, limit=2.5))


def test_in_float32_a_value_far_away_has_finite_gradients():
    prior = built_prior(priors.NeuralSplineFlow, 4, 30.0)
    z = tf.fill([2, 4], 1e15)
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = tf.reduce_sum(prior.distribution().log_prob(z))
    assert np.isfinite(value)
    for gradient in tape.gradient(value, [z, *prior.trainable_variables]):
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"bins": 0}, ValueError, "`bins` must be a positive int"),
        ({"bins": 2.0}, TypeError, "`bins` must be a positive int"),
        ({"limit": 0.0}, ValueError, "`limit` must be a finite number of at least 0.1; got 0"),
        ({"limit": 1e3}, ValueError, "`limit` must be a number of at most 100; got 1000"),
        ({"limit": "5"}, TypeError, "`limit` must be a number"),
    ],
)
def test_wrong_arguments_are_named(options, error, message):
    with pytest.raises(error, match=message):
        priors.NeuralSplineFlow(**options)


def test_a_single_latent_is_refused():
    with pytest.raises(ValueError, match="must not be a NeuralSplineFlow for a single latent"):
        priors.NeuralSplineFlow().build([1])
