"""Sequences of class codes: all of them have the probability 1, and draws have theirs."""

import itertools

import keras
import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfp_vae import distributions, networks, replica_context


def made(classes=3, steps=3, batch=(2,), seed=0, dtype="float64", **options):
    """Returns the distribution of a network of random weights, which are large enough to matter."""
    network = networks.NextCode(classes, units=5, dtype=dtype)
    network.build([None, 2])
    rng = np.random.default_rng(seed)
    network.set_weights([rng.normal(size=weight.shape) for weight in network.get_weights()])
    context = tf.constant(rng.normal(size=[*batch, 2]), dtype)
    return distributions.AutoregressiveCategorical(context, network, steps, **options)


def all_codes(classes, steps):
    return np.array(list(itertools.product(range(classes), repeat=steps)), "float64")


@settings(max_examples=10)
@given(st.integers(2, 4), st.integers(1, 4), st.sampled_from([None, 0, 1]), st.integers(0, 1000))
def test_the_probabilities_of_all_sequences_add_up_to_1(classes, steps, end, seed):
    d = made(classes, steps, seed=seed, end=end)
    log_probs = d.log_prob(all_codes(classes, steps)[:, None]).numpy()
    assert log_probs.shape == (classes**steps, 2)
    np.testing.assert_allclose(np.exp(log_probs).sum(axis=0), 1.0, rtol=1e-9)
    if end is not None and steps > 1:
        late = np.full([1, steps], float(end))
        late[0, -1] = 1.0 - end
        assert (np.isneginf(d.log_prob(late).numpy())).all()


@settings(max_examples=10)
@given(st.integers(0, 3), st.sampled_from([None, 1]), st.integers(0, 1000))
def test_the_first_codes_have_the_sum_over_all_that_may_follow(count, end, seed):
    d = made(steps=3, batch=(), seed=seed, end=end)
    x = all_codes(3, 3)
    log_probs = d.log_prob(x).numpy()
    seen = np.arange(3) < count
    found = d.of_observed(seen).log_prob(np.where(seen, x, 0.0)).numpy()
    for row, value in zip(x, found, strict=True):
        same = (x[:, :count] == row[:count]).all(axis=1)
        expected = scipy.special.logsumexp(log_probs[same])
        np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-9)
    other = d.of_observed(seen).log_prob(np.where(seen, x, 77.0)).numpy()
    np.testing.assert_array_equal(other, found)


@settings(max_examples=6)
@given(st.integers(0, 3), st.sampled_from([None, 1]), st.integers(0, 1000))
def test_what_follows_given_codes_is_conditional_on_them(count, end, seed):
    d = made(steps=3, batch=(), seed=seed, end=end)
    x, seen = all_codes(3, 3), np.arange(3) < count
    row = np.array([0.0, 2.0, 1.0])
    given_row = d.given_observed(row, seen)
    found = given_row.log_prob(x).numpy()
    same = (x[:, :count] == row[:count]).all(axis=1)
    assert np.isneginf(found[~same]).all()
    before = d.of_observed(seen).log_prob(row).numpy()
    np.testing.assert_allclose(found[same], d.log_prob(x[same]) - before, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.exp(found).sum(), 1.0, rtol=1e-9)
    assert (given_row.sample([2, 3], seed=0).numpy()[..., :count] == row[:count]).all()
    assert (given_row.greedy().numpy()[:count] == row[:count]).all()


@pytest.mark.parametrize("end", [None, 2])
def test_draws_have_their_probabilities(end):
    """A χ² test of all sequences, that fails by chance once in a million seeds; this is fixed."""
    d = made(steps=3, batch=(), end=end)
    x = all_codes(3, 3)
    draws = d.sample(20_000, seed=0).numpy()
    counts = np.array([(draws == row).all(axis=1).sum() for row in x])
    expected = 20_000 * np.exp(d.log_prob(x).numpy())
    assert counts[expected == 0.0].sum() == 0
    possible = expected > 0.0
    rare = expected[possible] < 5.0
    counts, expected = counts[possible], expected[possible]
    counts = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    kept = expected > 0.0
    statistic = ((counts - expected)[kept] ** 2 / expected[kept]).sum()
    assert scipy.stats.chi2.sf(statistic, kept.sum() - 1) > 1e-6


def test_draws_and_log_probs_are_the_same_eagerly_in_graphs_and_under_xla():
    d = made(dtype="float32", end=1)

    def both():
        draws = d.sample([2, 3], seed=[0, 1])
        return draws, d.log_prob(draws), d.greedy()

    eager = both()
    assert eager[0].shape == (2, 3, 2, 3)
    for compiled in (tf.function(both), tf.function(both, jit_compile=True)):
        for one, another in zip(eager, compiled(), strict=True):
            np.testing.assert_allclose(one, another, rtol=1e-5, atol=1e-6)


