"""Priors that are fitted to the latents afterwards."""

import keras
import numpy as np
import pytest

from tests.support.small_models import BINARY, REAL, compiled_vae, small_vae
from tfp_vae import HierarchicalVAE, likelihoods, objectives, priors
from tfp_vae.testing import LinearGaussian, assert_close


@pytest.mark.usefixtures("float64")
def test_a_normal_prior_has_the_moments_of_the_aggregate_posterior():
    """By the closed form, up to the error of 20,000 draws and of training."""
    model = LinearGaussian.drawn(2)
    vae, x = model.vae(0.3, 1.4), model.draws(500)
    refitted = vae.refit_prior(priors.Normal(), x, epochs=5)
    q = vae.posterior(x)
    mean = q.mean().numpy()
    variance = q.variance().numpy().mean(axis=0) + mean.var(axis=0)
    assert_close(refitted.prior().mean(), mean.mean(axis=0), 0.0, 0.1)
    assert_close(refitted.prior().stddev(), np.sqrt(variance), 0.05)
    before, after = (each.elbo(x, seed=0) for each in (vae, refitted))
    np.testing.assert_array_equal(before.log_likelihood, after.log_likelihood)
    assert np.mean(after.elbo) > np.mean(before.elbo)


def test_the_model_stays_and_the_copy_has_its_networks():
    vae = compiled_vae()
    vae.fit(BINARY, epochs=1, verbose=0)
    before = vae.get_weights()
    refitted = vae.refit_prior(priors.MixtureOfGaussians(2), BINARY, epochs=1)
    for one, another in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, another)
    for part in ("encoder", "decoder"):
        own, copied = (getattr(each, part) for each in (vae, refitted))
        assert not {id(weight) for weight in own.weights} & {
            id(weight) for weight in copied.weights
        }
        for one, another in zip(own.weights, copied.weights, strict=True):
            np.testing.assert_array_equal(one, another)
    assert type(vae.prior_layer) is priors.StandardNormal
    assert "Monte Carlo" in refitted.kl_declaration
    refitted.fit(BINARY, epochs=1, verbose=0)


def test_it_saves_and_loads(tmp_path):
    keras.utils.set_random_seed(0)
    refitted = compiled_vae().refit_prior(priors.MixtureOfGaussians(2), BINARY, epochs=1)
    refitted.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    assert_close(loaded.elbo(BINARY, seed=1).elbo, refitted.elbo(BINARY, seed=1).elbo, 1e-6, 1e-6)


KINDS = {
    "a flow": (small_vae, lambda: priors.RealNVP(steps=1, units=[4])),
    "a flow of splines": (small_vae, lambda: priors.NeuralSplineFlow(steps=1, units=[4])),
    "pseudo-inputs": (small_vae, lambda: priors.VampPrior(4)),
    "a condition": (
        lambda: small_vae(condition=keras.layers.CategoryEncoding(2, output_mode="one_hot")),
        priors.ConditionalNormal,
    ),
    "two layers": (
        lambda: HierarchicalVAE.from_mlps(likelihoods.Bernoulli([4]), [4, 2], [[5], [5]]),
        lambda: priors.MixtureOfGaussians(2),
    ),
}


@pytest.mark.nightly
@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_prior_raises_the_bound(name):
    keras.utils.set_random_seed(1)
    make, prior = KINDS[name]
    vae = make()
    y = np.arange(23) % 2 if name == "a condition" else None
    refitted = vae.refit_prior(prior(), BINARY, y, epochs=15, learning_rate=0.01)
    before, after = (
        np.mean(each.elbo(BINARY, 50, seed=0, condition=y).elbo) for each in (vae, refitted)
    )
    assert after > before


def test_pseudo_inputs_begin_at_data():
    refitted = small_vae(likelihoods.Normal([4])).refit_prior(priors.VampPrior(4), REAL, epochs=1)
    assert int(refitted.prior_layer.seen) == 1


@pytest.mark.parametrize(
    ("prior", "error", "message"),
    [
        (priors.StandardNormal(), ValueError, "`prior` must have weights to fit"),
        ("mixture", TypeError, "`prior` must be"),
        (priors.SphericalUniform(), ValueError, "`prior` must"),
    ],
)
def test_a_prior_that_cannot_be_fitted_is_refused(prior, error, message):
    with pytest.raises(error, match=message):
        small_vae().refit_prior(prior, BINARY)


def test_an_objective_that_does_not_take_the_prior_is_named():
    vae = small_vae(objective=objectives.BetaTCVAE(23))
    with pytest.raises(ValueError, match="`prior` must have independent latents"):
        vae.refit_prior(priors.MixtureOfGaussians(2), BINARY)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "`epochs` must be a positive int"),
        ({"learning_rate": 0.0}, "`learning_rate` must be"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        small_vae().refit_prior(priors.Normal(), BINARY, **options)


def test_rows_that_can_be_read_only_once_are_refused():
    with pytest.raises(ValueError, match="`x` must be data that can be read more than once"):
        small_vae().refit_prior(priors.Normal(), (row for row in [BINARY]))


def test_one_row_is_refused():
    with pytest.raises(ValueError, match="`x` must hold at least two rows; got 1"):
        small_vae().refit_prior(priors.Normal(), BINARY[:1])
