import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tensorflow_probability import distributions as tfd

from tests.support import kl_checks
from tfp_vae import divergences
from tfp_vae.testing import assert_close, diagonal_normal, normal_kl_divergence, without_exact_kl

shapes = st.tuples(st.integers(1, 4), st.integers(1, 4))


@given(st.data(), shapes)
def test_kl_is_non_negative_zero_at_equality_and_additive(data, shape):
    mean = data.draw(arrays(np.float64, shape, elements=st.floats(-20, 20)))
    stddev = data.draw(arrays(np.float64, shape, elements=st.floats(1e-3, 20)))
    kl_checks.check_kl_divergence(mean, stddev)


@settings(max_examples=10)
@given(
    arrays(np.float64, 2, elements=st.floats(-3, 3)),
    arrays(np.float64, 2, elements=st.floats(0.2, 2)),
)
def test_exact_kl_agrees_with_sampled_kl(mean, stddev):
    kl_checks.check_exact_kl_agrees_with_sampled(mean, stddev)


@settings(max_examples=5)
@given(
    arrays(np.float64, (1, 2), elements=st.floats(-3, 3)),
    arrays(np.float64, (1, 2), elements=st.floats(0.2, 2)),
)
def test_posterior_draws_are_normal(mean, stddev):
    kl_checks.check_posterior_draws_are_normal(mean, stddev)


def test_kl_against_an_independent_prior_is_exact():
    mean, stddev = np.array([[0.5, -1.0]]), np.array([[0.5, 2.0]])
    prior = tfd.Independent(
        tfd.Normal(tf.constant([0.3, 0.0], tf.float64), tf.constant([2.0, 0.5], tf.float64)), 1
    )
    expected = normal_kl_divergence(mean, stddev, [0.3, 0.0], [2.0, 0.5])
    q = diagonal_normal(mean, stddev)
    assert_close(divergences.exact_kl_divergence(q, prior), expected.sum(axis=-1))
    assert_close(divergences.kl_divergence_per_dimension(q, prior), expected)


def test_kl_per_dimension_of_an_independent_that_merges_nothing():
    q = tfd.Independent(diagonal_normal(np.ones([3, 2]), np.ones([3, 2])), 0)
    p = diagonal_normal(np.zeros(2), np.ones(2))
    assert_close(divergences.kl_divergence_per_dimension(q, p), np.full([3, 2], 0.5))


@pytest.mark.parametrize("function", ["exact_kl_divergence", "kl_divergence_per_dimension"])
def test_there_is_no_exact_kl_against_a_mixture(function):
    q = diagonal_normal(np.zeros([3, 2]), np.ones([3, 2]))
    p = without_exact_kl(diagonal_normal(np.zeros(2), np.ones(2)))
    assert getattr(divergences, function)(q, p) is None
