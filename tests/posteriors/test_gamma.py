"""Gamma posteriors: gradients, exact KL, extreme parameters. The draws: `test_draws`."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from tensorflow_probability import distributions as tfd

from tests.support import kl_checks
from tests.support.mutations import assert_killed
from tfp_vae import distributions, divergences, posteriors, priors
from tfp_vae.distributions import rejection
from tfp_vae.posteriors import gamma as gamma_posterior
from tfp_vae.testing import assert_mean

COUNT = 4000
KEY = tf.constant([3, 4])
PAIRS = [(0.6, 0.7), (1.0, 1.0), (2.5, 0.1), (30.0, 4.0), (2000.0, 900.0)]
"""Concentrations and rates."""


def _law(concentration, rate):
    # SciPy computes with float32 if it is given that.
    return stats.gamma(float(concentration), scale=1.0 / float(rate))


@pytest.mark.parametrize("pair", PAIRS)
def test_the_gradient_of_draws_is_that_of_their_expectation(pair):
    """E[sin z], integrated; two means for each pair of concentration and log-rate."""
    step = 1e-4

    def expectation(concentration, log_rate):
        return kl_checks.integral(_law(concentration, np.exp(log_rate)), np.sin)

    point = np.array([pair[0], np.log(pair[1])])
    parameters = [tf.fill([COUNT], tf.constant(each, tf.float64)) for each in point]
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        value = tf.sin(distributions.Gamma(parameters[0], log_rate=parameters[1]).sample(seed=KEY))
    for place, slope in enumerate(tape.gradient(value, parameters)):
        shift = step * np.eye(2)[place]
        moved = [expectation(*(point + sign * shift)) for sign in (1, -1)]
        assert_mean(slope, (moved[0] - moved[1]) / (2 * step), rounding=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_kl_is_the_integral_for_all_latents_and_for_each(dtype):
    first = np.array(PAIRS, dtype)
    second = np.array([(1.0, 1.0), (0.5, 0.5), (3.0, 2.0), (1.0, 1.0), (2.0, 5.0)], dtype)
    q, p = (
        tfd.Independent(distributions.Gamma(pairs[:, 0], log_rate=np.log(pairs[:, 1])), 1)
        for pairs in (first, second)
    )
    laws = [(_law(*one), _law(*other)) for one, other in zip(first, second, strict=True)]
    kl_checks.check_kl_is_the_integral(q, p, laws)


def test_a_rate_and_its_logarithm_give_the_same_kl():
    concentration, rate = np.float64([2.0, 5.0]), np.float64([3.0, 0.5])
    p = distributions.Gamma(np.float64(1.0), rate=np.float64(1.0))
    one = distributions.Gamma(concentration, rate=rate)
    other = distributions.Gamma(concentration, log_rate=np.log(rate))
    np.testing.assert_allclose(
        divergences.exact_kl_divergence(one, p), divergences.exact_kl_divergence(other, p)
    )


@pytest.mark.usefixtures("float64")
def test_parameters_are_the_logarithm_of_the_mean_and_the_concentration():
    log_mean, concentration = np.float64([[-2.0, 0.0, 3.0]]), np.float64([[-1.0, 0.0, 5.0]])
    q = posteriors.Gamma(3, concentration_floor=0.2).distribution(log_mean, concentration)
    expected = np.logaddexp(0.0, concentration) + 0.2
    np.testing.assert_allclose(q.mean(), np.exp(log_mean))
    np.testing.assert_allclose(q.stddev(), np.exp(log_mean) / np.sqrt(expected))


@pytest.mark.parametrize("first", [-1e6, -60.0, 0.0, 60.0, 1e6])
@pytest.mark.parametrize("second", [-1e6, -60.0, 0.0, 60.0, 1e6])
def test_extreme_parameters_give_finite_terms_and_gradients(first, second):
    posterior, prior = posteriors.Gamma(3), priors.Gamma(2.0, 0.5)
    kl_checks.check_terms_and_gradients_are_finite(posterior, prior, (first, second))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: posteriors.Gamma(0), ValueError, "`latent_size` must be a positive int"),
        (lambda: posteriors.Gamma(2, 0.001), ValueError, "`concentration_floor` must be"),
        (lambda: posteriors.Gamma(2, "x"), TypeError, "`concentration_floor` must be"),
        (lambda: priors.Gamma(0.0), ValueError, "`concentration` must be"),
        (lambda: priors.Gamma(1.0, -1.0), ValueError, "`rate` must be"),
        (lambda: priors.Gamma(None), TypeError, "`concentration` must be"),
    ],
)
def test_wrong_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


CHECKS = {
    "gradient": lambda: test_the_gradient_of_draws_is_that_of_their_expectation((2.5, 0.1)),
    "kl": lambda: test_the_kl_is_the_integral_for_all_latents_and_for_each("float64"),
    "parameters": test_parameters_are_the_logarithm_of_the_mean_and_the_concentration,
}

gamma = rejection.gamma

MUTATIONS = {
    "no gradient through the gamma numbers": (
        "gradient",
        rejection,
        "gamma",
        lambda shape, concentration, seed: gamma(
            shape, tf.stop_gradient(concentration) + 0.0 * tf.cast(concentration, tf.float64), seed
        ),
    ),
    "a concentration off by 1 in the KL": (
        "kl",
        distributions.Gamma,
        "in_float64",
        lambda self: tfd.Gamma(self.concentration + 1.0, log_rate=self.log_rate),
    ),
    "the rate for the mean": (
        "parameters",
        gamma_posterior.networks,
        "compressed_tails",
        lambda x: -x,
    ),
}


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_its_check(name):
    check, *change = MUTATIONS[name]
    assert_killed([change], {check: CHECKS[check]})
