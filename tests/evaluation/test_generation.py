"""Draws of small models beside held-out rows: a true model, a wrong one, and one that copies."""

import builtins
import re

import keras
import numpy as np
import pytest
import scipy.sparse

import tfp_vae
from tests.support.small_models import BINARY, REAL, small_vae
from tfp_vae import evaluation, likelihoods, networks, posteriors
from tfp_vae.testing import LinearGaussian

MODEL = LinearGaussian.drawn(1, event_size=3, latent_size=2)
X = MODEL.draws(150, seed=3)
FIVE = ("frechet_distance", "precision", "recall", "density", "coverage")


@pytest.fixture(scope="module")
def true():
    return MODEL.vae()


def model_of(condition=None, **options):
    """A model whose draws are y, with noise of 0.001, in a column; or 0 without a condition."""
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([2]), posteriors.MultivariateNormalDiag(1)),
        tfp_vae.Decoder(networks.mlp([]), likelihoods.Normal([1], scale=1e-3)),
        condition=condition,
        **options,
    )
    width = 1 if condition is None else 2
    kernel = np.eye(width)[:, -1:] * (width - 1)
    vae.decoder.likelihood.heads["loc"].set_weights([kernel, np.zeros(1)])
    return vae


def recorded(samples):
    """Returns features that are the rows, and are noted in a list."""

    def features(rows):
        samples.append(rows)
        return rows.reshape(len(rows), -1)

    return features


def test_a_true_model_has_the_scores_to_expect(true):
    scores = evaluation.generation(true, X, training_data=MODEL.draws(200, seed=9))
    for name in FIVE:
        score = getattr(scores, name)
        # Both the value and what to expect of it have this error.
        assert abs(score.value - score.expected) < 4.0 * score.standard_error, name
    assert scores.classifier_p_value > 1e-4
    alike = scores._replace(classifier_p_value=0.011)
    assert alike.verdict.startswith("Draws and rows are not told apart: a classifier is right in ")
    assert abs(scores.copying.share_closer.value - 0.5) < 0.2
    assert scores.copying.verdict.startswith("No sign of copies: held-out rows are as close")
    assert (scores.rows, scores.sample_size) == (150, 150)


def test_a_wrong_model_has_worse_ones(true):
    scores = evaluation.generation(true, X + 20.0, training_data=X + 20.0, sample_size=60)
    assert scores.frechet_distance.value > 10.0 * scores.frechet_distance.expected
    for name in ("precision", "recall", "density", "coverage"):
        assert getattr(scores, name).value == 0.0
    assert scores.classifier_accuracy[::2] == (1.0, 0.5)
    assert scores.classifier_p_value < 1e-12
    assert scores.verdict.startswith("Draws are told from rows: a classifier is right in 100% of")
    assert scores.sample_size == 60
    # The rows are training rows here.
    assert scores.copying.share_closer.value == 0.0
    assert "held-out rows are closer to the training rows" in scores.copying.verdict


def test_a_model_that_copies_a_training_row_is_found_out():
    x = np.random.default_rng(0).normal(size=[40, 1])
    training = np.array([[3.0], [0.0], [-3.0]])
    copying = evaluation.generation(model_of(), x, recorded([]), training).copying
    # Of 40 rows, those near to a training row by chance are a few.
    assert copying.share_closer.value > 0.9
    assert copying.p_value < 1e-6
    assert copying.closest_draws.shape == copying.nearest_training_rows.shape == (10, 1)
    np.testing.assert_array_equal(copying.nearest_training_places, 1)
    np.testing.assert_array_equal(copying.nearest_training_rows, 0.0)
    np.testing.assert_allclose(np.abs(copying.closest_draws[:, 0]), copying.closest_distances)
    assert (np.diff(copying.closest_distances) >= 0.0).all()
    assert copying.verdict.startswith("Draws are closer to the training rows")


def test_by_default_columns_are_in_units_of_the_rows(true):
    plain = evaluation.generation(true, X, sample_size=50)
    spread = np.std(X, axis=0)
    standardised = evaluation.generation(true, X, lambda rows: rows / spread, sample_size=50)
    raw = evaluation.generation(true, X, lambda rows: rows, sample_size=50)
    for name in FIVE:
        np.testing.assert_allclose(
            getattr(plain, name), getattr(standardised, name), rtol=1e-3, err_msg=name
        )
    assert abs(raw.frechet_distance.value - plain.frechet_distance.value) > 0.01


def test_every_draw_has_the_condition_of_a_row():
    vae = model_of(keras.Sequential([keras.Input([1]), keras.layers.Rescaling(1.0)]))
    y = np.arange(20.0)[:, None]
    for sample_size, times in ((20, 1), (40, 2)):
        samples = []
        scores = evaluation.generation(
            vae, y, recorded(samples), y, sample_size, batch_size=7, condition=y
        )
        assert [len(rows) for rows in samples[:3]] == [7, 7, 6]
        draws = np.concatenate(samples[3:-3])
        np.testing.assert_allclose(
            np.sort(draws[:, 0]), np.repeat(np.arange(20.0), times), atol=0.01
        )
        assert scores.precision.value == scores.recall.value == 1.0
        assert scores.frechet_distance.value == pytest.approx(0.0, abs=0.1)


