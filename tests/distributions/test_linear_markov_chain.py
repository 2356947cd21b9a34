"""The chain of normal states, against the dense normal that NumPy makes of it."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.support.linear_state_space import chain_moments
from tfp_vae import distributions, divergences
from tfp_vae.testing import assert_mean


def chain(seed=0, batch=(), steps=4, size=2, dtype="float64"):
    rng = np.random.default_rng(seed)
    below = np.tril(rng.normal(size=[*batch, steps, size, size]), -1)
    diagonal = rng.uniform(0.3, 2.0, size=[*batch, steps, size])
    return distributions.LinearMarkovChain(
        offset=rng.normal(size=[*batch, steps, size]).astype(dtype),
        transition=rng.normal(size=[*batch, steps, size, size]).astype(dtype),
        scale_tril=(below + diagonal[..., None] * np.eye(size)).astype(dtype),
    )


@given(seed=st.integers(0, 2**31), steps=st.integers(1, 9), size=st.integers(1, 3))
def test_density_and_moments_are_those_of_the_dense_normal(seed, steps, size):
    d = chain(seed, (), steps, size)
    mean, covariance = chain_moments(d)
    normal = stats.multivariate_normal(mean, covariance, allow_singular=True)
    z = np.random.default_rng(seed).normal(size=[3, steps * size])
    np.testing.assert_allclose(d.log_prob(z), normal.logpdf(z), rtol=1e-6)
    np.testing.assert_allclose(d.mean(), mean, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(d.variance(), np.diag(covariance), rtol=1e-9)
    np.testing.assert_allclose(d.covariance(), covariance, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(d.entropy(), normal.entropy(), rtol=1e-6)


def test_draws_have_the_moments():
    """Eight means, and 64 products: fails by chance once in 300,000 runs."""
    d = chain()
    mean, covariance = chain_moments(d)
    centred = d.sample(4000, seed=1).numpy() - mean
    assert_mean(centred, 0.0)
    assert_mean(centred[:, :, None] * centred[:, None], covariance)


@pytest.mark.parametrize("steps", [1, 5])
def test_draws_and_kl_are_the_same_eagerly_and_under_xla(steps):
    q, p = chain(2, (3,), steps), chain(3, (), steps)

    def both(key):
        return q.sample(4, seed=key), tf.stack(divergences.exact_kl_divergence(q, p))

    key = tf.constant([5, 6])
    compiled = tf.function(both, jit_compile=True, autograph=False)(key)
    assert compiled[0].shape == (4, 3, 2 * steps)
    for one, other in zip(compiled, both(key), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("p_batch", [(), (3,)])
@pytest.mark.parametrize("kind", ["chain", "diagonal", "processes"])
def test_kl_is_that_of_dense_normals(kind, p_batch):
    q = chain(0, (3,))
    rng = np.random.default_rng(4)
    if kind == "chain":
        p = chain(5, p_batch)
    elif kind == "diagonal":
        p = distributions.MultivariateNormalDiag(
            rng.normal(size=[*p_batch, 8]), rng.uniform(0.5, 2.0, size=[*p_batch, 8])
        )
    else:
        factors = np.tril(rng.normal(size=[2, 4, 4]), -1) + np.eye(4)
        p = distributions.GaussianProcesses(rng.normal(size=[*p_batch, 8]), factors)
    for one, other in ((q, p), (p, q)) if p_batch else ((q, p),):
        found = divergences.exact_kl_divergence(one, other)
        for row in range(3):
            ends = [_row_moments(d, row) for d in (one, other)]
            expected = _kl_divergence(*ends[0], *ends[1])
            np.testing.assert_allclose(found[row], expected, rtol=1e-8)


def _kl_divergence(q_mean, q_covariance, p_mean, p_covariance):
    inverse, shift = np.linalg.inv(p_covariance), p_mean - q_mean
    determinants = np.linalg.slogdet(p_covariance)[1] - np.linalg.slogdet(q_covariance)[1]
    distance = np.trace(inverse @ q_covariance) + shift @ inverse @ shift
    return 0.5 * (distance - len(shift) + determinants)


def _row_moments(d, row):
    """Returns mean and covariance of one row of a batch, or of what has none."""
    if isinstance(d, distributions.LinearMarkovChain):
        parts = (d.offset, d.transition, d.scale_tril)
        own = [part[row] if d.batch_shape.rank else part for part in parts]
        return chain_moments(distributions.LinearMarkovChain(*own))
    mean, covariance = d.mean().numpy(), np.asarray(d.covariance())
    mean = mean[row] if mean.ndim > 1 else mean
    return mean, covariance[row] if covariance.ndim > 2 else covariance


def test_kl_of_equal_chains_is_zero():
    d = chain(0, (3,))
    np.testing.assert_allclose(divergences.exact_kl_divergence(d, d), 0.0, atol=1e-12)


def test_a_long_chain_that_forgets_nothing_stays_finite_in_float32():
    ones = tf.ones([1000, 1, 1])
    walk = distributions.LinearMarkovChain(ones[..., 0], ones, ones)
    np.testing.assert_allclose(walk.mean(), np.arange(1, 1001))
    np.testing.assert_allclose(walk.variance(), np.arange(1, 1001))
    assert np.isfinite(walk.log_prob(walk.sample(2, seed=0))).all()


@pytest.mark.parametrize(("steps", "others"), [(4, 1), (1, 4), (2, 4)])
def test_kl_of_chains_of_other_steps_is_that_of_dense_normals(steps, others):
    q, p = chain(8, (3,), steps, 4 // steps), chain(9, (), others, 4 // others)
    expected = [_kl_divergence(*_row_moments(q, row), *chain_moments(p)) for row in range(3)]
    np.testing.assert_allclose(divergences.exact_kl_divergence(q, p), expected, rtol=1e-8)
