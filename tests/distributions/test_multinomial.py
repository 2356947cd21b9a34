"""Rows of counts given their total, multinomial and Dirichlet-multinomial, against SciPy's."""

import decimal
from decimal import Decimal

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from tfp_vae import distributions

KINDS = {
    "Multinomial": distributions.Multinomial,
    "DirichletMultinomial": distributions.DirichletMultinomial,
}
SEED = [3, 4]


def _law(name, parameters, total):
    """SciPy's distribution for the logits or the logarithms of the concentrations."""
    if name == "Multinomial":
        return stats.multinomial(total, special.softmax(parameters))
    return stats.dirichlet_multinomial(np.exp(parameters), total)


@pytest.mark.parametrize("name", KINDS)
@given(
    st.integers(1, 6),
    st.integers(0, 2**31),
    st.sampled_from([0.0, 1.0, 30.0, 1e4]),
    st.sampled_from([0.1, 2.0, 5.0]),
)
def test_log_prob_is_that_of_scipy(name, categories, seed, size, spread):
    rng = np.random.default_rng(seed)
    parameters = rng.normal(scale=spread, size=categories)
    x = np.floor(size * rng.exponential(size=categories)) * rng.integers(0, 2, categories)
    found = KINDS[name](tf.constant(parameters), 1.0).log_prob(x)
    expected = _law(name, parameters, int(x.sum())).logpmf(x.astype(int))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def _exact(x, probs):
    """log p(x|n) of a multinomial from integer factorials, with 60 digits."""
    with decimal.localcontext() as context:
        context.prec = 60

        def log_factorial(n):
            return sum((Decimal(k).ln() for k in range(2, n + 1)), Decimal(0))

        terms = (
            Decimal(n) * Decimal(p).ln() - log_factorial(n) for n, p in zip(x, probs, strict=True)
        )
        return float(log_factorial(sum(x)) + sum(terms))


def test_it_is_exact_beside_integer_factorials():
    x, probs = [3, 0, 41, 7], [0.25, 0.125, 0.5, 0.125]
    found = distributions.Multinomial(tf.constant(np.log(probs)), 1.0).log_prob(x)
    np.testing.assert_allclose(found, _exact(x, probs), rtol=1e-13)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("total", [50, 1e4, 1e6, 1e7])
def test_float32_is_accurate_for_large_counts(name, total):
    """Within 0.01 nats of float64 for likely counts, where a factorial has 1e8 nats."""
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(20))
    x = rng.multinomial(int(total), probs).astype(float)
    parameters = np.log(probs) + (0.0 if name == "Multinomial" else np.log(1e4))
    parameters = parameters.astype("float32")
    single = KINDS[name](tf.constant(parameters), 1.0).log_prob(x)
    double = KINDS[name](tf.constant(parameters, tf.float64), 1.0).log_prob(x)
    assert single.dtype == "float32"
    np.testing.assert_allclose(single, double, atol=0.01)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("x", [[0, 0, 0], [1, 0, 0], [0, 0, 1e7], [1e6, 1e6, 1e6]])
@pytest.mark.parametrize("size", [0.0, 30.0, 1000.0])
def test_values_and_gradients_are_finite_far_out(name, dtype, x, size):
    parameters = tf.constant([size, -size, 0.0], dtype)
    if name == "DirichletMultinomial":
        parameters = tf.minimum(parameters, 20.0)
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        log_prob = KINDS[name](parameters, 1.0).log_prob(x)
    gradient = tape.gradient(log_prob, parameters)
    assert np.isfinite(log_prob)
    assert np.isfinite(gradient).all()
    if not any(x):
        assert log_prob == 0.0
        np.testing.assert_array_equal(gradient, 0.0)


@pytest.mark.parametrize("size", [1.0, 1e3])
def test_the_gradient_of_a_multinomial_is_counts_minus_means(size):
    rng = np.random.default_rng(0)
    logits = tf.constant(rng.normal(size=[2, 5]))
    x = rng.poisson(size, [2, 5]).astype(float)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        log_prob = distributions.Multinomial(logits, 1.0).log_prob(x)
    expected = x - x.sum(axis=-1, keepdims=True) * special.softmax(logits, axis=-1)
    np.testing.assert_allclose(tape.gradient(log_prob, logits), expected, rtol=1e-9, atol=1e-9)


