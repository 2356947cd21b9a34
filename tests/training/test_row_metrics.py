"""Metrics of a caller's own: functions of a batch's distributions and terms, logged as means."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.small_models import BINARY, small_vae
from tfp_vae import objectives


def error(batch, terms):
    """Returns the squared error of the reconstruction of every row."""
    mean = batch.decoder_fn(batch.posterior.mean()).mean()
    return tf.reduce_sum((mean - batch.x) ** 2, axis=-1)


def twice_kl(batch, terms):
    return 2.0 * terms.kl_divergence


@pytest.mark.nightly
@pytest.mark.parametrize(
    "options", [{"run_eagerly": True}, {"jit_compile": False}, {"jit_compile": True}], ids=str
)
def test_the_log_has_their_means_over_rows(options):
    vae = small_vae()
    vae.compile("adam", metrics=[error, twice_kl], **options)
    history = vae.fit(BINARY, batch_size=5, epochs=2, validation_data=BINARY[:7], verbose=0).history
    for prefix in ("", "val_"):
        np.testing.assert_allclose(
            history[f"{prefix}twice_kl"],
            2.0 * np.array(history[f"{prefix}kl_divergence"]),
            rtol=1e-5,
        )
    scores = vae.evaluate(BINARY, batch_size=5, verbose=0, return_dict=True)
    expected = np.sum((vae.predict(BINARY, verbose=0) - BINARY) ** 2, axis=-1).mean()
    np.testing.assert_allclose(scores["error"], expected, rtol=1e-5)


def test_training_is_the_same_with_them():
    def weights(metrics):
        keras.utils.set_random_seed(0)
        vae = small_vae()
        vae.compile("adam", run_eagerly=True, metrics=metrics)
        vae.fit(BINARY, epochs=2, verbose=0)
        return vae.get_weights()

    for one, other in zip(weights(None), weights({"error": error}), strict=True):
        np.testing.assert_array_equal(one, other)


def test_compiling_again_without_them_logs_them_no_more():
    vae = small_vae()
    vae.compile("adam", run_eagerly=True, metrics={"error": error})
    assert "error" in vae.evaluate(BINARY, verbose=0, return_dict=True)
    vae.compile("adam", run_eagerly=True)
    assert "error" not in vae.evaluate(BINARY, verbose=0, return_dict=True)


def test_a_model_with_them_is_saved_without_them(tmp_path):
    vae = small_vae()
    vae.compile("adam", run_eagerly=True, metrics={"error": error})
    vae.fit(BINARY, verbose=0)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    assert "error" not in loaded.evaluate(BINARY, verbose=0, return_dict=True)


@pytest.mark.parametrize(
    ("metrics", "kind", "words"),
    [
        ("mse", TypeError, "`metrics` must be functions by name.*; got 'mse'"),
        (["mse"], TypeError, "`metrics` must be functions of a batch's.*; got 'mse'"),
        ([lambda batch, terms: terms.elbo], ValueError, "must have names, as in a dict"),
        ({"elbo": error}, ValueError, "names that the log does not have yet; got 'elbo'"),
        ({"kl_weight": error}, ValueError, "names that the log does not have yet; got 'kl_weight'"),
        ({"val_x": error}, ValueError, "names that the log does not have yet; got 'val_x'"),
        ([error, error], ValueError, "different names; got one of them twice"),
    ],
)
def test_what_is_no_metric_is_refused(metrics, kind, words):
    vae = small_vae(objective=objectives.ELBO(kl_weight=objectives.LinearWarmUp(10)))
    with pytest.raises(kind, match=words):
        vae.compile("adam", metrics=metrics)


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (lambda batch, terms: tf.reduce_mean(terms.elbo), r"\[batch\]; got shape \[\]\."),
        (lambda batch, terms: batch.x, r"\[batch\]; got shape \[23, 4\]\."),
        (lambda batch, terms: "much", r"\[batch\]; got 'much'"),
    ],
)
def test_what_is_not_a_number_for_every_row_names_the_metric(metric, words):
    vae = small_vae()
    vae.compile("adam", run_eagerly=True, metrics={"mine": metric})
    with pytest.raises(ValueError, match=rf"The metric 'mine' must return .*{words}"):
        vae.fit(BINARY, verbose=0)
