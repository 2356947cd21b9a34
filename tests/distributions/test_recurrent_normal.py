"""The posterior of a variational RNN, against a loop over the steps."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tfp_vae import distributions, divergences
from tfp_vae.testing import assert_mean

MATRIX = np.array([[0.5, -0.4], [0.3, 0.8]])


class Sums:
    """The state is a bounded sum of data and latents."""

    def first_state(self, rows):
        return [tf.zeros([rows, 2], tf.float64)]

    def next_state(self, state, x, z):
        return [tf.sin(state[0]) + x + tf.linalg.matvec(tf.constant(MATRIX), z)]


def of_step(hidden, x):
    scale = tf.exp(0.3 * tf.sin(hidden - x))
    return distributions.MultivariateNormalDiag(tf.sin(hidden) + x, scale)


def recurrent_normal(steps=4, observed=None, rows=3):
    x = np.random.default_rng(1).normal(size=[rows, steps, 2])
    return distributions.RecurrentNormal(tf.constant(x), Sums(), of_step, 2, observed)


def by_hand(x, z):
    """Returns the log-density of every step, `[S, B, T]`, of data and latents `[S, B, T, 2]`."""
    hidden, found = np.zeros_like(z[:, :, 0]), []
    for step in range(x.shape[1]):
        loc, scale = np.sin(hidden) + x[:, step], np.exp(0.3 * np.sin(hidden - x[:, step]))
        found.append(stats.norm(loc, scale).logpdf(z[:, :, step]).sum(axis=-1))
        hidden = np.sin(hidden) + x[:, step] + z[:, :, step] @ MATRIX.T
    return np.stack(found, axis=-1)


@pytest.mark.parametrize("steps", [1, 4])
def test_the_density_is_the_product_over_the_steps(steps):
    d = recurrent_normal(steps)
    z = np.random.default_rng(0).normal(size=[5, 3, steps, 2])
    found = d.log_prob(z.reshape([5, 3, -1]))
    np.testing.assert_allclose(found, by_hand(d.x.numpy(), z).sum(axis=-1))
    one = d.log_prob(z[0, :1].reshape([1, -1]))
    every = by_hand(d.x.numpy(), np.tile(z[:1, :1], [1, 3, 1, 1])).sum(axis=-1)[0]
    np.testing.assert_allclose(one, every)


def test_draws_standardised_by_their_own_steps_are_standard_normal():
    """24 means and 24 squares: fails by chance once in 100,000 runs."""
    d = recurrent_normal()
    z = d.sample(3000, seed=0)
    q = d.conditionals(z)
    standard = (tf.reshape(z, [3000, 3, 4, 2]) - q.loc) / q.scale.diag_part()
    assert_mean(standard.numpy(), 0.0)
    assert_mean(standard.numpy() ** 2, 1.0)


def test_steps_that_are_not_observed_are_standard_normal():
    observed = np.arange(4) < np.array([4, 2, 0])[:, None]
    d, every = recurrent_normal(observed=tf.constant(observed)), recurrent_normal()
    z = np.random.default_rng(0).normal(size=[5, 3, 4, 2])
    standard = stats.norm.logpdf(z).sum(axis=-1)
    expected = np.where(observed, by_hand(every.x.numpy(), z), standard).sum(axis=-1)
    np.testing.assert_allclose(d.log_prob(z.reshape([5, 3, 8])), expected)
    # The steps before are drawn as they are.
    one, other = (each.sample(2, seed=3).numpy().reshape([2, 3, 4, 2]) for each in (d, every))
    np.testing.assert_array_equal(one[:, observed], other[:, observed])


def test_the_point_is_the_mean_of_each_step_given_the_ones_before():
    d = recurrent_normal()
    z = d.point()
    means = d.conditionals(z).mean()
    np.testing.assert_allclose(tf.reshape(z, [3, 4, 2]), means)


def test_the_kl_is_exact_for_each_step():
    """Twelve means: fails by chance once in 800,000 runs."""
    d = recurrent_normal()
    prior = distributions.MultivariateNormalDiag(np.linspace(-1, 1, 8), np.linspace(0.5, 2, 8))
    z = d.sample(3000, seed=0)
    assert divergences.is_summed_over_layers(d, prior)
    of_steps = divergences.kl_divergence_per_layer(d, prior, z)
    assert of_steps.shape == (4, 3)
    q, latents = d.conditionals(z), tf.reshape(z, [3000, 3, 4, 2])
    p = stats.norm(np.linspace(-1, 1, 8).reshape([4, 2]), np.linspace(0.5, 2, 8).reshape([4, 2]))
    sampled = q.log_prob(latents).numpy() - p.logpdf(latents).sum(axis=-1)
    scales, locs = q.scale.diag_part().numpy(), q.loc.numpy()
    mean, scale = (np.reshape(each, [4, 2]) for each in (p.mean(), p.std()))
    ratio = scales / scale
    exact = 0.5 * (ratio**2 + ((locs - mean) / scale) ** 2 - 1.0) - np.log(ratio)
    assert_mean(sampled - exact.sum(axis=-1), 0.0)
    np.testing.assert_allclose(of_steps, exact.sum(axis=-1).mean(axis=0).T, rtol=1e-9)


@pytest.mark.nightly
def test_draws_are_the_same_under_xla_and_have_a_gradient():
    key = tf.constant([5, 6])

    def draw(shift):
        d = recurrent_normal()
        moved = distributions.RecurrentNormal(d.x + shift, Sums(), of_step, 2)
        z = moved.sample(2, seed=key)
        log_prob = moved.log_prob(z)
        return z, log_prob, tf.gradients(tf.reduce_sum(log_prob), shift)[0]

    shift = tf.constant(0.1, tf.float64)
    compiled = tf.function(draw, jit_compile=True, autograph=False)(shift)
    plain = tf.function(draw, autograph=False)(shift)
    for one, other in zip(compiled, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    assert compiled[2] != 0.0
