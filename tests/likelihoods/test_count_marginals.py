"""Means, dispersions and excess zeros of largest likelihood, against a search by SciPy."""

import numpy as np
import pytest
from scipy import optimize, stats

from tfp_vae.likelihoods import count_marginals

RNG = np.random.default_rng(0)
R = np.array([0.3, 2.0, 20.0])
COUNTS = RNG.negative_binomial(R, [0.1, 0.02, 0.5], size=[800, 3]).astype(float)


def _log_likelihood(x, mean, r, share):
    counts = stats.nbinom(r, r / (r + mean)).pmf(x)
    return np.mean(np.log(share * (x == 0) + (1.0 - share) * counts))


def test_rates_are_means_and_never_zero():
    x = np.array([[0, 1, 5], [0, 2, 7]])
    np.testing.assert_allclose(count_marginals.rate(x, None), [0.25, 1.5, 6.0])
    observed = np.array([[True, False, False], [True, True, False]])
    np.testing.assert_allclose(count_marginals.rate(x, observed), [0.25, 2.0, 0.5])


@pytest.mark.parametrize("zero_inflated", [False, True])
def test_they_are_those_that_a_search_finds(zero_inflated):
    x = COUNTS * (RNG.uniform(size=COUNTS.shape) < 0.6) if zero_inflated else COUNTS
    found = count_marginals.negative_binomial(x, None, zero_inflated)
    for column, (mean, r, share) in zip(x.T, zip(*found, strict=True), strict=True):
        share = share if zero_inflated else 0.0  # noqa: PLW2901

        def negative(point, column=column):
            excess = 1.0 / (1.0 + np.exp(-point[2])) if zero_inflated else 0.0
            return -_log_likelihood(column, np.exp(point[0]), np.exp(point[1]), excess)

        best = optimize.minimize(negative, [np.log(mean), np.log(r), -0.5], method="Nelder-Mead")
        assert _log_likelihood(column, mean, r, share) > -best.fun - 1e-4


def test_counts_that_vary_less_than_a_poisson_have_the_largest_inverse_dispersion():
    found = count_marginals.negative_binomial(np.full([50, 2], 7.0), None, zero_inflated=True)
    np.testing.assert_allclose(found.mean, 7.0)
    np.testing.assert_allclose(found.inverse_dispersion, np.exp(10.0), rtol=0.01)
    np.testing.assert_allclose(found.zero_share, 0.01)


def test_a_column_of_zeros_has_a_dispersion_that_training_can_change():
    found = count_marginals.negative_binomial(np.zeros([50, 2]), None, zero_inflated=True)
    np.testing.assert_allclose(found.mean, 0.01)
    np.testing.assert_allclose(found.inverse_dispersion, 1.0)
