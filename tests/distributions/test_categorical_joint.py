"""Categorical latents and continuous ones given them: densities, draws, shapes."""

import numpy as np
import tensorflow as tf
from scipy import stats

from tests.support.linear_gaussian_mixture import LinearGaussianMixture
from tfp_vae import distributions
from tfp_vae.testing import assert_mean

MODEL = LinearGaussianMixture()


def test_the_density_is_the_product():
    joint = MODEL.prior()
    rng = np.random.default_rng(2)
    codes, z = rng.integers(0, 3, 6), rng.normal(size=[6, 2])
    found = joint.log_prob(np.concatenate([np.eye(3)[codes], z], axis=1))
    normal = stats.norm.logpdf(z, MODEL.means[codes], MODEL.scales[codes]).sum(axis=1)
    np.testing.assert_allclose(found, np.log(MODEL.probs[codes]) + normal, rtol=1e-12)


def test_draws_follow_the_mixture():
    """Eleven means: fails by chance once in 3 million runs."""
    draws = MODEL.prior().sample(20_000, seed=1).numpy()
    assert_mean(draws[:, :3], MODEL.probs)
    assert_mean(draws[:, 3:], MODEL.probs @ MODEL.means)
    second = MODEL.probs[:, None] * (MODEL.scales**2 + MODEL.means**2)
    assert_mean(draws[:, 3:] ** 2, second.sum(axis=0))
    of_first = draws[draws[:, 0] == 1.0]
    assert_mean(of_first[:, 3:], MODEL.means[0])


def test_moments_are_those_of_the_mixture():
    """Twenty-five means of draws: fails by chance once in a million runs."""
    joint = MODEL.prior()
    means = MODEL.probs @ MODEL.means
    np.testing.assert_allclose(joint.mean(), [*MODEL.probs, *means], rtol=1e-12)
    square = MODEL.probs @ (MODEL.scales**2 + MODEL.means**2)
    variance = [*(MODEL.probs * (1.0 - MODEL.probs)), *(square - means**2)]
    np.testing.assert_allclose(joint.variance(), variance, rtol=1e-9)
    posterior = MODEL.posterior(MODEL.draws(5))
    draws = posterior.sample(20_000, seed=3).numpy()
    assert_mean(draws, posterior.mean().numpy())
    assert posterior.stddev().shape == (5, 5)


def test_continuous_latents_that_ignore_the_categories_are_drawn_for_each():
    joint = distributions.CategoricalJoint(
        distributions.OneHotCategorical(tf.zeros([1, 3])),
        lambda c: distributions.MultivariateNormalDiag(tf.zeros([2]), tf.ones([2])),
        latent_size=2,
    )
    draws = joint.sample([4, 5], seed=0)
    assert draws.shape == (4, 5, 5)
    assert len(np.unique(draws[..., 3])) == 20
    assert joint.log_prob(draws).shape == (4, 5)


def test_draws_are_the_same_eagerly_and_under_xla():
    posterior = MODEL.posterior(MODEL.draws(5))

    def draw():
        return posterior.sample(3, seed=[1, 2])

    np.testing.assert_allclose(draw(), tf.function(draw, jit_compile=True)(), rtol=1e-9)
