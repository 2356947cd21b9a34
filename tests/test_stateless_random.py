"""The generator against its published vectors, and its numbers against their distributions."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tfp_vae import seeds, stateless_random
from tfp_vae.testing import assert_mean
from tfp_vae.testing.assertions import LIMIT

COUNT = 20_000

# From the known-answer file of Random123, for Threefry-2x32 with 20 rounds.
KNOWN_ANSWERS = [
    ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


def _key(*words):
    return tf.constant(np.array(words, np.uint32).view(np.int32))


@pytest.mark.parametrize(("key", "counter", "expected"), KNOWN_ANSWERS)
def test_threefry_gives_the_published_words(key, counter, expected):
    words = stateless_random.random_words(
        _key(*key), tf.constant([counter[1]], tf.uint32), first_counter=counter[0]
    )
    assert tuple(int(word[0]) for word in words) == expected


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_numbers_fill_the_open_interval(dtype):
    """A Kolmogorov-Smirnov test of level 4e-8, and the first moments."""
    values = stateless_random.uniform([COUNT], _key(1, 2), dtype).numpy()
    assert values.dtype == dtype
    assert values.min() > 0.0
    assert values.max() < 1.0
    assert stats.kstest(values, "uniform").pvalue > 4e-8
    assert_mean(np.stack([values**power for power in (1, 2, 3)], -1), [1 / 2, 1 / 3, 1 / 4])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_numbers_are_normal(dtype):
    """A Kolmogorov-Smirnov test of level 4e-8, and the first four moments."""
    values = stateless_random.normal([COUNT], _key(3, 4), dtype).numpy()
    assert values.dtype == dtype
    assert np.isfinite(values).all()
    assert stats.kstest(values, "norm").pvalue > 4e-8
    assert_mean(np.stack([values**power for power in (1, 2, 3, 4)], -1), [0.0, 1.0, 0.0, 3.0])


@pytest.mark.parametrize("lag", [1, 2, COUNT // 2])
def test_numbers_are_not_correlated_with_those_before(lag):
    values = stateless_random.normal([COUNT + lag], _key(5, 6)).numpy()
    assert_mean(values[lag:] * values[:-lag], 0.0)


def test_the_halves_of_a_number_in_float64_are_not_correlated():
    values = stateless_random.uniform([COUNT], _key(7, 8), tf.float64).numpy()
    low = (values * 2.0**26) % 1.0
    assert_mean((values - 0.5) * (low - 0.5), 0.0)
    assert_mean(low, 0.5)


@pytest.mark.parametrize(
    ("one", "another"), [((0, 1), (0, 2)), ((0, 1), (1, 1)), ((0, 0), (0, 2**31))]
)
def test_neighbouring_seeds_are_independent(one, another):
    first, second = (stateless_random.normal([COUNT], _key(*key)).numpy() for key in (one, another))
    assert_mean(first * second, 0.0)


def test_split_and_folded_seeds_are_independent():
    key = _key(9, 10)
    several = [*seeds.split(key, 3), seeds.fold_in(key, 0), seeds.fold_in(key, 1), key]
    several += [seeds.independent_seed(key), *seeds.split(several[0], 2)]
    draws = np.stack([stateless_random.normal([COUNT], seed).numpy() for seed in several], -1)
    products = draws[:, :, None] * draws[:, None, :]
    assert_mean(products, np.eye(len(several)), LIMIT)


@settings(max_examples=10)
@given(st.lists(st.integers(0, 5), max_size=3), st.sampled_from(["float32", "float64"]))
def test_numbers_have_the_shape_asked_for(shape, dtype):
    assert stateless_random.uniform(shape, _key(0, 0), dtype).shape == shape
    assert stateless_random.normal(tf.constant(shape, tf.int32), _key(0, 0), dtype).shape == shape


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("compiled", [False, True])
def test_eager_equals_compiled(dtype, compiled):
    """The uniform bits are equal; the inverse error function is another polynomial under XLA."""

    def draw(seed):
        return stateless_random.uniform([1001], seed, dtype), stateless_random.normal(
            [1001], seed, dtype
        )

    seed = _key(11, 12)
    eager, graph = draw(seed), tf.function(draw, jit_compile=compiled)(seed)
    np.testing.assert_array_equal(eager[0], graph[0])
    np.testing.assert_allclose(eager[1], graph[1], rtol=0.0, atol=1e-4)


def test_keras_draws_by_the_seed_and_the_state_of_random_is_restored():
    def drawn(seed):
        with seeds.keras_seeded(seed):
            return keras.initializers.RandomNormal()([100]).numpy()

    random.seed(5)
    expected = random.random()
    random.seed(5)
    first = drawn(3)
    np.testing.assert_array_equal(first, drawn(3))
    assert (first != drawn(4)).any()
    assert random.random() == expected
