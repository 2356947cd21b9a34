"""The likelihood of a variational RNN, against a loop over the steps."""

import numpy as np
import tensorflow as tf
from scipy import stats
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions
from tfp_vae.testing import assert_mean

Z = np.random.default_rng(0).normal(size=[3, 4, 2])


class Sums:
    """The state is a bounded sum of data and latents."""

    def first_state(self, rows):
        return [tf.zeros([rows, 2], tf.float64)]

    def next_state(self, state, x, z):
        return [tf.sin(state[0] + x) + z]


def of_step(hidden, z):
    loc, scale = tf.sin(hidden) + z, tf.exp(0.3 * tf.sin(hidden - z))
    return tfd.Independent(distributions.Normal(loc, scale), 1)


def series(z=Z, **options):
    return distributions.RecurrentSeries(tf.constant(z), Sums(), of_step, [2], **options)


def by_hand(x, z=Z):
    """Returns the log-density of every step, `[..., T]`, of data `[..., T, 2]`."""
    hidden, found = np.zeros(x[..., 0, :].shape), []
    for step in range(z.shape[-2]):
        latents = z[..., step, :]
        loc, scale = np.sin(hidden) + latents, np.exp(0.3 * np.sin(hidden - latents))
        found.append(stats.norm(loc, scale).logpdf(x[..., step, :]).sum(axis=-1))
        hidden = np.sin(hidden + x[..., step, :]) + latents
    return np.stack(found, axis=-1)


def test_the_density_is_the_product_over_the_steps():
    x = np.random.default_rng(1).normal(size=[5, 3, 4, 2])
    np.testing.assert_allclose(series().log_prob(x), by_hand(x).sum(axis=-1))
    single = series(Z[:, :1]).log_prob(x[..., :1, :])
    np.testing.assert_allclose(single, by_hand(x[..., :1, :], Z[:, :1]).sum(axis=-1))


def test_draws_standardised_by_their_own_steps_are_standard_normal():
    """24 means and 24 squares: fails by chance once in 100,000 runs."""
    x = series().sample(3000, seed=0)
    assert x.shape == (3000, 3, 4, 2)
    each = series().conditionals(x)
    standard = ((x - each.mean()) / each.stddev()).numpy()
    assert_mean(standard, 0.0)
    assert_mean(standard**2, 1.0)


def test_what_ends_early_has_the_density_of_its_steps():
    x = np.random.default_rng(1).normal(size=[3, 4, 2])
    observed = np.arange(4) < np.array([4, 2, 0])[:, None]
    expected = np.where(observed, by_hand(x), 0.0).sum(axis=-1)
    found = series().of_observed(tf.constant(observed))
    np.testing.assert_allclose(found.log_prob(x), expected)
    garbage = np.where(observed[..., None], x, 1e6)
    np.testing.assert_array_equal(found.log_prob(garbage), found.log_prob(x))


def test_series_given_their_first_steps_go_on_from_these():
    x = np.random.default_rng(1).normal(size=[3, 4, 2])
    observed = np.arange(4) < np.array([4, 2, 0])[:, None]
    d = series().given_observed(tf.constant(x), tf.constant(observed))
    drawn = d.sample(5, seed=0).numpy()
    np.testing.assert_array_equal(drawn[:, observed], np.tile(x[observed], [5, 1, 1]))
    assert (drawn[:, ~observed] != drawn[:1, ~observed])[1:].all()
    expected = np.where(observed, 0.0, by_hand(drawn)).sum(axis=-1)
    np.testing.assert_allclose(d.log_prob(drawn), expected)


def test_the_prediction_of_each_step_is_fed_back():
    x = series().most_probable()
    np.testing.assert_allclose(series().conditionals(x).mean(), x)
