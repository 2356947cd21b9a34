"""`on_nonfinite` of `compile`: what "skip" leaves out, and that the choice is saved."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.small_models import small_vae
from tests.training.nonfinite.failing_models import (
    KL,
    X,
    assert_close,
    assert_same,
    compiled,
    fit,
    likelihood_fails,
    state,
    vae_of,
)
from tfp_vae import callbacks


class EveryBatch(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        pass


@pytest.mark.parametrize(
    ("how", "given"),
    [
        pytest.param({}, [], id="eagerly"),
        pytest.param({"jit_compile": False, "steps_per_execution": 3}, [], id="in a graph"),
        pytest.param({"jit_compile": True}, [], id="in a compiled epoch"),
        pytest.param(
            {"jit_compile": True}, [EveryBatch()], id="by batches", marks=pytest.mark.nightly
        ),
    ],
)
def test_skipped_batches_might_as_well_not_be_there(how, given):
    vae = compiled(vae_of(scale="calibrated"), on_nonfinite="skip", **how)
    history = fit(vae, epochs=2, callbacks=given).history
    assert history.pop("skipped_steps") == [1, 1]
    expected = compiled(vae_of(scale="calibrated"))
    without = fit(expected, np.delete(X, np.s_[16:24], axis=0), epochs=2).history
    assert_close(state(vae), state(expected))
    for name, values in without.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-4, err_msg=name)


def test_replicas_leave_the_step_and_skip_it():
    with tf.distribute.OneDeviceStrategy("CPU:0").scope():
        vae = compiled(vae_of(scale="calibrated"))
        skipping = compiled(vae_of(scale="calibrated"), on_nonfinite="skip")
        expected = compiled(vae_of(scale="calibrated"))
    with pytest.raises(FloatingPointError, match=KL):
        fit(vae)
    history = fit(skipping).history
    assert history.pop("skipped_steps") == [1]
    without = fit(expected, np.delete(X, np.s_[16:24], axis=0)).history
    assert_same(state(skipping), state(expected))
    assert history == without
    assert int(vae.optimizer.iterations) == 2


def test_an_epoch_without_a_step_has_no_terms_and_sets_off_the_alarm():
    vae = compiled(likelihood_fails(), on_nonfinite="skip")
    before = state(vae)
    with pytest.warns(UserWarning, match="stopped after epoch 1: elbo is nan"):
        history = fit(vae, epochs=3, callbacks=[callbacks.TerminateOnNonFinite()])
    assert history.history["skipped_steps"] == [5]
    assert_same(state(vae), before)


def test_the_choice_is_saved_and_checked(tmp_path):
    vae = compiled(small_vae(), on_nonfinite="skip")
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    assert loaded.trainer.state.on_nonfinite == "skip"
    assert "skipped_steps" in [metric.name for metric in loaded.metrics]
    with pytest.raises(ValueError, match="`on_nonfinite` must be one of 'raise', 'skip'"):
        vae.compile(on_nonfinite="ignore")


def test_a_checkpoint_goes_on_with_the_other_choice(tmp_path):
    raising = compiled(vae_of())
    with pytest.raises(FloatingPointError):
        fit(raising, callbacks=[callbacks.Checkpoint(tmp_path / "run")])
    fit(raising, X[:16], callbacks=[callbacks.Checkpoint(tmp_path / "run")])
    skipping = compiled(vae_of(), on_nonfinite="skip")
    checkpoint = callbacks.Checkpoint(tmp_path / "run")
    history = fit(skipping, X[:16], epochs=2, callbacks=[checkpoint])
    assert history.epoch == [0, 1]
