import keras
import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_iris

import tfp_vae
from tests.support.small_models import BINARY, small_vae
from tfp_vae import evaluation, likelihoods, networks, posteriors
from tfp_vae.evaluation import Baselines, ELBOSummary

IRIS = load_iris().data


def iris_vae(**options):
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([4]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([4]), likelihoods.Normal([4], scale="per_value")),
        **options,
    )


def test_independent_columns_and_factor_analysis_are_fitted_to_the_training_rows():
    train, rows = IRIS[::2], IRIS[1::2]
    known = evaluation.baselines(iris_vae(), train, rows)
    columns = stats.norm(train.mean(axis=0), train.std(axis=0)).logpdf(rows).sum(axis=1)
    assert known.independent_columns == pytest.approx(columns.mean(), rel=1e-4)
    linear = tfp_vae.factor_analysis.fit(train, 2)
    covariance = linear.loadings @ linear.loadings.T + np.diag(linear.noise)
    expected = stats.multivariate_normal(linear.mean, covariance).logpdf(rows).mean()
    assert known.factor_analysis == pytest.approx(expected, rel=1e-3)


def test_an_adapted_model_is_factor_analysis():
    vae = iris_vae()
    vae.adapt(IRIS[::2])
    known = evaluation.baselines(vae, IRIS[::2], IRIS[1::2])
    draws = evaluation.log_marginal_likelihood(vae, IRIS[1::2], importance_sample_size=10, seed=0)
    assert np.mean(draws.estimate) == pytest.approx(known.factor_analysis, abs=1e-2)


def test_binary_data_has_no_factor_analysis():
    vae = small_vae()
    before = vae.get_weights()
    known = evaluation.baselines(vae, BINARY, BINARY)
    assert known.factor_analysis is None
    share = (BINARY.sum(axis=0) + 0.5) / (len(BINARY) + 1.0)
    expected = stats.bernoulli(share).logpmf(BINARY.astype(int)).sum(axis=1).mean()
    assert known.independent_columns == pytest.approx(expected, rel=1e-5)
    for one, other in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def table_vae(x):
    parts = [([0], likelihoods.Normal([1])), ([1], likelihoods.NegativeBinomial([1]))]
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([4]), posteriors.MultivariateNormalDiag(1)),
        tfp_vae.Decoder(networks.mlp([4]), likelihoods.Product(parts)),
    )
    return evaluation.baselines(vae, x, x)


def test_only_large_counts_have_factor_analysis():
    rng = np.random.default_rng(0)
    real = rng.normal(size=50)
    large = np.column_stack([real, rng.poisson(100.0, 50)])
    assert np.isfinite(table_vae(large).factor_analysis)
    assert table_vae(np.column_stack([real, rng.poisson(2.0, 50)])).factor_analysis is None


@pytest.mark.parametrize(
    ("elbo", "linear", "words"),
    [
        (-7.0, -3.0, "below independent columns"),
        (-4.0, -3.0, "worse than factor analysis"),
        (-3.1, -3.0, "as good as factor analysis"),
        (-2.0, -3.0, "better than factor analysis and independent columns"),
        (-4.9, -6.0, "as good as independent columns, and no better."),
        (-4.9, -3.0, "no better. Factor analysis, which is linear, is better"),
        (-7.0, None, "below independent columns"),
        (-5.1, None, "as good as independent columns"),
        (-4.0, None, "better than independent columns"),
    ],
)
def test_the_verdict_is_in_words(elbo, linear, words):
    summary = ELBOSummary(elbo, elbo + 1.0, 1.0, 0.1, 4)
    verdict = Baselines(-5.0, linear, 10, 5).verdict(summary)
    assert words in verdict
    # A sentence more is said only of what the rows show.
    assert ("Factor analysis, which is linear, is better" in verdict) == ("is better" in words)


@pytest.mark.parametrize(("training_rows", "rows"), [(9, 5), (10, 4)])
def test_with_few_rows_nothing_is_said_of_the_model(training_rows, rows):
    known = Baselines(-5.0, -4.0, training_rows, rows)
    summary = ELBOSummary(-1.0, 0.0, 1.0, 0.1, 4)
    assert not known.are_telling
    assert known.verdict(summary) == (
        "There are too few rows to compare the model with simple ones: "
        f"{training_rows} of training and {rows} held out; it takes 10 and 5."
    )


def test_the_rows_are_counted():
    known = evaluation.baselines(iris_vae(), IRIS[:40], IRIS[40:47])
    assert (known.training_rows, known.rows, known.are_telling) == (40, 7, True)


def test_of_missing_values_the_others_are_scored():
    rows = np.random.default_rng(0).normal([1.0, -2.0], [2.0, 0.5], size=[60, 2])
    holes = rows.copy()
    holes[::4, 1] = np.nan
    vae = tfp_vae.VAE.for_data(rows, 1, "normal", missing_values=np.nan, verbose=0)
    whole = tfp_vae.VAE.for_data(rows, 1, "normal", verbose=0)
    assert evaluation.baselines(vae, rows, rows) == evaluation.baselines(whole, rows, rows)
    found = evaluation.baselines(vae, holes, holes)
    columns = [rows[:, 0], holes[~np.isnan(holes[:, 1]), 1]]
    total = sum(stats.norm.logpdf(each, each.mean(), each.std()).sum() for each in columns)
    assert found.independent_columns == pytest.approx(total / len(rows), rel=1e-3)
    assert found.factor_analysis is None


def test_wrong_rows_are_refused_by_name():
    with pytest.raises(ValueError, match="`x_train` must"):
        evaluation.baselines(iris_vae(), IRIS[:, :3], IRIS)


@pytest.mark.parametrize("offset", ["total", "exposure"])
def test_counts_with_an_offset_have_columns_in_proportion_to_it(offset):
    rng = np.random.default_rng(0)
    exposure = rng.uniform(5.0, 50.0, 60)
    x = 1 + rng.poisson(exposure[:, None] * np.array([30.0, 20.0, 40.0, 10.0]))
    batch = np.arange(60) % 2
    y = np.column_stack([batch, exposure]) if offset == "exposure" else batch
    vae = small_vae(
        likelihoods.Poisson([4], offset=offset),
        condition=keras.layers.CategoryEncoding(2, output_mode="one_hot"),
    )
    known = evaluation.baselines(vae, x[::2], x[1::2], y[::2], y[1::2])
    of_rows = exposure if offset == "exposure" else x.sum(axis=1)
    rate = x[::2].sum(axis=0) / of_rows[::2].sum()
    expected = stats.poisson(of_rows[1::2, None] * rate).logpmf(x[1::2]).sum(axis=1).mean()
    assert known.independent_columns == pytest.approx(expected, rel=1e-4)
    assert known.factor_analysis is None
    without = evaluation.baselines(small_vae(likelihoods.Poisson([4])), x[::2], x[1::2])
    assert known.independent_columns > without.independent_columns
    assert without.factor_analysis is not None
    with pytest.raises(ValueError, match="`condition_train` must"):
        evaluation.baselines(vae, x[::2], x[1::2], condition=y[1::2])