def test_one_pass_is_all_the_steps():
    d = made(classes=4, steps=5, batch=(1,))
    x = np.array([[2, 0, 3, 3, 1]])
    state = d.network.first_state(d.context)
    previous, total = tf.constant([d.network.begin]), 0.0
    for code in x[0]:
        logits, state = d.network.step(previous, state, d.context)
        total += float(tf.nn.log_softmax(logits)[0, code])
        previous = tf.constant([code])
    np.testing.assert_allclose(d.log_prob(x), [total], rtol=1e-9)


def test_greedy_codes_are_the_most_probable_of_every_step():
    d = made(classes=4, steps=3, batch=())
    x = d.greedy().numpy()
    for count in range(1, 4):
        seen = d.of_observed(np.arange(3) < count)
        others = np.repeat(x[None], 4, axis=0)
        others[:, count - 1] = np.arange(4)
        assert seen.log_prob(others).numpy().argmax() == x[count - 1]
    ended = made(classes=4, steps=6, batch=(20,), end=2).greedy().numpy()
    after = np.cumsum(ended == 2, axis=1) > 0
    assert (ended[after] == 2).all()


def test_a_context_of_samples_broadcasts():
    d = made(batch=(4, 2))
    x = np.array([[0, 1, 2], [2, 2, 0]])
    found = d.log_prob(x).numpy()
    for index in range(4):
        one = distributions.AutoregressiveCategorical(d.context[index], d.network, 3)
        np.testing.assert_allclose(one.log_prob(x), found[index], rtol=1e-9)


def test_hidden_codes_are_unknown_to_the_network():
    plain = made(classes=3, steps=4, batch=(50,))
    x = np.random.default_rng(0).integers(0, 3, [50, 4])
    seed = tf.constant([3, 4])
    found = plain.with_dropout(0.5, seed).log_prob(x).numpy()
    np.testing.assert_array_equal(plain.with_dropout(0.5, seed).log_prob(x), found)
    assert not np.array_equal(plain.with_dropout(0.5, seed + 1).log_prob(x), found)
    # Of every row, one of the 2³ ways to hide codes 1 to 3 gives the log-probability.
    before = np.c_[np.full(50, 3), x[:, :-1]]
    ways = []
    for hidden in itertools.product([False, True], repeat=3):
        logits = plain.network(np.where([False, *hidden], 4, before), plain.context)
        terms = scipy.special.log_softmax(logits, axis=-1)
        ways.append(np.take_along_axis(terms, x[..., None], axis=-1).sum(axis=(1, 2)))
    distance = np.abs(np.array(ways) - found)
    assert distance.min(axis=0).max() < 1e-9
    assert len(np.unique(distance.argmin(axis=0))) == 8
    np.testing.assert_array_equal(plain.with_dropout(0.0, seed).log_prob(x), plain.log_prob(x))


def test_what_is_hidden_of_a_row_depends_on_its_place_in_the_global_batch_alone():
    d, x = made(batch=(6,)), np.random.default_rng(0).integers(0, 3, [6, 3])
    seed = tf.constant([3, 4])
    whole = d.with_dropout(0.5, seed).log_prob(x).numpy()
    with replica_context.shard_scope(replica_context.BatchShard(tf.constant(4), tf.constant(6))):
        part = distributions.AutoregressiveCategorical(d.context[4:], d.network, 3)
        np.testing.assert_allclose(part.with_dropout(0.5, seed).log_prob(x[4:]), whole[4:])


def test_probabilities_stay_finite_at_extreme_weights():
    d = made(dtype="float32")
    d.network.set_weights([1e4 * weight for weight in d.network.get_weights()])
    with tf.GradientTape() as tape:
        log_prob = d.log_prob(np.array([[0, 1, 2], [2, 2, 2]]))
    assert np.isfinite(log_prob).all()
    gradients = tape.gradient(log_prob, d.network.trainable_variables)
    assert all(np.isfinite(tf.convert_to_tensor(each)).all() for each in gradients)
    assert set(np.unique(d.sample(50, seed=0))) <= {0.0, 1.0, 2.0}


def test_a_network_is_made_again_from_its_arguments():
    network = networks.NextCode(3, units=4)
    assert network.from_config(network.get_config()).get_config() == network.get_config()
    for wrong in ({"classes": 0}, {"classes": 3, "units": 0}):
        with pytest.raises(ValueError, match="must be a positive int"):
            networks.NextCode(**wrong)
    with pytest.raises(ValueError, match="`context` must have a known last axis"):
        network.build([None, None])
    assert keras.saving.get_registered_name(networks.NextCode) == "tfp_vae.networks>NextCode"
