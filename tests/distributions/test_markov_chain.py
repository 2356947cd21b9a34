"""The Markov chain of one-hot vectors, against the enumeration of all sequences."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from tfp_vae import distributions
from tfp_vae.testing import assert_mean


def chain(seed=0, length=3, categories=3, dtype="float64", spread=2.0):
    generator = np.random.default_rng(seed)
    initial = 0.5 * spread * generator.normal(size=[categories]).astype(dtype)
    shape = [length - 1, categories, categories]
    transition = spread * generator.normal(size=shape).astype(dtype)
    return distributions.OneHotMarkovChain(initial, transition)


def sequences(length, categories):
    """Returns all sequences, `[K ** P, P]`, and their vectors, `[K ** P, P * K]`."""
    codes = np.array(list(itertools.product(range(categories), repeat=length)))
    return codes, np.eye(categories)[codes].reshape([len(codes), -1])


def probabilities(d, codes):
    initial, transition = (
        np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        for logits in (d.initial_logits.numpy(), d.transition_logits.numpy())
    )
    found = initial[codes[:, 0]]
    for step, (before, after) in zip(transition, itertools.pairwise(codes.T), strict=True):
        found = found * step[before, after]
    return found


@given(seed=st.integers(0, 2**31), length=st.integers(1, 4), categories=st.integers(2, 4))
def test_densities_and_the_mean_are_those_of_the_enumeration(seed, length, categories):
    d = chain(seed, length, categories)
    codes, vectors = sequences(length, categories)
    expected = probabilities(d, codes)
    np.testing.assert_allclose(np.exp(d.log_prob(vectors)), expected, rtol=1e-10)
    np.testing.assert_allclose(np.exp(d.log_prob(vectors)).sum(), 1.0)
    np.testing.assert_allclose(d.mean(), expected @ vectors, rtol=1e-10)


def test_draws_have_the_probabilities_of_the_sequences():
    """27 means, each off by chance once in 26 million."""
    d = chain(spread=0.5)
    _, vectors = sequences(3, 3)
    z = d.sample([2, 2000], seed=1).numpy()
    assert np.array_equal(z.reshape([-1, 3, 3]).sum(axis=-1), np.ones([4000, 3]))
    is_each = (z.reshape([-1, 1, 9]) == vectors).all(axis=-1).astype(float)
    assert_mean(is_each, np.exp(d.log_prob(vectors)))


@pytest.mark.parametrize("length", [1, 4])
def test_draws_are_the_same_eagerly_and_under_xla(length):
    d = chain(2, length, dtype="float32")

    def draw(key):
        return d.sample([5], seed=key)

    key = tf.constant([5, 6])
    compiled = tf.function(draw, jit_compile=True, autograph=False)(key)
    np.testing.assert_array_equal(compiled, draw(key))
    assert compiled.shape == draw(key).shape == (5, 3 * length)


def test_extreme_logits_give_no_nan():
    sure = 1e30 * tf.eye(3)
    d = distributions.OneHotMarkovChain(sure[0], tf.stack([sure, sure]))
    _, vectors = sequences(3, 3)
    assert not np.isnan(d.log_prob(vectors)).any()
    np.testing.assert_array_equal(d.sample(2, seed=0), np.eye(3)[[[0, 0, 0]] * 2].reshape([2, 9]))
