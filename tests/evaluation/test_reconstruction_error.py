"""Reconstruction errors, against linear models and counts by hand."""

import keras
import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

import tfp_vae
from tfp_vae import evaluation, likelihoods, networks, posteriors
from tfp_vae.testing import LinearGaussian

MODEL = LinearGaussian.drawn(3)
X = MODEL.draws(60)


def small_model(likelihood, **options):
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([4]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([4]), likelihood),
        **options,
    )


@pytest.mark.usefixtures("float64")
def test_errors_are_those_of_scikit_learn():
    mean, _ = MODEL.posterior_moments(X)
    reconstruction = mean @ MODEL.weights.T + MODEL.offset
    result = evaluation.reconstruction_error(MODEL.vae(), X, batch_size=25)
    assert result.squared.shape == (60,)
    assert result.mean_squared == pytest.approx(mean_squared_error(X, reconstruction))
    assert result.mean_absolute == pytest.approx(mean_absolute_error(X, reconstruction))
    explained = r2_score(X, reconstruction, multioutput="variance_weighted")
    assert result.explained == pytest.approx(explained)
    error = (X - reconstruction) ** 2
    expected = error.mean(axis=1).std(ddof=1) / np.sqrt(60)
    assert result.mean_squared_standard_error == pytest.approx(expected)


def test_the_prediction_of_keras_is_what_is_measured():
    vae = small_model(likelihoods.Normal([4]))
    result = evaluation.reconstruction_error(vae, X)
    predicted = vae.predict(X, verbose=0)
    np.testing.assert_allclose(result.absolute, np.abs(X - predicted).mean(axis=1), rtol=1e-4)


def test_class_codes_are_right_or_wrong():
    x = np.random.default_rng(0).integers(0, 3, [30, 4])
    vae = small_model(likelihoods.Categorical([4], classes=3))
    predicted = vae.predict(x, verbose=0)
    result = evaluation.reconstruction_error(vae, x)
    np.testing.assert_allclose(result.squared, (x != predicted).mean(axis=1), rtol=1e-6)
    np.testing.assert_array_equal(result.squared, result.absolute)
    most = np.array([np.bincount(column).argmax() for column in x.T])
    np.testing.assert_allclose(result.squared_of_mean, (x != most).mean(axis=1))


def test_columns_of_a_table_are_measured_as_what_they_are():
    rng = np.random.default_rng(0)
    x = np.stack([rng.normal(size=30), rng.integers(0, 3, 30), rng.normal(size=30)], axis=1)
    vae = small_model(
        likelihoods.Product(
            [([0, 2], likelihoods.Normal([2])), ([1], likelihoods.Categorical([1], classes=3))]
        )
    )
    predicted = vae.predict(x, verbose=0)
    error = np.abs(x - predicted)
    error[:, 1] = x[:, 1] != predicted[:, 1]
    result = evaluation.reconstruction_error(vae, x)
    np.testing.assert_allclose(result.absolute, error.mean(axis=1), rtol=1e-4)


def test_missing_values_do_not_count():
    vae = small_model(likelihoods.Normal([4]), missing_values=np.nan)
    holes = X.copy()
    holes[:, 1] = np.nan
    holes[3] = np.nan
    result = evaluation.reconstruction_error(vae, holes)
    predicted = vae.predict(holes, verbose=0)
    expected = np.nanmean(np.abs(np.delete(holes - predicted, [3], axis=0)), axis=1)
    np.testing.assert_allclose(result.absolute, expected, rtol=1e-4)
    assert np.isfinite(result.explained)


def test_the_error_is_that_of_what_the_preprocess_layer_returns():
    plain, scaled = (
        small_model(likelihoods.Normal([4]), preprocess=preprocess)
        for preprocess in (None, keras.layers.Rescaling(10.0))
    )
    scaled.set_weights(plain.get_weights())
    np.testing.assert_allclose(
        evaluation.reconstruction_error(scaled, X / 10.0).squared,
        evaluation.reconstruction_error(plain, X).squared,
        rtol=1e-4,
    )


def test_the_table_shows_every_number():
    result = evaluation.reconstruction_error(MODEL.vae(), X)
    for number in (result.mean_squared, result.mean_absolute):
        assert f"{number:.3f}" in str(result)
    assert f"{result.explained:.1%}" in str(result)
    assert str(evaluation.reconstruction_error(MODEL.vae(), X[:1]))


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"\[batch, 4\]"):
        evaluation.reconstruction_error(MODEL.vae(), X[:, :2])
    with pytest.raises(TypeError, match="`vae`"):
        evaluation.reconstruction_error(None, X)
