"""Autoregressive one-hot vectors, against the enumeration of all sequences."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tfp_vae import distributions
from tfp_vae.testing import assert_mean

VARIABLES, CATEGORIES = 3, 3
CODES = np.array(list(itertools.product(range(CATEGORIES), repeat=VARIABLES)))
VECTORS = np.eye(CATEGORIES)[CODES].reshape([len(CODES), -1])


def weights(seed=0):
    """Returns what every category of every variable adds to the logits of every later one."""
    generator = np.random.default_rng(seed)
    full = generator.normal(size=[VARIABLES, CATEGORIES, VARIABLES, CATEGORIES])
    later = np.tril(np.ones([VARIABLES, VARIABLES]), -1).T
    return full * later[:, None, :, None]


def autoregressive(dtype="float64", scale=1.0):
    kernel = tf.constant(scale * weights(), dtype)
    return distributions.OneHotAutoregressive(
        lambda c: tf.einsum("npk,pkql->nql", c, kernel), VARIABLES, CATEGORIES, dtype
    )


def test_densities_are_those_of_the_enumeration():
    d = autoregressive()
    expected = []
    for codes in CODES:
        log_prob = 0.0
        for at in range(VARIABLES):
            logits = sum(weights()[before, codes[before], at] for before in range(at))
            logits = logits + np.zeros(CATEGORIES)
            log_prob += logits[codes[at]] - np.log(np.exp(logits).sum())
        expected.append(log_prob)
    np.testing.assert_allclose(d.log_prob(VECTORS), expected, rtol=1e-10)
    np.testing.assert_allclose(np.exp(expected).sum(), 1.0)
    shaped = d.log_prob(VECTORS.reshape([3, 9, -1]))
    np.testing.assert_allclose(shaped, np.reshape(expected, [3, 9]), rtol=1e-10)


def test_draws_have_the_probabilities_of_the_sequences():
    """27 means, each off by chance once in 26 million."""
    d = autoregressive()
    z = d.sample([2, 2000], seed=1).numpy()
    assert np.array_equal(z.reshape([-1, 3, 3]).sum(axis=-1), np.ones([4000, 3]))
    is_each = (z.reshape([-1, 1, 9]) == VECTORS).all(axis=-1).astype(float)
    assert_mean(is_each, np.exp(d.log_prob(VECTORS)))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_draws_are_the_same_eagerly_and_compiled(jit_compile):
    d = autoregressive("float32")

    def draw(key):
        return d.sample([5], seed=key)

    key = tf.constant([5, 6])
    compiled = tf.function(draw, jit_compile=jit_compile, autograph=False)
    np.testing.assert_array_equal(compiled(key), draw(key))
    assert compiled(key).shape == draw(key).shape == (5, 9)
    loops = [
        op
        for op in compiled.get_concrete_function(key).graph.get_operations()
        if "While" in op.type
    ]
    assert len(loops) == 1


def test_extreme_logits_give_no_nan():
    d = autoregressive(scale=1e30)
    assert not np.isnan(d.log_prob(VECTORS)).any()
    assert not np.isnan(d.sample(20, seed=0)).any()
