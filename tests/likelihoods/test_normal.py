import keras
import numpy as np
import pytest

import tfp_vae
from tfp_vae import likelihoods, networks, posteriors

X = np.random.default_rng(0).normal(scale=[0.2, 3.0, 1.0, 1.0], size=[40, 4]).astype("float32")


def _vae(scale):
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([4]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([4]), likelihoods.Normal([4], scale=scale, scale_floor=1e-3)),
    )
    vae.compile(keras.optimizers.Adam(0.05), run_eagerly=True)
    return vae


@pytest.mark.parametrize("scale", [0.5, "shared", "learned", "calibrated"])
def test_every_scale_trains(scale):
    vae = _vae(scale)
    before = np.mean(vae.elbo(X, seed=0).elbo)
    vae.fit(X, epochs=8, batch_size=40, verbose=0)
    assert np.mean(vae.elbo(X, seed=0).elbo) > before


def test_a_fixed_scale_stays():
    vae = _vae(0.5)
    vae.fit(X, verbose=0)
    assert (vae.reconstruct(X).stddev().numpy() == 0.5).all()


def test_a_shared_scale_is_one_number_and_learned():
    vae = _vae("shared")
    vae.fit(X, epochs=3, verbose=0)
    stddev = vae.reconstruct(X).stddev().numpy()
    assert np.unique(stddev).size == 1
    assert not np.isclose(stddev.flat[0], 1.0 + 1e-3)


def test_a_learned_scale_is_one_number_for_every_value():
    assert np.unique(_vae("learned").reconstruct(X).stddev().numpy()).size == X.size


def test_a_calibrated_scale_is_the_best_of_the_batch_in_training():
    layer = likelihoods.Normal([4], scale="calibrated", scale_floor=0.0)
    loc = layer(np.zeros([40, 3], "float32"))
    fitted = layer.fitted_to(loc, X)
    best = np.sqrt(np.mean((X - loc.mean()) ** 2))
    np.testing.assert_allclose(fitted.stddev(), np.full([40, 4], best), rtol=1e-5)
    log_prob = np.sum(fitted.log_prob(X))
    for other in (0.95 * best, 1.05 * best):
        alternative = likelihoods.Normal([4], scale=float(other))
        alternative.build([None, 3])
        alternative.heads["loc"].set_weights(layer.heads["loc"].get_weights())
        assert np.sum(alternative(np.zeros([40, 3], "float32")).log_prob(X)) < log_prob


def test_a_calibrated_scale_is_a_running_average_outside_training():
    layer = likelihoods.Normal([4], scale="calibrated", scale_floor=0.0)
    features = np.zeros([40, 3], "float32")
    np.testing.assert_allclose(layer(features).stddev(), 1.0)
    variances = []
    for factor in (1.0, 2.0, 3.0):
        layer.fitted_to(layer(features), factor * X)
        variances.append(np.mean((factor * X) ** 2))
    weights = 0.99 ** np.arange(3)[::-1]
    expected = np.sqrt(np.average(variances, weights=weights))
    np.testing.assert_allclose(layer(features).stddev(), expected, rtol=1e-4)


def test_only_training_moves_a_calibrated_scale(tmp_path):
    vae = _vae("calibrated")
    vae.fit(X, verbose=0)
    stddev = vae.reconstruct(X).stddev().numpy()
    vae.evaluate(X, verbose=0)
    vae.predict(X, verbose=0)
    vae.elbo(X, seed=0)
    np.testing.assert_array_equal(vae.reconstruct(X).stddev(), stddev)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(loaded.reconstruct(X).stddev(), stddev)
