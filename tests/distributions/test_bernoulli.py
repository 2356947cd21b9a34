import numpy as np
import pytest
import scipy.special
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions, likelihoods

logits = st.floats(-30.0, 30.0)


@given(logits, st.integers(0, 1))
def test_log_prob_is_scipys(logit, value):
    expected = scipy.special.log_expit(logit if value else -logit)
    drawn = distributions.Bernoulli(
        logits=tf.constant(logit, tf.float64), dtype=tf.float64
    ).log_prob(value)
    assert drawn.numpy() == pytest.approx(expected, rel=1e-12, abs=1e-15)


@given(logits, st.floats(0.0, 1.0))
def test_a_fraction_is_the_weighted_mean_of_both_values(logit, fraction):
    distribution = distributions.Bernoulli(logits=tf.constant(logit, tf.float64), dtype=tf.float64)
    zero, one = (distribution.log_prob(value).numpy() for value in (0, 1))
    expected = fraction * one + (1 - fraction) * zero
    assert distribution.log_prob(fraction).numpy() == pytest.approx(expected, abs=1e-12)


@given(logits, st.sampled_from([0.0, 0.3, 1.0]))
def test_gradient_is_the_value_less_its_probability(logit, value):
    variable = tf.constant(logit, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        score = distributions.Bernoulli(logits=variable, dtype=tf.float64).log_prob(value)
    expected = value - scipy.special.expit(logit)
    assert tape.gradient(score, variable).numpy() == pytest.approx(expected, abs=1e-12)


@given(logits | st.just(0.0), st.sampled_from([0.0, 0.3, 1.0]))
def test_curvature_is_the_variance(logit, value):
    variable = tf.constant(logit, tf.float64)
    with tf.GradientTape() as outer:
        outer.watch(variable)
        with tf.GradientTape() as tape:
            tape.watch(variable)
            score = distributions.Bernoulli(logits=variable, dtype=tf.float64).log_prob(value)
        slope = tape.gradient(score, variable)
    variance = scipy.special.expit(logit) * scipy.special.expit(-logit)
    assert outer.gradient(slope, variable).numpy() == pytest.approx(-variance, abs=1e-12)


@given(logits, st.floats(0.0, 1.0))
def test_gradient_by_a_fraction_is_the_logit(logit, fraction):
    value = tf.constant(fraction, tf.float64)
    distribution = distributions.Bernoulli(logits=tf.constant(logit, tf.float64), dtype=tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(value)
        score = distribution.log_prob(value)
    assert tape.gradient(score, value).numpy() == pytest.approx(logit, abs=1e-12)


def test_single_precision_is_exact_to_a_rounding_error_of_one():
    logit = np.linspace(-30.0, 30.0, 6001).astype(np.float32)
    distribution = distributions.Bernoulli(logits=logit, dtype=tf.float32)
    for value in (0.0, 1.0):
        exact = scipy.special.log_expit((2.0 * value - 1.0) * logit.astype(np.float64))
        # Beyond 6e-8, the spacing of float32 at the number itself.
        np.testing.assert_allclose(distribution.log_prob(value), exact, rtol=2.4e-7, atol=1.2e-7)


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("logit", [-1e30, -200.0, 200.0, 1e30])
def test_extreme_logits_are_finite(logit, value):
    variable = tf.constant(logit, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        score = distributions.Bernoulli(logits=variable, dtype=tf.float32).log_prob(value)
    assert np.isfinite(score)
    assert np.isfinite(tape.gradient(score, variable))


def test_probabilities_are_scored_as_tfp_scores_them():
    certain = distributions.Bernoulli(probs=[0.0, 0.25, 1.0])
    np.testing.assert_allclose(certain.log_prob([0, 1, 1]), [0.0, np.log(0.25), 0.0], rtol=1e-6)


def test_values_and_logits_broadcast():
    rows = tf.constant(np.random.default_rng(0).normal(size=[5, 3, 4]))
    ours = distributions.Bernoulli(logits=rows, dtype=tf.float64)
    tfps = tfd.Bernoulli(logits=rows, dtype=tf.float64)
    for shape in ([3, 4], [7, 1, 3, 4], [1, 4], []):
        value = np.ones(shape)
        np.testing.assert_allclose(ours.log_prob(value), tfps.log_prob(value), rtol=1e-9)


def test_the_likelihood_is_made_of_it():
    likelihood = likelihoods.Bernoulli([4])(np.zeros([3, 8]))
    assert isinstance(likelihood, tfd.Independent)
    assert isinstance(likelihood.distribution, tfd.Bernoulli)
    assert isinstance(likelihood.distribution, distributions.Bernoulli)
