"""The probabilities of levels: they add up to one, and keep their digits in both tails."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tfp_vae import distributions
from tfp_vae.testing import assert_mean

CASES = [(0.3, 0.05), (128.0, 0.3), (40.7, 5.0), (-30.0, 20.0), (258.0, 3.0), (100.0, 1e4)]


def _made(loc, scale, dtype="float64", levels=256):
    return distributions.DiscretizedLogistic.from_levels(
        tf.constant(loc, dtype), tf.constant(scale, dtype), levels
    )


def _log_pmf(loc, scale, levels=256):
    """From the tail on the side where the logistic is small, by SciPy in float64."""
    ends = np.concatenate([[-np.inf], np.arange(levels - 1) + 0.5, [np.inf]])
    law = stats.logistic(loc, scale)
    below, above = law.logcdf(ends), law.logsf(ends)
    with np.errstate(divide="ignore", invalid="ignore"):
        from_left = below[1:] + np.log1p(-np.exp(below[:-1] - below[1:]))
        from_right = above[:-1] + np.log1p(-np.exp(above[1:] - above[:-1]))
    return np.where(np.arange(levels) < loc, from_left, from_right)


@pytest.mark.parametrize(("loc", "scale"), CASES)
def test_probabilities_are_those_of_scipy_and_add_up_to_one(loc, scale):
    log_prob = _made(loc, scale).log_prob(np.arange(256.0)).numpy()
    np.testing.assert_allclose(np.exp(log_prob).sum(), 1.0, rtol=1e-12)
    expected = _log_pmf(loc, scale)
    told = np.isfinite(expected)
    assert told.sum() > 200
    np.testing.assert_allclose(log_prob[told], expected[told], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("loc", "scale"), CASES)
def test_float32_keeps_its_digits(loc, scale):
    exact, single = (
        _made(loc, scale, dtype).log_prob(np.arange(256, dtype=dtype)).numpy()
        for dtype in ("float64", "float32")
    )
    np.testing.assert_allclose(single, exact, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize(("loc", "scale"), CASES)
def test_mean_and_draws_are_those_of_the_probabilities(loc, scale):
    levels = _made(loc, scale)
    probs = np.exp(levels.log_prob(np.arange(256.0)).numpy())
    mean = (probs * np.arange(256.0)).sum()
    np.testing.assert_allclose(levels.mean(), mean, rtol=1e-9, atol=1e-9)
    draws = levels.sample(20_000, seed=[1, 2]).numpy()
    assert set(np.unique(draws)) <= set(range(256))
    frequent = (probs > 1e-2) & (probs < 0.99)
    assert_mean(draws[:, None] == np.arange(256.0)[frequent], probs[frequent])


@pytest.mark.parametrize("loc", [-1e6, -300.0, 0.0, 128.3, 1e6])
@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e6])
def test_gradients_are_finite_in_both_tails_in_float32(loc, scale):
    parameters = [tf.constant(value, tf.float32) for value in (loc, scale)]
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        log_prob = distributions.DiscretizedLogistic.from_levels(*parameters, 256).log_prob(
            tf.constant([0.0, 1.0, 128.0, 254.0, 255.0])
        )
    assert np.isfinite(log_prob.numpy()).all()
    for gradient in tape.gradient(log_prob, parameters):
        assert np.isfinite(gradient.numpy())
