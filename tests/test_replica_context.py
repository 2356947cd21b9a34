"""Replicas together draw for their parts of a batch what one process draws for all of it."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from tfp_vae import networks, objectives, posteriors, replica_context, seeds, stateless_random
from tfp_vae.testing import diagonal_normal

SEED = seeds.as_seed(5)


def in_shards(draw, bounds):
    """Returns what `draw`, called with the first and the last row, gives for every shard."""
    drawn = []
    for first, end in itertools.pairwise(bounds):
        with replica_context.shard_scope(
            replica_context.BatchShard(tf.constant(first), tf.constant(bounds[-1]))
        ):
            drawn.append(draw(first, end))
    return drawn


@given(
    before=st.lists(st.integers(1, 3), max_size=2),
    after=st.lists(st.integers(1, 3), max_size=2),
    cuts=st.lists(st.integers(0, 7), max_size=3),
    dtype=st.sampled_from(["float32", "float64"]),
    draw=st.sampled_from([stateless_random.uniform, stateless_random.normal]),
)
def test_shards_together_draw_what_the_whole_batch_does(before, after, cuts, dtype, draw):
    def shared(first, end):
        return draw([*before, end - first, *after], SEED, dtype, row_axis=len(before))

    whole = draw([*before, 7, *after], SEED, dtype)
    parts = in_shards(shared, [0, *sorted(cuts), 7])
    # The words are equal; a vectorised erfinv rounds otherwise than one number at a time.
    np.testing.assert_allclose(whole, tf.concat(parts, axis=len(before)), rtol=1e-6)


def test_the_same_under_xla():
    @tf.function(jit_compile=True)
    def compiled(first):
        with replica_context.shard_scope(replica_context.BatchShard(first, tf.constant(9))):
            return stateless_random.normal([2, 4, 3], SEED, row_axis=1)

    whole = stateless_random.normal([2, 9, 3], SEED)
    np.testing.assert_allclose(compiled(tf.constant(5)), whole[:, 5:], rtol=1e-6)


@pytest.mark.parametrize("sample_shape", [[], [4]])
def test_latents_and_binary_images_are_drawn_in_shards(sample_shape):
    features = np.random.default_rng(0).normal(size=[7, 5])
    layer = posteriors.MultivariateNormalDiag(2)
    grey = np.random.default_rng(1).uniform(size=[7, 2, 3])
    whole = layer(features).sample(sample_shape, seed=SEED)
    parts = in_shards(
        lambda first, end: layer(features[first:end]).sample(sample_shape, seed=SEED), [0, 3, 7]
    )
    np.testing.assert_allclose(whole, tf.concat(parts, axis=-2), rtol=1e-6)
    binary = networks.StochasticBinarization()
    parts = in_shards(lambda first, end: binary(grey[first:end], seed=SEED), [0, 3, 7])
    np.testing.assert_array_equal(binary(grey, seed=SEED), tf.concat(parts, axis=0))


def test_without_a_row_axis_every_shard_draws_other_numbers():
    one, other = in_shards(lambda first, end: stateless_random.uniform([3], SEED), [0, 3, 6])
    assert (one.numpy() != other.numpy()).all()


def test_a_shard_ends_with_its_block():
    assert replica_context.current_shard() is None
    with pytest.raises(KeyError), replica_context.shard_scope(replica_context.BatchShard(0, 2)):
        raise KeyError
    assert replica_context.current_shard() is None
    sums = [keras.ops.ones([])]
    assert replica_context.all_reduce_sum(sums) is sums


def test_the_draw_that_a_row_is_differentiated_by_is_chosen_in_shards():
    rng = np.random.default_rng(0)
    features, x = tf.constant(rng.normal(size=[7, 3])), rng.normal(size=[7, 2])
    layer = posteriors.MultivariateNormalDiag(2, dtype="float64")
    layer(features)

    def gradient(first, end):
        with tf.GradientTape() as tape:
            tape.watch(features)
            terms = objectives.IWAE(5, "resampled")(
                x[first:end],
                posterior=layer(features[first:end]),
                prior=diagonal_normal(np.zeros(2), np.ones(2)),
                likelihood_fn=lambda z: diagonal_normal(z, np.full(2, 0.5)),
                seed=SEED,
            )
            total = tf.reduce_sum(terms.objective)
        return tape.gradient(total, features)[first:end]

    parts = in_shards(gradient, [0, 3, 7])
    np.testing.assert_allclose(tf.concat(parts, axis=0), gradient(0, 7), rtol=1e-6)


def test_outside_a_strategy_variables_belong_to_none():
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    assert replica_context.outside_strategy(tf.distribute.has_strategy) is False
    with strategy.scope():
        assert tf.distribute.has_strategy()
        assert replica_context.outside_strategy(tf.distribute.has_strategy) is False
        with pytest.raises(ZeroDivisionError):
            replica_context.outside_strategy(lambda: 1 / 0)