def test_features_see_what_leaves_the_preprocess_layer():
    samples = []
    vae = small_vae(likelihoods.Normal([4]), preprocess=keras.layers.Rescaling(10.0))
    scores = evaluation.generation(
        vae, REAL, recorded(samples), training_data=REAL[:3], batch_size=12
    )
    np.testing.assert_allclose(np.concatenate(samples[:2]), 10.0 * REAL, rtol=1e-6)
    np.testing.assert_allclose(samples[-1], 10.0 * REAL[:3], rtol=1e-6)
    draws = np.concatenate(samples[2:-1])
    assert len(np.unique(draws, axis=0)) == len(draws) == len(REAL)
    assert {tuple(row) for row in scores.copying.nearest_training_rows} <= {
        tuple(row) for row in samples[-1]
    }


def test_a_keras_model_gives_features(true):
    network = keras.Sequential([keras.Input([3]), keras.layers.Dense(2)])
    scores = evaluation.generation(true, X[:40], network)
    kernel, bias = network.get_weights()
    same = evaluation.generation(true, X[:40], lambda rows: rows @ kernel + bias)
    np.testing.assert_allclose(scores.frechet_distance, same.frechet_distance, rtol=1e-3)


def test_a_hierarchical_model_and_sparse_rows():
    vae = tfp_vae.HierarchicalVAE.from_mlps(likelihoods.Bernoulli([4]), [2, 1], [[3], [3]])
    dense, sparse = (
        evaluation.generation(vae, rows, training_data=rows)
        for rows in (BINARY, scipy.sparse.csr_matrix(BINARY))
    )
    assert 0.0 < dense.coverage.value <= 1.0
    for one, other in zip(dense.copying, sparse.copying, strict=True):
        np.testing.assert_array_equal(one, other)
    assert dense._replace(copying=None) == sparse._replace(copying=None)


def test_the_same_seed_gives_the_same_scores(true):
    first, again, other = (evaluation.generation(true, X[:40], seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first.frechet_distance != other.frechet_distance


def test_the_table_shows_the_scores(true):
    scores = evaluation.generation(true, X[:40], training_data=X[40:])
    text = str(scores)
    for name in (*FIVE, "classifier_accuracy"):
        score = getattr(scores, name)
        line = rf"{score.value:.3f} ± {score.standard_error:.3f} +{score.expected:.3f}\n"
        assert re.search(line, text), name
    assert f"{scores.classifier_p_value:.2g}" in text
    assert f"{scores.copying.share_closer.value:.3f} ±" in text
    assert f"{scores.copying.p_value:.2g}" in text
    assert text.endswith(f"{scores.verdict}\n\n{scores.copying.verdict}")
    without = str(scores._replace(copying=None))
    assert without.endswith(
        "Copies of training rows were not looked for: that takes the training rows."
    )
    assert "closer to training rows" not in without


def test_wrong_arguments_are_named(true):
    x = X[:30]
    with pytest.raises(TypeError, match=r"`features` must be a function from rows .*; got 3"):
        evaluation.generation(true, x, 3)
    with pytest.raises(ValueError, match=r"`features` must return an array \[30, D\]"):
        evaluation.generation(true, x, lambda rows: rows[:, 0])
    with pytest.raises(ValueError, match="`x` must hold at least 20 rows; got 19"):
        evaluation.generation(true, x[:19])
    with pytest.raises(ValueError, match="`sample_size` must be at least 20; got 19"):
        evaluation.generation(true, x, sample_size=19)
    with pytest.raises(TypeError, match="`sample_size` must be a positive int"):
        evaluation.generation(true, x, sample_size=30.0)
    with pytest.raises(ValueError, match=r"`neighbors` must be at most 10, .* got 11"):
        evaluation.generation(true, x, sample_size=22, neighbors=11)
    with pytest.raises(ValueError, match="`neighbors` must be a positive int; got 0"):
        evaluation.generation(true, x, neighbors=0)
    with pytest.raises(ValueError, match=r"`x` must have shape \[batch, 3\]"):
        evaluation.generation(true, x[:, :2])
    with pytest.raises(ValueError, match=r"`training_data` must have shape \[batch, 3\]"):
        evaluation.generation(true, x, training_data=x[:, :2])
    with pytest.raises(ValueError, match=r"`training_data` must have shape \[batch, 3\]"):
        evaluation.generation(true, x, training_data=scipy.sparse.csr_matrix(x[:, :2]))
    with pytest.raises(ValueError, match="`condition` must be None"):
        evaluation.generation(true, x, condition=x)
    with pytest.raises(TypeError, match="`vae` must be a VAE"):
        evaluation.generation(None, x)


def test_as_many_neighbours_as_a_half_has(true):
    scores = evaluation.generation(true, X[:22], neighbors=10)
    assert np.isfinite([getattr(scores, name) for name in FIVE]).all()


def test_missing_values_are_refused():
    vae = small_vae(likelihoods.Normal([4]), missing_values=np.nan)
    holed = np.where(REAL > 1.0, np.nan, REAL)
    with pytest.raises(ValueError, match="`x` must have no missing values"):
        evaluation.generation(vae, holed)
    with pytest.raises(ValueError, match="`training_data` must have no missing values"):
        evaluation.generation(vae, REAL, training_data=holed)


def test_a_model_that_draws_no_numbers_is_named():
    vae = model_of()
    vae.decoder.likelihood.heads["loc"].set_weights([np.full([1, 1], np.nan), np.zeros(1)])
    with pytest.raises(ValueError, match="`vae` must draw finite numbers"):
        evaluation.generation(vae, np.zeros([20, 1]))


def test_without_scikit_learn_it_says_what_to_install(true, monkeypatch):
    import_of = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("tfp_vae.evaluation.generation_scores.classifier_test"):
            raise ImportError(name)
        return import_of(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"needs scikit-learn: pip install 'tfp-vae\[sklearn\]'"):
        evaluation.generation(true, X)
