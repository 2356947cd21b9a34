"""Independent Gaussian processes over steps, against the dense normal."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tfp_vae import distributions
from tfp_vae.testing import assert_mean


@pytest.fixture
def factors():
    rng = np.random.default_rng(0)
    return np.tril(rng.normal(size=[2, 3, 3]), -1) + rng.uniform(0.5, 2.0, size=[2, 3, 1]) * np.eye(
        3
    )


@pytest.fixture
def covariance(factors):
    dense = np.zeros([3, 2, 3, 2])
    for latent in range(2):
        dense[:, latent, :, latent] = factors[latent] @ factors[latent].T
    return dense.reshape([6, 6])


def test_density_and_moments_are_those_of_the_dense_normal(factors, covariance):
    loc = np.arange(6.0)
    d = distributions.GaussianProcesses(loc, factors)
    z = np.random.default_rng(1).normal(size=[5, 6])
    np.testing.assert_allclose(d.log_prob(z), stats.multivariate_normal(loc, covariance).logpdf(z))
    np.testing.assert_allclose(d.mean(), loc)
    np.testing.assert_allclose(d.variance(), np.diag(covariance))
    np.testing.assert_allclose(d.stddev(), np.sqrt(np.diag(covariance)))
    np.testing.assert_allclose(d.covariance(), covariance, atol=1e-12)


def test_draws_have_the_moments_and_are_the_same_under_xla(factors, covariance):
    """Six means and 36 products: fails by chance once in 500,000 runs."""
    d = distributions.GaussianProcesses(np.zeros([2, 6]), factors)

    def draw(key):
        return d.sample(2000, seed=key)

    key = tf.constant([3, 4])
    z = draw(key).numpy()
    compiled = tf.function(draw, jit_compile=True, autograph=False)(key)
    np.testing.assert_allclose(compiled, z, rtol=1e-9, atol=1e-12)
    z = z.reshape([-1, 6])
    assert_mean(z, 0.0)
    assert_mean(z[:, :, None] * z[:, None], covariance)
