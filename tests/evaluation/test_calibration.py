"""Calibration of p(x|z), on linear-Gaussian models whose residuals have a known distribution."""

import importlib

import matplotlib
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from tensorflow_probability import distributions as tfd

import tfp_vae
from tests.support.mutations import assert_killed
from tfp_vae import evaluation, likelihoods, networks, plotting, posteriors
from tfp_vae.testing import LinearGaussian

# The function of the same name hides the module from an import.
module = importlib.import_module("tfp_vae.evaluation.calibration")

matplotlib.use("Agg")
pytestmark = pytest.mark.usefixtures("float64")

MODEL = LinearGaussian.drawn(2, event_size=5, latent_size=2)


def exact_coverage(x_scale, levels):
    """Coverage and spread if the data are `x_scale` times as far from the mean as the model's.

    z = G (x - b) + e with e of the posterior's variance, so that the residual of every column,
    (x - b - W z) / scale, is normal with a variance that follows from the model's matrices.
    """
    weights, gain = MODEL.weights, MODEL.posterior_gain()
    covariance = x_scale**2 * (weights @ weights.T + MODEL.scale**2 * np.eye(5))
    left = np.eye(5) - weights @ gain
    drawn = weights @ np.diag(MODEL.posterior_variance()) @ weights.T
    variance = np.diag(left @ covariance @ left.T + drawn) / MODEL.scale**2
    half = stats.norm.ppf(0.5 + 0.5 * np.asarray(levels))[:, None]
    return (2.0 * stats.norm.cdf(half / np.sqrt(variance)) - 1.0).mean(1), np.sqrt(variance.mean())


def agrees(x_scale, rows=4000):
    x = MODEL.offset + x_scale * (MODEL.draws(rows, seed=1) - MODEL.offset)
    result = evaluation.calibration(MODEL.vae(), x)
    coverage, spread = exact_coverage(x_scale, result.levels)
    # Beyond 5 standard errors in 7e-6 of all seeds for 12 comparisons, were the seed not fixed.
    assert (np.abs(result.coverage - coverage) < 5.0 * result.coverage_standard_error).all()
    assert (result.coverage_standard_error < 0.01).all()
    error = result.residual_spread_standard_error
    assert 0.001 < error < 0.02
    assert abs(result.residual_spread - spread) < 5.0 * error
    return result


def check_a_true_model():
    result = agrees(1.0)
    np.testing.assert_allclose(exact_coverage(1.0, result.levels)[0], result.levels)
    assert "are calibrated within" in result.verdict


def check_data_with_more_spread():
    assert "too narrow" in agrees(1.5).verdict


def check_data_with_less_spread():
    assert "too wide" in agrees(0.5).verdict


def check_counts_by_their_steps():
    """The uniform numbers of a true Poisson, though it has few values."""
    rate = tf.constant(0.7, tf.float64)
    poisson = tfd.Poisson(rate)
    x = tf.constant(np.random.default_rng(0).poisson(0.7, [4000, 1]).astype(float))
    drawn = module._probability_integral_transform(poisson, x, True, tf.constant([1, 2]))
    assert stats.kstest(drawn[:, 0], "uniform").pvalue > 1e-4


def check_the_errors_are_the_spread_over_data_sets():
    found = [evaluation.calibration(MODEL.vae(), MODEL.draws(60, seed=s), [0.8]) for s in range(25)]
    for value, error in (
        ([each.coverage[0] for each in found], [each.coverage_standard_error[0] for each in found]),
        (
            [each.residual_spread for each in found],
            [each.residual_spread_standard_error for each in found],
        ),
    ):
        # The ratio has a standard deviation of about 0.15 for 25 data sets.
        assert 0.5 < np.std(value, ddof=1) / np.mean(error) < 1.7


CHECKS = [
    check_a_true_model,
    check_data_with_more_spread,
    check_data_with_less_spread,
    check_counts_by_their_steps,
    check_the_errors_are_the_spread_over_data_sets,
]


@pytest.mark.parametrize("check", CHECKS)
def test_calibration(check):
    check()


