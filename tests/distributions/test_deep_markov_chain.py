"""The chain with one transition for all steps, against a loop over the steps."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tests.support.linear_state_space import chain_moments
from tfp_vae import distributions
from tfp_vae.testing import assert_mean

MATRIX = np.array([[0.5, -0.4], [0.3, 0.8]])


def sine_chain(steps=4, batch=(), dtype="float64"):
    first = distributions.MultivariateNormalDiag(
        np.full([*batch, 2], 0.5, dtype), np.full([*batch, 2], 1.5, dtype)
    )
    return distributions.DeepMarkovChain(
        first,
        lambda z: distributions.MultivariateNormalDiag(tf.sin(z), 0.5 + tf.square(z)),
        steps,
    )


@pytest.mark.parametrize("steps", [1, 4])
def test_the_density_is_the_product_over_the_steps(steps):
    z = np.random.default_rng(0).normal(size=[2, 3, steps, 2])
    expected = stats.norm(0.5, 1.5).logpdf(z[:, :, 0]).sum(axis=-1)
    for before, after in zip(z.swapaxes(0, 2)[:-1], z.swapaxes(0, 2)[1:], strict=True):
        each = stats.norm(np.sin(before), 0.5 + before**2).logpdf(after)
        expected = expected + each.sum(axis=-1).T
    found = sine_chain(steps).log_prob(z.reshape([2, 3, 2 * steps]))
    np.testing.assert_allclose(found, expected)


def test_draws_of_a_linear_transition_have_its_moments():
    """Six means and 36 products: fails by chance once in 500,000 runs."""
    first = distributions.MultivariateNormalDiag(np.array([1.0, -1.0]), np.array([0.5, 2.0]))
    d = distributions.DeepMarkovChain(
        first,
        lambda z: distributions.MultivariateNormalDiag(
            tf.linalg.matvec(tf.constant(MATRIX), z), tf.constant([0.3, 0.6], tf.float64)
        ),
        3,
    )
    scales = np.array([[0.5, 2.0], [0.3, 0.6], [0.3, 0.6]])
    linear = distributions.LinearMarkovChain(
        offset=np.array([[1.0, -1.0], [0.0, 0.0], [0.0, 0.0]]),
        transition=np.stack([MATRIX] * 3),
        scale_tril=scales[..., None] * np.eye(2),
    )
    mean, covariance = chain_moments(linear)
    centred = d.sample([2, 2000], seed=0).numpy().reshape([-1, 6]) - mean
    assert_mean(centred, 0.0)
    assert_mean(centred[:, :, None] * centred[:, None], covariance)


@pytest.mark.parametrize("steps", [1, 4])
def test_draws_are_the_same_under_xla_and_have_a_gradient(steps):
    key = tf.constant([5, 6])

    def draw(shift):
        base = sine_chain(steps, (3,))
        first = distributions.MultivariateNormalDiag(base.first.loc + shift, base.first.stddev())
        d = distributions.DeepMarkovChain(first, base.transition, steps)
        z = d.sample(2, seed=key)
        return z, tf.gradients(tf.reduce_sum(z), shift)[0]

    shift = tf.constant(0.1, tf.float64)
    compiled = tf.function(draw, jit_compile=True, autograph=False)(shift)
    plain = tf.function(draw, autograph=False)(shift)
    for one, other in zip(compiled, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    assert compiled[0].shape == (2, 3, 2 * steps)
    assert compiled[1] != 0.0
