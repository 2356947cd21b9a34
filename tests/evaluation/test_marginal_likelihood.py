"""Importance sampling against a linear-Gaussian model, whose log p(x) is known."""

import numpy as np
import pytest
from scipy import stats
from scipy.stats import multivariate_normal

import tfp_vae
from tfp_vae import evaluation, likelihoods, networks, posteriors
from tfp_vae.testing import LinearGaussian

SCALE = 0.7


@pytest.fixture(scope="module")
def linear():
    return linear_gaussian()


def linear_gaussian():
    """A linear-Gaussian model whose encoder is near its exact posterior, and a little too wide."""
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([]), posteriors.MultivariateNormalDiag(1)),
        tfp_vae.Decoder(networks.mlp([]), likelihoods.Normal([3], scale=SCALE)),
    )
    generator = np.random.default_rng(0)
    direction, shift = generator.normal(size=[1, 3]), generator.normal(size=3)
    vae.decoder.likelihood.heads["loc"].set_weights([direction, shift])
    variance = 1.0 / (1.0 + np.sum(direction**2) / SCALE**2)
    gain = variance * direction.T / SCALE**2
    heads = vae.encoder.posterior.heads
    heads["loc"].set_weights([gain, -shift @ gain])
    wider = 1.3 * np.sqrt(variance)
    heads["scale"].set_weights([np.zeros([3, 1]), np.log(np.expm1([wider]))])
    x = generator.normal(size=[43, 3])
    covariance = direction.T @ direction + SCALE**2 * np.eye(3)
    return vae, x, multivariate_normal(shift, covariance).logpdf(x)


def test_estimates_are_exact_within_their_standard_error(linear):
    vae, x, exact = linear
    result = evaluation.log_marginal_likelihood(vae, x, importance_sample_size=2050, seed=0)
    scores = (result.estimate - exact) / result.standard_error
    # 43 scores beyond 5: fails by chance in 2.5e-5 of all seeds, were the seed not fixed.
    assert np.abs(scores).max() < 5.0
    # The mean square of 43 independent scores is 1 with standard deviation 0.22.
    assert 0.2 < np.mean(scores**2) < 2.1
    assert (result.effective_sample_size > 0.5 * 2050).all()
    assert (result.effective_sample_size < 2050).all()


def test_the_exact_posterior_needs_one_draw(linear):
    vae, x, exact = linear
    head = vae.encoder.posterior.heads["scale"]
    kernel, bias = head.get_weights()
    head.set_weights([kernel, np.log(np.expm1(np.log1p(np.exp(bias)) / 1.3))])
    try:
        result = evaluation.log_marginal_likelihood(vae, x, importance_sample_size=1, seed=3)
    finally:
        head.set_weights([kernel, bias])
    np.testing.assert_allclose(result.estimate, exact, rtol=1e-4)
    assert np.isnan(result.standard_error).all()


def test_the_sample_size_need_not_divide_into_what_is_taken_at_once(linear):
    vae, x, _ = linear
    sizes = {
        size: evaluation.log_marginal_likelihood(vae, x[:2], size, seed=1).effective_sample_size
        for size in (1, 3, 101)
    }
    np.testing.assert_allclose(sizes[1], 1.0, rtol=1e-5)
    assert ((sizes[3] > 1.0) & (sizes[3] <= 3.0 + 1e-4)).all()
    assert ((sizes[101] > 50.0) & (sizes[101] <= 101.0)).all()


def test_the_same_seed_gives_the_same_estimate(linear):
    vae, x, _ = linear
    first, second, other = (
        evaluation.log_marginal_likelihood(vae, x[:3], 10, seed=seed).estimate for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, second)
    assert (first != other).all()


def test_wrong_arguments_are_named(linear):
    vae, x, _ = linear
    with pytest.raises(ValueError, match="importance_sample_size"):
        evaluation.log_marginal_likelihood(vae, x, 0)
    with pytest.raises(ValueError, match=r"\[batch, 3\]"):
        evaluation.log_marginal_likelihood(vae, x[:, :2])
    with pytest.raises(TypeError, match="vae"):
        evaluation.log_marginal_likelihood(lambda x: x, x)


def test_a_sample_too_small_to_believe_is_warned_of():
    model = LinearGaussian.drawn(2)
    vae, x = model.vae(loc_shift=4.0, scale_factor=0.3), model.draws(4)
    with pytest.warns(UserWarning, match="4 of 4 rows have an effective sample size below 10"):
        result = evaluation.log_marginal_likelihood(vae, x, 1000)
    assert (result.effective_sample_size < 10).all()
    assert (result.estimate < model.log_marginal_likelihood(x)).all()


def test_bits_per_dimension_and_the_table(linear):
    vae, x, _ = linear
    result = evaluation.log_marginal_likelihood(vae, x, 100)
    np.testing.assert_allclose(result.bits_per_dimension, -result.estimate / 3 / np.log(2.0))
    np.testing.assert_allclose(result.mean, result.estimate.mean())
    np.testing.assert_allclose(result.mean_standard_error, stats.sem(result.estimate))
    text = str(result)
    assert f"{result.mean:.3f} ± {result.mean_standard_error:.3f}" in text
    assert f"{result.bits_per_dimension.mean():.3f}" in text
    assert "43 rows" in text


def test_a_signature_is_traced_once_over_evaluations(monkeypatch):
    vae, x, _ = linear_gaussian()
    evaluation.log_marginal_likelihood(vae, x, importance_sample_size=30)
    traces = []
    original = vae.distributions

    def counted(*arguments):
        traces.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(vae, "distributions", counted)
    for rows, size, seed in ((43, 30, 1), (43, 250, 1), (21, 101, 0)):
        evaluation.log_marginal_likelihood(vae, x[:rows], importance_sample_size=size, seed=seed)
    assert not traces
    # Fewer rows than a block holds are another signature.
    for _ in range(2):
        evaluation.log_marginal_likelihood(vae, x[:7], importance_sample_size=30)
    assert len(traces) == 1
