"""Beta posteriors: laws of the draws, gradients, exact KL, extreme parameters."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, stats
from tensorflow_probability import distributions as tfd

from tests.support import kl_checks
from tests.support.mutations import assert_killed
from tfp_vae import distributions, divergences, posteriors, priors
from tfp_vae.distributions import rejection
from tfp_vae.testing import assert_mean

COUNT = 4000
KEY = tf.constant([3, 4])
PAIRS = [(0.6, 0.7), (1.0, 1.0), (2.5, 0.8), (30.0, 4.0), (900.0, 1100.0)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("pair", PAIRS)
def test_draws_follow_the_law(pair, dtype):
    """A Kolmogorov-Smirnov test of level 4e-8."""
    one, zero = (tf.constant(each, dtype) for each in pair)
    draws = distributions.Beta(one, zero).sample(COUNT, seed=KEY).numpy()
    assert draws.dtype == dtype
    assert stats.kstest(draws, stats.beta(*pair).cdf, method="asymp").pvalue > 4e-8


@pytest.mark.parametrize("pair", PAIRS)
def test_the_gradient_of_draws_is_that_of_their_expectation(pair):
    """E[sin 3z], integrated over the quantiles; two means for each pair of concentrations."""
    step = 1e-4

    def expectation(one, zero):
        law = stats.beta(one, zero)
        return integrate.quad(lambda u: np.sin(3 * law.ppf(u)), 0.0, 1.0, epsabs=1e-10)[0]

    concentrations = [tf.fill([COUNT], tf.constant(each, tf.float64)) for each in pair]
    with tf.GradientTape() as tape:
        tape.watch(concentrations)
        value = tf.sin(3.0 * distributions.Beta(*concentrations).sample(seed=KEY))
    slopes = tape.gradient(value, concentrations)
    for place, slope in enumerate(slopes):
        shift = step * np.eye(2)[place]
        moved = [expectation(*(pair + sign * shift)) for sign in (1, -1)]
        assert_mean(slope, (moved[0] - moved[1]) / (2 * step), rounding=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_kl_is_the_integral_for_all_latents_and_for_each(dtype):
    first = np.array(PAIRS, dtype)
    second = np.array([(1.0, 1.0), (0.5, 0.5), (3.0, 2.0), (1.0, 1.0), (2.0, 5.0)], dtype)
    q, p = (
        tfd.Independent(distributions.Beta(pairs[:, 0], pairs[:, 1]), 1)
        for pairs in (first, second)
    )
    laws = [
        (stats.beta(*one), stats.beta(*other)) for one, other in zip(first, second, strict=True)
    ]
    kl_checks.check_kl_is_the_integral(q, p, laws)


def test_large_concentrations_keep_their_digits_in_float32():
    one, zero = np.float32([[1e4, 1e4], [3e3, 1e4]])
    narrow = distributions.Beta(one, zero)
    wide = narrow.in_float64()
    np.testing.assert_allclose(
        divergences.exact_kl_divergence(narrow, distributions.Beta(np.float32(1), np.float32(1))),
        -wide.entropy(),
        rtol=1e-6,
    )
    z = narrow.sample(5, seed=KEY)
    np.testing.assert_allclose(narrow.log_prob(z), wide.log_prob(tf.cast(z, tf.float64)), rtol=1e-5)


def test_a_draw_is_never_0_or_1_and_has_a_finite_density():
    q = distributions.Beta(tf.fill([2000], 0.02), tf.fill([2000], 0.02))
    z = q.sample(seed=KEY).numpy()
    assert z.min() > 0.0
    assert z.max() < 1.0
    assert np.isfinite(q.log_prob(z)).all()


@pytest.mark.parametrize("first", [-1e6, -60.0, 0.0, 60.0, 1e6])
@pytest.mark.parametrize("second", [-1e6, -60.0, 0.0, 60.0, 1e6])
def test_extreme_parameters_give_finite_terms_and_gradients(first, second):
    posterior, prior = posteriors.Beta(3), priors.Beta(2.0, 0.5)
    kl_checks.check_terms_and_gradients_are_finite(posterior, prior, (first, second))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: posteriors.Beta(0), ValueError, "`latent_size` must be a positive int"),
        (lambda: posteriors.Beta(2, 0.001), ValueError, "`concentration_floor` must be"),
        (lambda: posteriors.Beta(2, "x"), TypeError, "`concentration_floor` must be"),
        (lambda: priors.Beta(0.0), ValueError, "`concentration1` must be"),
        (lambda: priors.Beta(1.0, -1.0), ValueError, "`concentration0` must be"),
        (lambda: priors.Beta(None), TypeError, "`concentration1` must be"),
    ],
)
def test_wrong_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


CHECKS = {
    "draws": lambda: test_draws_follow_the_law((2.5, 0.8), "float64"),
    "gradient": lambda: test_the_gradient_of_draws_is_that_of_their_expectation((2.5, 0.8)),
    "gradient of small concentrations": (
        lambda: test_the_gradient_of_draws_is_that_of_their_expectation((0.6, 0.7))
    ),
    "kl": lambda: test_the_kl_is_the_integral_for_all_latents_and_for_each("float64"),
}

log_gamma = rejection.reparameterized_log_gamma

MUTATIONS = {
    "the concentrations exchanged in the draws": (
        "draws",
        rejection,
        "reparameterized_log_gamma",
        lambda shape, concentration, seed: log_gamma(shape, concentration[::-1], seed),
    ),
    "no gradient through the gamma numbers": (
        "gradient",
        rejection,
        "reparameterized_log_gamma",
        lambda shape, concentration, seed: log_gamma(
            shape, tf.stop_gradient(concentration) + 0.0 * concentration, seed
        ),
    ),
    "half the gradient through the gamma numbers": (
        "gradient of small concentrations",
        rejection,
        "reparameterized_log_gamma",
        lambda shape, concentration, seed: log_gamma(
            shape, 0.5 * concentration + 0.5 * tf.stop_gradient(concentration), seed
        ),
    ),
    "a concentration off by 1 in the KL": (
        "kl",
        distributions.Beta,
        "in_float64",
        lambda self: tfd.Beta(self.concentration1 + 1.0, self.concentration0),
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_its_check(name):
    check, *change = MUTATIONS[name]
    assert_killed([change], {check: CHECKS[check]})
