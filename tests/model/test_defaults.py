"""`VAE.for_data`: likelihood and networks chosen from the data."""

import keras
import numpy as np
import pytest

import tfp_vae
from tfp_vae import likelihoods, objectives, priors

RNG = np.random.default_rng(0)


def test_a_model_for_data_says_why_and_scores_it():
    x = RNG.integers(0, 2, [9, 3])
    vae = tfp_vae.VAE.for_data(x, latent_size=2)
    assert "binary" in vae.suggestion.reason
    assert vae.latent_size == 2
    assert vae.elbo(x, seed=0).elbo.shape == [9]


def test_a_model_for_images_has_convolutions():
    vae = tfp_vae.VAE.for_data(RNG.uniform(size=[2, 17, 16, 1]), latent_size=2)
    kinds = {type(layer).__name__ for layer in vae.encoder.trunk.layers}
    assert "Conv2D" in kinds
    assert vae.predict(np.zeros([2, 17, 16, 1]), verbose=0).shape == (2, 17, 16, 1)


def test_a_likelihood_given_for_other_data_is_refused():
    with pytest.raises(ValueError, match="0 or 1"):
        tfp_vae.VAE.for_data(RNG.uniform(size=[9, 3]), likelihood="bernoulli")
    with pytest.raises(ValueError, match="`likelihood` must be one of"):
        tfp_vae.VAE.for_data(RNG.uniform(size=[9, 3]), likelihood="gaussian")
    with pytest.raises(ValueError, match="`likelihood` must have the event shape of the rows"):
        tfp_vae.VAE.for_data(RNG.uniform(size=[9, 3]), likelihood=likelihoods.Normal([4]))


def test_the_prior_on_the_weights_is_shared_among_the_rows():
    vae = tfp_vae.VAE.for_data(RNG.normal(size=[20, 3]), latent_size=2, likelihood="normal")
    kernels = [
        layer.kernel.numpy()
        for trunk in (vae.encoder.trunk, vae.decoder.trunk)
        for layer in trunk.layers
        if layer.weights
    ]
    assert len(kernels) == 4
    log_density = -0.5 * 10.0 * sum(float((kernel**2).sum()) for kernel in kernels)
    penalty = sum(float(each) for each in vae.losses)
    np.testing.assert_allclose(penalty, -log_density / 20, rtol=1e-4)


def test_a_model_that_does_not_begin_as_factor_analysis_has_no_prior_on_its_weights():
    x = RNG.gamma(2.0, size=[20, 3])
    assert tfp_vae.VAE.for_data(x, latent_size=2, likelihood="gamma").losses == []
    binary_too = likelihoods.Product(
        [([0], likelihoods.Bernoulli([1])), ([1, 2], likelihoods.Normal([2]))]
    )
    x[:, 0] = x[:, 0] > 1.0
    assert tfp_vae.VAE.for_data(x, latent_size=2, likelihood=binary_too).losses == []


def test_missing_values_are_taken_where_they_are_declared():
    x = np.random.default_rng(0).normal(size=[25, 3])
    x[4, 1] = np.nan
    with pytest.raises(ValueError, match="takes it with missing_values"):
        tfp_vae.VAE.for_data(x)
    vae = tfp_vae.VAE.for_data(x, latent_size=2, missing_values=np.nan, verbose=0)
    assert np.isfinite(vae.elbo(x, seed=0).elbo).all()
    coded = np.where(np.isnan(x), -9.0, x)
    assert tfp_vae.VAE.for_data(coded, missing_values=-9.0, verbose=0).missing.code == -9.0


def test_prior_objective_and_layers_can_be_given():
    x = np.random.default_rng(0).normal(size=[20, 3])
    vae = tfp_vae.VAE.for_data(
        x,
        latent_size=2,
        prior=priors.MixtureOfGaussians(3),
        objective=objectives.IWAE(5),
        hidden_layer_sizes=[9, 5],
        verbose=0,
    )
    assert isinstance(vae.prior_layer, priors.MixtureOfGaussians)
    assert isinstance(vae.objective, objectives.IWAE)
    for trunk, widths in ((vae.encoder.trunk, [9, 5]), (vae.decoder.trunk, [5, 9])):
        assert [each.units for each in trunk.layers if hasattr(each, "units")] == widths
    with pytest.raises(ValueError, match="`hidden_layer_sizes` must be"):
        tfp_vae.VAE.for_data(x, hidden_layer_sizes=[0])


def test_a_model_for_data_may_have_a_condition():
    x, y = RNG.integers(0, 2, [9, 3]), np.arange(9) % 2
    layer = keras.layers.CategoryEncoding(2, output_mode="one_hot")
    vae = tfp_vae.VAE.for_data(x, latent_size=2, condition=layer, verbose=0)
    assert vae.elbo(x, seed=0, condition=y).elbo.shape == [9]