uniform_of = module._probability_integral_transform
MUTATIONS = {
    "one tail for two": (
        check_data_with_more_spread,
        "_probability_integral_transform",
        lambda *arguments: 0.5 * uniform_of(*arguments),
    ),
    "no draw from the step": (
        check_counts_by_their_steps,
        "_probability_integral_transform",
        lambda values, x, whole, seed: uniform_of(values, x, False, seed),
    ),
    "a sum over the row": (
        check_a_true_model,
        "_row_means",
        lambda values, weights: values.sum(axis=1),
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_a_check(name):
    check, *change = MUTATIONS[name]
    assert_killed([(module, *change)], {check.__name__: check})


def small_model(likelihood, **options):
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([4]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([4]), likelihood),
        **options,
    )


@pytest.mark.parametrize(
    "name",
    [
        "Gamma",
        "Laplace",
        "StudentT",
        "ContinuousBernoulli",
        "DiscretizedLogistic",
        "Poisson",
        "NegativeBinomial",
        "ZeroInflatedNegativeBinomial",
    ],
)
def test_draws_of_a_model_are_calibrated_under_it(name):
    vae = small_model(getattr(likelihoods, name)([3]))
    # The decoder does without z, so that the posterior does not matter.
    for layer in vae.decoder.trunk.layers:
        layer.set_weights([np.zeros_like(each) for each in layer.get_weights()])
    result = evaluation.calibration(vae, vae.sample(600, seed=3).numpy(), [0.5, 0.9])
    # Beyond 5 standard errors in 1e-6 of all seeds, were the seed not fixed.
    assert (np.abs(result.coverage - result.levels) < 5.0 * result.coverage_standard_error).all()


def test_heavy_tails_are_distinguished_from_a_large_scale():
    vae = small_model(likelihoods.Normal([3], scale=1.0))
    for layer in vae.decoder.trunk.layers:
        layer.set_weights([np.zeros_like(each) for each in layer.get_weights()])
    x = stats.t(df=3, scale=np.sqrt(1 / 3)).rvs([2000, 3], random_state=1)
    assert "Student's t" in evaluation.calibration(vae, x).verdict
    assert "too wide" in evaluation.calibration(vae, np.clip(x, -1.0, 1.0)).verdict


def test_a_likelihood_without_a_standard_deviation_has_no_spread():
    vae = small_model(likelihoods.DiscretizedLogistic([3], levels=8))
    result = evaluation.calibration(vae, np.ones([20, 3]))
    assert np.isnan(result.residual_spread)
    assert np.isfinite(result.coverage).all()
    assert plotting.calibration(result).get_title() == ""


def test_missing_values_do_not_count():
    vae = small_model(likelihoods.Normal([3]), missing_values=np.nan)
    x = np.random.default_rng(0).normal(size=[50, 3])
    x[:, 1] = np.nan
    x[7] = np.nan
    result = evaluation.calibration(vae, x)
    other = x.copy()
    rows = np.delete(x, 7, axis=0)
    assert np.isfinite(result.coverage).all()
    assert np.isfinite(result.residual_spread)
    assert (result.coverage <= 1.0).all()
    np.testing.assert_array_equal(x, other)
    assert evaluation.calibration(vae, rows).coverage.shape == result.coverage.shape


def test_the_table_and_the_plot_show_the_numbers():
    result = evaluation.calibration(MODEL.vae(), MODEL.draws(100))
    text = str(result)
    for number in (*result.coverage, result.residual_spread):
        assert f"{number:.3f}" in text
    assert result.verdict in text
    axes = plotting.calibration(result)
    assert f"{result.residual_spread:.2f}" in axes.get_title()
    assert plotting.calibration(result, ax=axes) is axes


def test_wrong_arguments_are_named():
    vae, x = MODEL.vae(), MODEL.draws(10)
    for levels in ([], [0.0], [0.5, 1.0], 0.5):
        with pytest.raises(ValueError, match="`levels`"):
            evaluation.calibration(vae, x, levels)
    with pytest.raises(ValueError, match="two rows"):
        evaluation.calibration(vae, x[:1])
    with pytest.raises(ValueError, match="got a Bernoulli"):
        evaluation.calibration(small_model(likelihoods.Bernoulli([3])), np.ones([4, 3]))