def test_the_gradient_of_a_dirichlet_multinomial_is_a_difference_of_digammas():
    a, x = np.array([0.3, 20.0, 1e-6, 4e3]), np.array([2.0, 0.0, 1.0, 3e3])
    logs = tf.constant(np.log(a))
    with tf.GradientTape() as tape:
        tape.watch(logs)
        log_prob = distributions.DirichletMultinomial(logs, 1.0).log_prob(x)
    psi = special.digamma
    expected = a * (psi(x + a) - psi(a) + psi(a.sum()) - psi(x.sum() + a.sum()))
    np.testing.assert_allclose(tape.gradient(log_prob, logs), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", KINDS)
def test_mean_variance_and_draws_are_those_of_scipy(name):
    """Means of 4000 draws within 5 standard errors: a false alarm in 6e-7 of comparisons."""
    parameters = np.array([[0.5, -1.0, 2.0], [0.0, 0.0, -3.0]])
    distribution = KINDS[name](tf.constant(parameters), [9.0, 40.0])
    draws = distribution.sample(4000, seed=SEED).numpy()
    assert (draws.sum(axis=-1) == [9.0, 40.0]).all()
    assert (draws >= 0.0).all()
    for row, total in enumerate([9, 40]):
        law = _law(name, parameters[row], total)
        mean, covariance = law.mean(), law.cov()
        np.testing.assert_allclose(distribution.mean()[row], mean)
        variance = np.diag(covariance)
        np.testing.assert_allclose(distribution.variance()[row], variance)
        error = np.sqrt(variance / 4000)
        assert (np.abs(draws[:, row].mean(axis=0) - mean) < 5.0 * error).all()
        squares = (draws[:, row] - mean) ** 2
        errors = squares.std(axis=0) / np.sqrt(4000)
        assert (np.abs(squares.mean(axis=0) - variance) < 5.0 * errors).all()


@pytest.mark.parametrize("name", KINDS)
def test_an_image_of_counts_is_a_row_of_them(name):
    rng = np.random.default_rng(0)
    parameters, x = rng.normal(size=[4, 2, 3]), rng.poisson(2.0, [4, 2, 3]).astype(float)
    image = KINDS[name](tf.constant(parameters), 12.0, event_ndims=2)
    row = KINDS[name](tf.constant(parameters.reshape(4, 6)), 12.0)
    assert image.batch_shape == [4]
    assert image.event_shape == [2, 3]
    np.testing.assert_allclose(image.log_prob(x), row.log_prob(x.reshape(4, 6)))
    np.testing.assert_allclose(image.mean(), tf.reshape(row.mean(), [4, 2, 3]))
    draws = image.sample(5, seed=SEED)
    np.testing.assert_array_equal(tf.reshape(draws, [5, 4, 6]), row.sample(5, seed=SEED))


@pytest.mark.parametrize("name", KINDS)
def test_the_observed_counts_have_the_law_of_their_columns(name):
    """Given the total of these, whatever stands in the other columns."""
    rng = np.random.default_rng(0)
    parameters, x = rng.normal(size=[5]), rng.poisson(3.0, [3, 5]).astype(float)
    observed = np.array([[1, 0, 1, 1, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], bool)
    distribution = KINDS[name](tf.constant(parameters)[None], 1.0)
    found = distribution.of_observed(tf.constant(observed)).log_prob(x)
    for row, seen in enumerate(observed[:2]):
        own = KINDS[name](tf.constant(parameters[seen]), 1.0)
        np.testing.assert_allclose(found[row], own.log_prob(x[row, seen]))
    assert found[2] == 0.0
    with tf.GradientTape() as tape:
        logits = tf.constant(parameters, tf.float32)[None]
        tape.watch(logits)
        log_prob = KINDS[name](logits, 1.0).of_observed(tf.constant(observed)).log_prob(x)
    assert np.isfinite(tape.gradient(log_prob, logits)).all()


def test_a_dirichlet_multinomial_of_large_concentrations_is_a_multinomial():
    logits, x = np.array([0.3, -1.0, 0.0]), np.array([5.0, 0.0, 20.0])
    one = distributions.DirichletMultinomial(tf.constant(logits + 25.0), 1.0).log_prob(x)
    other = distributions.Multinomial(tf.constant(logits), 1.0).log_prob(x)
    np.testing.assert_allclose(one, other, rtol=1e-7)
