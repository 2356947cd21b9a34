"""Binomial and multinomial draws follow their laws, and are the same under XLA."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tfp_vae.distributions import multinomial_draws
from tfp_vae.testing import assert_mean

SEED = tf.constant([3, 4])
COUNT = 10_000


@pytest.mark.parametrize(
    ("total", "probability"),
    [
        (1, 0.3),
        (7, 0.9),
        (30, 0.5),
        (100, 0.099),
        (101, 0.9),
        (1e9, 2e-9),
        (1e9, 0.25),
        (40, 0.25),
    ],
)
def test_binomial_counts_follow_the_law(total, probability):
    """The frequencies of the counts that cut the law into eight parts, and the mean."""
    totals = tf.fill([COUNT], tf.constant(total, tf.float64))
    probabilities = tf.fill([COUNT], tf.constant(probability, tf.float64))
    draws = multinomial_draws.binomial(totals, probabilities, SEED).numpy()
    law = stats.binom(int(total), probability)
    cuts = np.unique(law.ppf(np.arange(1, 8) / 8))
    assert_mean(draws[:, None] <= cuts, law.cdf(cuts))
    assert_mean(draws, law.mean())


def test_the_ends_are_sure():
    totals = tf.constant([0.0, 5.0, 5.0, 1e6], tf.float64)
    probabilities = tf.constant([0.5, 0.0, 1.0, 1.0], tf.float64)
    draws = multinomial_draws.binomial(totals, probabilities, SEED)
    np.testing.assert_array_equal(draws, [0.0, 0.0, 5.0, 1e6])


@pytest.mark.parametrize("categories", [1, 2, 5, 8])
def test_pairs_of_multinomial_counts_follow_the_law(categories):
    """Every count is binomial, and so is the sum of neighbours."""
    probs = np.random.default_rng(0).dirichlet(np.ones(categories))
    total = tf.fill([4000], tf.constant(37.0, tf.float64))
    draws = multinomial_draws.multinomial(total, tf.constant(np.tile(probs, [4000, 1])), SEED)
    draws = draws.numpy()
    assert (draws.sum(axis=-1) == 37.0).all()
    if categories == 1:
        return
    assert_mean(draws, 37.0 * probs)
    first, both = stats.binom(37, probs[0]), stats.binom(37, min(probs[0] + probs[1], 1.0))
    for counts, law in ((draws[:, 0], first), (draws[:, 0] + draws[:, 1], both)):
        if categories > 2 or law is first:
            cuts = law.ppf([0.2, 0.5, 0.8])
            assert_mean(counts[:, None] <= cuts, law.cdf(cuts))


def test_a_category_of_probability_0_is_never_drawn():
    probs = tf.constant(np.tile([0.0, 0.5, 0.0, 0.5, 0.0], [200, 1]))
    draws = multinomial_draws.multinomial(tf.fill([200], tf.constant(9.0, tf.float64)), probs, SEED)
    np.testing.assert_array_equal(draws.numpy()[:, [0, 2, 4]], 0.0)


@pytest.mark.nightly
def test_eager_draws_equal_compiled_ones():
    total = tf.constant(np.array([3.0, 50.0, 1e5]))
    probs = tf.constant(np.random.default_rng(0).dirichlet(np.ones(6), size=3))
    eager = multinomial_draws.multinomial(total, probs, SEED)
    for compiled in (False, True):
        graph = tf.function(multinomial_draws.multinomial, jit_compile=compiled)
        np.testing.assert_array_equal(graph(total, probs, SEED), eager)
