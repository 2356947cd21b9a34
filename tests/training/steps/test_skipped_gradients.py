"""Steps whose gradients are larger than a limit are skipped, and counted, on every path."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.replicated_model import NanWhereLarge
from tests.support.small_models import REAL, small_vae
from tfp_vae import likelihoods
from tfp_vae.training.steps import exceeds, global_norm

# One batch of three is far away, and its gradients are large.
FAR = np.where(np.arange(24)[:, None] // 8 == 1, 1e4, np.resize(REAL, [24, 4])).astype("float32")
PATHS = {
    "eager": {"run_eagerly": True},
    "compiled epochs": {"jit_compile": True},
    "batches": {"jit_compile": False},
    "several": {"jit_compile": False, "steps_per_execution": 3},
}


def fitted(x, limit=1e4, trunk=None, **options):
    keras.utils.set_random_seed(1)
    vae = small_vae(likelihoods.Normal([4], scale=1.0), trunk, adaptive=False)
    vae.compile(keras.optimizers.Adam(0.01), skip_gradients_above=limit, **options)
    if options.get("steps_per_execution"):
        x = tf.data.Dataset.from_tensor_slices(x).batch(8)
        return vae, vae.fit(x, epochs=2, verbose=0).history
    return vae, vae.fit(x, batch_size=8, epochs=2, shuffle=False, verbose=0).history


@pytest.mark.nightly
@pytest.mark.parametrize("path", PATHS)
def test_the_large_step_is_skipped_and_counted(path):
    vae, log = fitted(FAR, **PATHS[path])
    assert log["skipped_steps"] == [1, 1]
    assert int(vae.optimizer.iterations) == 4
    # The terms of the log are those of the steps taken.
    assert np.isfinite(log["loss"]).all()
    assert np.max(log["loss"]) < 1e3
    taken, _ = fitted(np.delete(FAR, np.arange(8, 16), axis=0), **PATHS[path])
    for one, other in zip(vae.trainable_variables, taken.trainable_variables, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_without_a_limit_no_step_is_skipped(tmp_path):
    vae, log = fitted(FAR, limit=None, run_eagerly=True)
    assert "skipped_steps" not in log
    assert int(vae.optimizer.iterations) == 6
    vae, _ = fitted(FAR, limit=7.0, run_eagerly=True)
    vae.save(tmp_path / "vae.keras")
    assert tfp_vae.load(tmp_path / "vae.keras").trainer.state.skip_gradients_above == 7.0


def test_the_norm_is_that_of_all_gradients_and_what_is_not_finite_is_left_to_other_checks():
    gradients = [tf.constant([3.0, 0.0]), None, tf.constant([[4.0]])]
    assert global_norm(gradients) == 5.0
    assert exceeds(tf.constant(5.0), 4.9)
    assert not exceeds(tf.constant(5.0), 5.0)
    assert not exceeds(tf.constant(np.nan), 1.0)
    assert not exceeds(tf.constant(np.inf), 1.0)


def test_a_non_finite_gradient_still_raises():
    trunk = keras.Sequential([NanWhereLarge(), keras.layers.Dense(5)])
    with pytest.raises(FloatingPointError):
        fitted(FAR, trunk=trunk, run_eagerly=True)


@pytest.mark.parametrize(
    ("limit", "error"),
    [(0.0, ValueError), (-1.0, ValueError), ("1", TypeError), (np.nan, ValueError)],
)
def test_a_wrong_limit_is_named(limit, error):
    with pytest.raises(error, match="`skip_gradients_above` must be"):
        small_vae().compile(skip_gradients_above=limit)


def test_a_scaled_loss_has_no_norm_to_limit():
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())
    with pytest.raises(ValueError, match="`skip_gradients_above` must be None with a LossScale"):
        small_vae().compile(scaled, skip_gradients_above=1.0)
