"""Mixtures of normals with fixed weights: density, law, strata and gradients of draws."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions, replica_context
from tfp_vae.testing import assert_close, assert_mean

PROBS = np.array([0.2, 0.0, 0.8])
LOC = np.array([-1.0, 50.0, 2.0])
SCALE = np.array([0.5, 1.0, 1.5])


def mixture(rows, dtype="float64"):
    """Returns the same mixture for every row, of one latent."""
    return distributions.StratifiedNormalMixture(
        tf.constant(np.tile(PROBS, [rows, 1]), dtype),
        tf.constant(np.tile(LOC[:, None], [rows, 1, 1]), dtype),
        tf.constant(np.tile(SCALE[:, None], [rows, 1, 1]), dtype),
    )


def cdf(z):
    return (PROBS * stats.norm.cdf(np.asarray(z)[..., None], LOC, SCALE)).sum(axis=-1)


def test_density_and_moments_are_those_of_the_mixture():
    q, z = mixture(3), np.array([[-1.3], [0.2], [4.0]])
    density = (PROBS * stats.norm.pdf(z, LOC, SCALE)).sum(axis=-1)
    assert_close(q.log_prob(z), np.log(density))
    mean = (PROBS * LOC).sum()
    assert_close(q.mean(), mean)
    assert_close(q.variance(), (PROBS * (SCALE**2 + LOC**2)).sum() - mean**2)
    assert q.reparameterization_type == tfd.FULLY_REPARAMETERIZED


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_each_draw_alone_follows_the_law(dtype):
    """A Kolmogorov-Smirnov test of level 4e-8 of every draw of a row, over rows."""
    draws = mixture(5000, dtype).sample(3, seed=[3, 4]).numpy()
    assert draws.shape == (3, 5000, 1)
    assert draws.dtype == dtype
    for each in draws[..., 0]:
        assert stats.kstest(each, cdf).pvalue > 4e-8


def test_strata_have_their_shares_of_the_draws():
    """Of five draws one is of the component of weight 0.2, and none of that of weight 0."""
    spread = distributions.StratifiedNormalMixture(
        tf.constant(np.tile(PROBS, [200, 1])),
        tf.constant(np.tile(np.array([[-9.0], [0.0], [9.0]]), [200, 1, 1])),
        tf.ones([200, 3, 1], tf.float64),
    )
    draws = spread.sample([5], seed=0).numpy()[..., 0]
    np.testing.assert_array_equal((draws < -3.0).sum(axis=0), 1)
    np.testing.assert_array_equal((draws > 3.0).sum(axis=0), 4)
    assert spread.sample([2, 3], seed=0).shape == [2, 3, 200, 1]


def test_path_gradients_are_those_of_the_expectation():
    """E sin(a z) = sin(a m) exp(-a² s² / 2) for every component; its derivatives are exact."""
    a, rows = 1.7, 4000
    loc = tf.Variable(np.tile(LOC[:, None], [rows, 1, 1]))
    scale = tf.Variable(np.tile(SCALE[:, None], [rows, 1, 1]))
    with tf.GradientTape() as tape:
        q = distributions.StratifiedNormalMixture(
            tf.constant(np.tile(PROBS, [rows, 1])), loc, scale
        )
        mean = tf.reduce_sum(tf.reduce_mean(tf.sin(a * q.sample(2, seed=1)), axis=0))
    of_loc, of_scale = tape.gradient(mean, [loc, scale])
    damped = PROBS * np.exp(-0.5 * (a * SCALE) ** 2)
    assert_mean(of_loc[..., 0], damped * a * np.cos(a * LOC))
    assert_mean(of_scale[..., 0], -damped * a**2 * SCALE * np.sin(a * LOC))


def test_replicas_draw_what_the_whole_batch_does():
    whole = mixture(6).sample(3, seed=5)
    parts = []
    for first in (0, 2, 4):
        with replica_context.shard_scope(replica_context.BatchShard(first, 6)):
            parts.append(mixture(2).sample(3, seed=5))
    assert_close(tf.concat(parts, axis=1), whole)


def test_draws_in_a_graph_and_of_a_copy_are_the_same():
    q = mixture(4)
    eager = q.sample(3, seed=2)
    assert_close(tf.function(lambda: mixture(4).sample(3, seed=2))(), eager)
    assert_close(q.copy().sample(3, seed=2), eager)
