"""Codes: assignments, exact KL, straight-through draws, and random codes."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import distance
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions, divergences

KEY = tf.constant([3, 4])


def drawn(seed=0, rows=4, positions=3, codes=5, size=2, dtype="float64"):
    generator = np.random.default_rng(seed)
    return (
        generator.normal(size=[rows, positions, size]).astype(dtype),
        generator.normal(size=[codes, size]).astype(dtype),
    )


def uniform(positions=3, codes=5, dtype="float64"):
    return distributions.OneHotCategorical(tf.zeros([positions, codes], dtype))


@given(
    seed=st.integers(0, 2**31),
    codes=st.integers(2, 9),
    size=st.integers(1, 6),
    shift=st.sampled_from([0.0, -3.0, 1e6]),
)
def test_codes_are_those_of_brute_force(seed, codes, size, shift):
    vectors, codebook = drawn(seed, 3, 2, codes, size)
    q = distributions.VectorQuantized(vectors + shift, codebook + shift)
    apart = distance.cdist((vectors + shift).reshape([-1, size]), codebook + shift)
    np.testing.assert_array_equal(tf.reshape(q.codes, [-1]), apart.argmin(axis=1))
    expected = (codebook + shift)[q.codes.numpy()].reshape([3, -1])
    for same in (q.mean(), q.mode(), q.sample(seed=0), q.sample(2, seed=1)[1]):
        np.testing.assert_array_equal(same, expected)


@given(seed=st.integers(0, 2**31), shift=st.sampled_from([0.0, 1e3]))
def test_float32_loses_little_of_the_least_distance(seed, shift):
    vectors, codebook = drawn(seed, 20, 1, 9, 8, "float32")
    codes = distributions.nearest_codes(vectors + shift, codebook + shift).numpy().ravel()
    apart = distance.cdist((vectors + np.float32(shift)).reshape([-1, 8]), codebook + shift)
    np.testing.assert_allclose(apart[np.arange(20), codes], apart.min(axis=1), rtol=1e-3)


def test_the_first_of_equally_near_codes_is_taken():
    q = distributions.VectorQuantized([[[0.0]]], [[1.0], [-1.0], [1.0]])
    assert q.codes.numpy().tolist() == [[0]]


def test_the_gradient_is_copied_to_the_vectors_and_none_goes_to_the_codebook():
    vectors, codebook = map(tf.constant, drawn())
    weights = np.random.default_rng(1).normal(size=[4, 6])
    with tf.GradientTape() as tape:
        tape.watch([vectors, codebook])
        q = distributions.VectorQuantized(vectors, codebook)
        value = tf.reduce_sum(weights * q.sample(seed=0) ** 2)
    by_vectors, by_codebook = tape.gradient(value, [vectors, codebook])
    chosen = codebook.numpy()[q.codes.numpy()]
    np.testing.assert_allclose(by_vectors, 2.0 * weights.reshape([4, 3, 2]) * chosen)
    assert by_codebook is None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_kl_is_minus_the_log_probability_of_the_codes(dtype):
    vectors, codebook = drawn(dtype=dtype)
    q = distributions.VectorQuantized(vectors, codebook)
    p = distributions.CodeVectors(uniform(dtype=dtype), codebook)
    rtol = 1e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(tfd.kl_divergence(q, p), np.full(4, 3 * np.log(5)), rtol=rtol)
    assert divergences.declaration(q, p) == "KL: exact"
    logits = np.random.default_rng(2).normal(size=[3, 5]).astype(dtype)
    p = distributions.CodeVectors(distributions.OneHotCategorical(logits), codebook)
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    expected = -logs[np.arange(3), q.codes.numpy()].sum(axis=-1)
    np.testing.assert_allclose(tfd.kl_divergence(q, p), expected, rtol=10 * rtol)
    np.testing.assert_allclose(-p.log_prob(q.sample(seed=0)), expected, rtol=10 * rtol)


def test_all_probability_is_on_the_codes():
    vectors, codebook = drawn()
    q = distributions.VectorQuantized(vectors, codebook)
    assert q.log_prob(q.sample(2, seed=0)).numpy().tolist() == [[0.0] * 4] * 2
    # A vector is read as its nearest code.
    assert q.log_prob(q.mode() + 1e-9).numpy().tolist() == [0.0] * 4
    other = np.where(q.codes == 0, 1, 0)
    assert np.all(q.log_prob(codebook[other].reshape([4, -1])) == -np.inf)
    assert np.all(q.entropy() == 0.0)
    assert np.all(q.stddev() == 0.0)


def test_probabilities_of_all_code_vectors_add_up_to_one():
    _, codebook = drawn(codes=3)
    logits = np.random.default_rng(2).normal(size=[2, 3])
    p = distributions.CodeVectors(distributions.OneHotCategorical(logits), codebook)
    every = np.stack(np.meshgrid(range(3), range(3)), axis=-1).reshape([-1, 2])
    np.testing.assert_allclose(np.exp(p.log_prob(codebook[every].reshape([9, -1]))).sum(), 1.0)


def test_draws_are_the_code_vectors_of_the_draws_of_codes_eagerly_and_under_xla():
    _, codebook = drawn(dtype="float32")
    p = distributions.CodeVectors(uniform(dtype="float32"), codebook)
    codes = tf.reshape(p.one_hot.sample(7, seed=KEY), [7, 3, 5]).numpy().argmax(axis=-1)
    z = p.sample(7, seed=KEY)
    np.testing.assert_array_equal(z, codebook[codes].reshape([7, 6]))
    compiled = tf.function(lambda key: p.sample(7, seed=key), jit_compile=True, autograph=False)
    np.testing.assert_array_equal(compiled(KEY), z)


def test_extreme_vectors_give_no_nan():
    vectors = np.array([[[1e15, -1e15]], [[0.0, 0.0]]], "float32")
    q = distributions.VectorQuantized(vectors, np.array([[0.0, 0.0], [1e15, 0.0]], "float32"))
    assert q.codes.numpy().tolist() == [[1], [0]]
    assert np.isfinite(q.sample(seed=0)).all()


def test_a_slice_and_a_copy_are_the_same_distribution():
    vectors, codebook = drawn()
    q = distributions.VectorQuantized(vectors, codebook)
    np.testing.assert_array_equal(q[1:3].mode(), q.mode()[1:3])
    np.testing.assert_array_equal(q.copy().mode(), q.mode())
