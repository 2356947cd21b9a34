"""Models of several layers of latents, used as Keras users do, and parts that do not fit."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.small_models import BINARY, LOGS
from tfp_vae import likelihoods, networks, objectives, posteriors, priors
from tfp_vae.testing import (
    assert_close,
    assert_config_is_a_fixed_point,
)


def three_layers(**options):
    return tfp_vae.HierarchicalVAE.from_mlps(
        likelihoods.Bernoulli([4]), latent_sizes=[3, 2, 1], units=[[6], [5, 4], [3]], **options
    )


@pytest.mark.nightly
def test_three_layers_train_save_and_serve(tmp_path):
    vae = three_layers(objective=objectives.IWAE(importance_sample_size=3))
    assert vae.latent_sizes == [3, 2, 1]
    assert vae.latent_size == 6
    vae.compile(run_eagerly=True)
    before = vae.get_weights()
    log = vae.fit(BINARY, epochs=2, verbose=0).history
    assert sorted(log) == LOGS
    assert np.isfinite(log["loss"]).all()
    assert all((one != other).any() for one, other in zip(before, vae.get_weights(), strict=True))
    assert vae.predict(BINARY, verbose=0).shape == (23, 4)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    assert_close(loaded.elbo(BINARY, seed=0).elbo, vae.elbo(BINARY, seed=0).elbo)
    assert_config_is_a_fixed_point(vae)
    vae.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "served"))
    terms = served.elbo(tf.constant(BINARY), tf.constant([0, 7]))
    np.testing.assert_allclose(terms["elbo"], vae.elbo(BINARY, seed=7).elbo, rtol=1e-4)
    assert served.encode(tf.constant(BINARY))["mean"].shape == [23, 6]


@pytest.mark.nightly
def test_both_ways_to_fit_end_in_the_same_weights():
    weights = []
    for eagerly in (False, True):
        keras.utils.set_random_seed(5)
        vae = tfp_vae.HierarchicalVAE.from_mlps(
            likelihoods.Bernoulli([4]), latent_sizes=[2, 1], units=[[3], [3]]
        )
        vae.compile(keras.optimizers.Adam(0.01), run_eagerly=eagerly)
        vae.fit(BINARY, epochs=2, batch_size=12, verbose=0)
        weights.append(vae.get_weights())
    for one, another in zip(*weights, strict=True):
        np.testing.assert_allclose(one, another, rtol=1e-4, atol=1e-5)


def test_the_defaults_are_the_network_of_burda():
    vae = tfp_vae.HierarchicalVAE.from_mlps(likelihoods.Bernoulli([784]))
    dense = lambda inputs, units: (inputs + 1) * units  # noqa: E731
    up = dense(784, 200) + dense(200, 200) + 2 * dense(200, 100)
    up += dense(100, 100) + dense(100, 100) + 2 * dense(100, 50)
    down = dense(50, 100) + dense(100, 100) + 2 * dense(100, 100)
    down += dense(100, 200) + dense(200, 200) + dense(200, 784)
    # Beside the network, a constant is added to every logit.
    trained = sum(np.prod(variable.shape) for variable in vae.trainable_variables)
    assert trained == up + down + 784


def _transition(size):
    return tfp_vae.Transition(networks.mlp([3]), posteriors.MultivariateNormalDiag(size))


def _encoder(size):
    return tfp_vae.Encoder(networks.mlp([3]), posteriors.MultivariateNormalDiag(size))


def _decoder():
    return tfp_vae.Decoder(networks.mlp([3]), likelihoods.Bernoulli([4]))


@pytest.mark.parametrize(
    ("encoders", "decoders", "error", "message"),
    [
        (
            lambda: [_encoder(3), _transition(2)],
            lambda: [_decoder(), _transition(5)],
            ValueError,
            r"`decoders\[1\]` must give the 3 latents of layer 1 .* got 5",
        ),
        (
            lambda: [_encoder(3), _transition(2)],
            lambda: [_decoder()],
            ValueError,
            "`decoders` must be as many as `encoders`.* got 1 and 2",
        ),
        (
            lambda: [_encoder(3), _transition(2), _encoder(1)],
            lambda: [_decoder(), _transition(3), _transition(2)],
            TypeError,
            r"`encoders\[2\]` must be a Transition",
        ),
        (lambda: _encoder(3), lambda: [_decoder()], TypeError, "`encoders` must be a list"),
        (
            lambda: [_encoder(3)],
            lambda: [_transition(3)],
            TypeError,
            r"`decoders\[0\]` must be a Decoder",
        ),
    ],
)
def test_layers_that_do_not_fit_are_named(encoders, decoders, error, message):
    with pytest.raises(error, match=message):
        tfp_vae.HierarchicalVAE(encoders(), decoders())


def test_free_bits_and_uneven_lists_are_refused():
    with pytest.raises(ValueError, match="`free_bits` must be 0"):
        three_layers(objective=objectives.ELBO(free_bits=0.1))
    with pytest.raises(ValueError, match="`units` must have one list of widths"):
        tfp_vae.HierarchicalVAE.from_mlps(likelihoods.Bernoulli([4]), [3, 2], [[3]])


def two_layers(first, upward, downward, prior):
    return tfp_vae.HierarchicalVAE(
        [tfp_vae.Encoder(networks.mlp([4]), first), tfp_vae.Transition(networks.mlp([4]), upward)],
        [
            tfp_vae.Decoder(networks.mlp([4]), likelihoods.Bernoulli([4])),
            tfp_vae.Transition(networks.mlp([4]), downward),
        ],
        prior=prior,
    )


def test_layers_are_of_any_normals_and_priors():
    vae = two_layers(
        posteriors.MultivariateNormalTriL(3),
        posteriors.MultivariateNormalDiagPlusLowRank(2, rank=1),
        posteriors.MultivariateNormalTriL(3),
        priors.MixtureOfGaussians(2),
    )
    vae.compile(run_eagerly=True)
    vae.fit(BINARY, verbose=0)
    assert np.isfinite(vae.elbo(BINARY, seed=0).elbo).all()
    assert "Monte Carlo" in vae.kl_declaration


@pytest.mark.parametrize(
    ("prior", "first", "message"),
    [
        (
            priors.VampPrior(2),
            posteriors.MultivariateNormalDiag(3),
            r"`prior` must be one without the encoder",
        ),
        (
            priors.SphericalUniform(),
            posteriors.MultivariateNormalDiag(3),
            r"`prior` must be a distribution over the latents of MultivariateNormalDiag",
        ),
        (
            priors.StandardNormal(),
            posteriors.PowerSpherical(3),
            r"`prior` must be a distribution over the latents of PowerSpherical",
        ),
    ],
)
def test_layers_over_different_sets_are_refused(prior, first, message):
    with pytest.raises(ValueError, match=message):
        two_layers(
            first,
            posteriors.MultivariateNormalDiag(2),
            posteriors.MultivariateNormalDiag(3),
            prior,
        )
