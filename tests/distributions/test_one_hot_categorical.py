"""Categorical variables as concatenated one-hot vectors: against TensorFlow Probability's."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import special
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions
from tfp_vae.testing import assert_mean

LOGITS = np.random.default_rng(0).normal(size=[4, 2, 3])
PRIOR = np.random.default_rng(1).normal(size=[2, 3])
SEED = [3, 4]


def _made(logits=LOGITS):
    return distributions.OneHotCategorical(tf.constant(logits))


def test_probabilities_add_up_to_1_over_the_support():
    made = _made()
    support = made.support()
    assert support.shape == (9, 6)
    assert len({tuple(each) for each in support.numpy()}) == 9
    log_prob = made.log_prob(support[:, None])
    np.testing.assert_allclose(tf.reduce_sum(tf.exp(log_prob), axis=0), 1.0, rtol=1e-12)
    of_tfp = tfd.Independent(tfd.OneHotCategorical(logits=tf.constant(LOGITS), dtype=tf.float64), 1)
    np.testing.assert_allclose(
        log_prob, of_tfp.log_prob(tf.reshape(support, [9, 1, 2, 3])), rtol=1e-12
    )


def test_moments_are_those_of_the_sum_over_the_support():
    made = _made()
    support = made.support()
    probs = tf.exp(made.log_prob(support[:, None]))
    np.testing.assert_allclose(made.mean(), tf.einsum("kb,kc->bc", probs, support), rtol=1e-12)
    square = tf.einsum("kb,kc->bc", probs, support**2)
    np.testing.assert_allclose(made.variance(), square - made.mean() ** 2, rtol=1e-9)
    entropy = -tf.reduce_sum(probs * tf.math.log(probs), axis=0)
    np.testing.assert_allclose(made.entropy(), entropy, rtol=1e-12)
    likeliest = tf.gather(support, tf.argmax(probs, axis=0))
    np.testing.assert_array_equal(made.mode(), likeliest)


def test_the_kl_is_the_sum_over_the_support():
    q, p = _made(), _made(PRIOR)
    c = distributions.support_beside_rows(q)
    assert c.shape == (9, 4, 6)
    log_q = q.log_prob(c)
    exact = tf.reduce_sum(tf.exp(log_q) * (log_q - p.log_prob(c)), axis=0)
    np.testing.assert_allclose(tfd.kl_divergence(q, p), exact, rtol=1e-12)


def test_draws_have_the_probabilities():
    """Twenty-four means: fails by chance once in a million runs."""
    draws = _made().sample(4000, seed=SEED).numpy().reshape(4000, 4, 2, 3)
    np.testing.assert_array_equal(draws.sum(axis=-1), 1.0)
    assert_mean(draws, special.softmax(LOGITS, axis=-1))


def test_draws_are_the_same_eagerly_in_a_graph_and_under_xla():
    logits = tf.constant(LOGITS, tf.float32)

    def draw():
        return distributions.OneHotCategorical(logits).sample([5, 2], seed=SEED)

    assert draw().shape == (5, 2, 4, 6)
    for compiled in (tf.function(draw), tf.function(draw, jit_compile=True)):
        np.testing.assert_array_equal(draw(), compiled())


@pytest.mark.parametrize("scale", [0.0, 1e4])
def test_sure_and_equal_probabilities_are_finite(scale):
    logits = tf.constant(LOGITS * scale)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        q = distributions.OneHotCategorical(logits)
        kl = tfd.kl_divergence(q, _made(PRIOR))
    assert np.isfinite(kl).all()
    assert np.isfinite(tape.gradient(kl, logits)).all()
    assert np.isfinite(q.log_prob(q.sample(3, seed=SEED))).all()
