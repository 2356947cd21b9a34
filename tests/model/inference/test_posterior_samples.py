"""Draws from the exact posterior, on models where it is known."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.small_models import BINARY, small_vae, vae_with
from tfp_vae import posteriors, priors
from tfp_vae.testing import LinearGaussian

pytestmark = pytest.mark.filterwarnings("ignore:The chains of a row disagree")

MODEL = LinearGaussian.drawn(2)


@pytest.fixture(scope="module")
def drawn():
    x = MODEL.draws(3)
    keras.config.set_dtype_policy("float64")
    try:
        return MODEL.vae(0.3, 1.4).posterior_samples(x, sample_size=200, warm_up=100), x
    finally:
        keras.config.set_dtype_policy("float32")


def test_draws_have_the_moments_of_the_exact_posterior(drawn):
    """Twelve z-scores below 5, with the effective sample size as count: fails once in 10^5."""
    found, x = drawn
    mean, stddev = MODEL.posterior_moments(x)
    count = found.effective_sample_size
    assert np.all(count > 100.0)
    z_of_mean = (found.samples.mean(axis=(0, 1)) - mean) / (stddev / np.sqrt(count))
    squares = ((found.samples - mean) / stddev) ** 2
    # Squares may be correlated where their roots are not: counted as half as many.
    z_of_variance = (squares.mean(axis=(0, 1)) - 1.0) / np.sqrt(2.0 / (0.5 * count))
    assert np.abs(z_of_mean).max() < 5.0
    assert np.abs(z_of_variance).max() < 5.0


def test_the_latents_of_the_exact_posterior_are_independent(drawn):
    found, x = drawn
    mean, stddev = MODEL.posterior_moments(x)
    standard = (found.samples - mean) / stddev
    products = standard[..., 0] * standard[..., 1]
    assert np.abs(products.mean(axis=(0, 1))).max() < 5.0 / np.sqrt(100.0)


def test_chains_agree_and_accept(drawn):
    found, _ = drawn
    assert found.samples.shape == (200, 4, 3, 2)
    assert found.potential_scale_reduction.shape == found.effective_sample_size.shape == (3, 2)
    assert np.all(np.abs(found.potential_scale_reduction - 1.0) < 0.05)
    assert np.all((found.acceptance_rate > 0.5) & (found.acceptance_rate < 0.99))


def test_chains_that_were_not_run_for_long_are_warned_of():
    vae = small_vae(latent_size=2)
    wide = tf.constant(BINARY[:2])
    vae.encoder.posterior.heads["scale"].bias.assign([30.0, 30.0])
    with pytest.warns(UserWarning, match=r"R-hat is .*Raise `warm_up` and `sample_size`"):
        vae.posterior_samples(wide.numpy(), sample_size=4, warm_up=1)


@pytest.mark.usefixtures("float64")
def test_hamiltonian_monte_carlo_agrees():
    """Four z-scores below 5: fails once in 400,000."""
    x = MODEL.draws(2)
    found = MODEL.vae(0.3, 1.4).posterior_samples(x, method="hmc", sample_size=200, warm_up=100)
    mean, stddev = MODEL.posterior_moments(x)
    error = stddev / np.sqrt(found.effective_sample_size)
    assert np.abs((found.samples.mean(axis=(0, 1)) - mean) / error).max() < 5.0


@pytest.mark.nightly
def test_equal_seeds_give_equal_draws_and_a_condition_counts():
    keras.utils.set_random_seed(0)
    vae = small_vae(condition=keras.layers.CategoryEncoding(2, output_mode="one_hot"))
    y = np.array([0, 1])
    first, second = (
        vae.posterior_samples(BINARY[:2], y, sample_size=20, warm_up=20, seed=3).samples
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
    other = vae.posterior_samples(BINARY[:2], y[::-1].copy(), sample_size=20, warm_up=20, seed=3)
    assert np.abs(other.samples - first).max() > 1e-3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "gibbs"}, "`method` must be one of 'nuts', 'hmc'; got 'gibbs'"),
        ({"chains": 1}, "`chains` must be at least 2 and `sample_size` at least 4"),
        ({"sample_size": 3}, "`chains` must be at least 2 and `sample_size` at least 4"),
        ({"warm_up": 0}, "`warm_up` must be a positive int"),
        ({"condition": BINARY}, "`condition` must be None"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        small_vae().posterior_samples(BINARY, **options)


@pytest.mark.parametrize(
    ("posterior", "prior"),
    [
        (posteriors.Categorical(3), priors.Categorical(3)),
        (posteriors.PowerSpherical(3), priors.SphericalUniform()),
    ],
)
def test_latents_on_a_part_of_the_real_numbers_are_refused(posterior, prior):
    with pytest.raises(ValueError, match="`vae` must have a prior on all of the real numbers"):
        vae_with(posterior, prior).posterior_samples(BINARY)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "prior",
    [
        priors.RealNVP(1, [3]),
        priors.NeuralSplineFlow(1, [3]),
        priors.MixtureOfGaussians(2),
        priors.VampPrior(2),
    ],
    ids=lambda prior: type(prior).__name__,
)
def test_priors_of_all_real_vectors_are_taken(prior):
    vae = small_vae(prior=prior)
    found = vae.posterior_samples(BINARY[:2], sample_size=4, warm_up=4, chains=2, method="hmc")
    assert found.samples.shape == (4, 2, 2, 2)
    assert np.isfinite(found.samples).all()
