"""Predictions of class codes are the most probable classes."""

import numpy as np
import tensorflow as tf

from tests.support.small_models import small_vae
from tfp_vae import likelihoods

CODES = np.random.default_rng(0).integers(0, 3, size=[23, 4])


def _vae():
    """Makes a model of codes 0 to 2 of which 0 and 2 are the likely ones, and 1 is their mean."""
    vae = small_vae(likelihoods.Categorical([4], classes=3))
    bias = np.tile(np.log([0.45, 0.15, 0.4]), [4])
    vae.decoder.likelihood.heads["logits"].set_weights([np.zeros([5, 12]), bias])
    return vae


def test_predictions_are_the_most_probable_codes(tmp_path):
    vae = _vae()
    vae.compile(run_eagerly=True)
    assert (vae.predict(CODES, verbose=0) == 0.0).all()
    assert (vae.sample(5, seed=0, mean=True).numpy() == 0.0).all()
    vae.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served").signatures
    assert (served["decode"](z=tf.zeros([2, 2]))["mean"].numpy() == 0.0).all()
    np.testing.assert_allclose(vae.reconstruct(CODES).mean(), 0.95, rtol=1e-5)


def test_the_name_takes_the_number_of_classes_from_the_data():
    layer = likelihoods.for_values("categorical", CODES)
    assert layer.classes == 3
    np.testing.assert_allclose(
        layer(np.zeros([23, 5], "float32")).log_prob(CODES), -4.0 * np.log(3.0), rtol=1e-5
    )


def test_it_begins_at_the_frequencies_with_half_a_count_more():
    x = np.array([[0, 2], [0, 2], [1, 0]])
    observed = np.array([[True, True], [True, False], [True, True]])
    logits = likelihoods.Categorical([2], 3).adapt(x, observed)["logits"]
    expected = np.array([[2.5, 1.5, 0.5], [1.5, 0.5, 1.5]]) / [[4.5], [3.5]]
    np.testing.assert_allclose(np.exp(logits), expected)
