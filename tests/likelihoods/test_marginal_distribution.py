"""Independent columns, in proportion to an offset or not, and of data that does not suit."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tfp_vae import likelihoods

RATES = np.array([0.1, 1.0, 3.0, 0.5])
EXPOSURES = np.random.default_rng(0).uniform(1.0, 50.0, 300)
COUNTS = 1 + np.random.default_rng(1).poisson(EXPOSURES[:, None] * RATES)


def test_numbers_beyond_the_dtype_are_refused():
    x = np.array([[0.0, 1e300], [1.0, 2.0]])
    with pytest.raises(ValueError, match=r"`x` must .*1e\+300"):
        likelihoods.marginal_distribution(likelihoods.Normal([2]), x)


def test_columns_given_totals_are_a_poisson_regression():
    """Σ x / Σ total is the maximum of the likelihood: a rate of more or less is worse."""
    layer = likelihoods.Poisson([4], offset="total")
    columns_fn = likelihoods.marginal_distribution_fn(layer, COUNTS)
    totals = COUNTS.sum(axis=1, keepdims=True)
    share = COUNTS.sum(axis=0) / COUNTS.sum()
    expected = stats.poisson(totals * share).logpmf(COUNTS).sum(axis=1)
    x = tf.constant(COUNTS, "float32")
    found = columns_fn(layer.known_of(x, None)).log_prob(x)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    usual = likelihoods.marginal_distribution(layer, COUNTS).mean()
    assert usual.shape == (1, 4)
    np.testing.assert_allclose(usual, [totals.mean() * share], rtol=0.02)


def test_columns_given_exposures_are_a_negative_binomial_regression():
    layer = likelihoods.NegativeBinomial([4], offset="exposure")
    rng = np.random.default_rng(2)
    x = rng.poisson(rng.gamma(2.0, EXPOSURES[:, None] * RATES / 2.0))
    columns_fn = likelihoods.marginal_distribution_fn(layer, x, exposure=EXPOSURES)
    rate = x.sum(axis=0) / EXPOSURES.sum()
    rows = tf.constant(x[:50], "float32")
    exposures = tf.constant(EXPOSURES[:50], "float32")
    found = columns_fn(layer.known_of(rows, None, exposures))
    mean = EXPOSURES[:50, None] * rate
    np.testing.assert_allclose(found.mean(), mean, rtol=1e-4)

    def log_prob(r, at=slice(50)):
        m = EXPOSURES[at, None] * rate
        return stats.nbinom(r, r / (r + m)).logpmf(x[at])

    r = mean**2 / (found.variance().numpy() - mean)
    np.testing.assert_allclose(found.log_prob(rows), log_prob(r).sum(axis=1), rtol=1e-3)
    whole = slice(None)
    best = log_prob(r[0], whole).sum(axis=0)
    for factor in (0.9, 1.1):
        assert (log_prob(factor * r[0], whole).sum(axis=0) <= best + 1e-3).all()


def test_missing_counts_are_left_out_of_the_shares():
    observed = np.ones(COUNTS.shape, bool)
    observed[::2, 1] = False
    layer = likelihoods.Poisson([4], offset="total")
    columns_fn = likelihoods.marginal_distribution_fn(layer, COUNTS, observed)
    known = layer.known_of(tf.constant(COUNTS[:6], "float32"), tf.constant(observed[:6]))
    found = columns_fn(known).mean().numpy()
    totals = np.where(observed, COUNTS, 0)[:6].sum(axis=1)
    np.testing.assert_allclose((found * observed[:6]).sum(axis=1), totals, rtol=1e-4)


def test_exposures_that_do_not_fit_are_refused_in_one_sentence():
    by_exposure = likelihoods.Poisson([4], offset="exposure")
    fit = likelihoods.marginal_distribution
    with pytest.raises(ValueError, match=r"`exposure` must be one number for each row .* got None"):
        fit(by_exposure, COUNTS)
    with pytest.raises(ValueError, match=r"`exposure` must be None .*offset=None; got ndarray"):
        fit(likelihoods.Poisson([4]), COUNTS, exposure=EXPOSURES)
    with pytest.raises(ValueError, match=r"`exposure` must have shape \[300\]"):
        fit(by_exposure, COUNTS, exposure=EXPOSURES[:3])
    with pytest.raises(ValueError, match="`exposure` must be above 0; got -1"):
        fit(by_exposure, COUNTS, exposure=np.where(EXPOSURES > 40.0, -1.0, EXPOSURES))
    with pytest.raises(ValueError, match="count above 0 in every row"):
        fit(likelihoods.Poisson([4], offset="total"), np.zeros([3, 4]))
