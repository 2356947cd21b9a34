"""Moving averages of weights: kept at every step, used in validations, and left in the model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.small_models import BINARY, small_vae
from tfp_vae import callbacks

MOMENTUM = 0.8
PATHS = {
    "eager": {"run_eagerly": True},
    "compiled epochs": {"jit_compile": True},
    "batches": {"jit_compile": False},
}


class Recorded(keras.callbacks.Callback):
    """Records the weights that a callback sees at the ends of epochs, and the raw ones."""

    def __init__(self):
        super().__init__()
        self.seen, self.raw = [], []

    def on_epoch_end(self, epoch, logs=None):
        state = self.model.trainer.state
        self.seen.append(np.array(self.model.trainable_variables[0]))
        self.raw.append(np.array(state.averaged.training_value(self.model.trainable_variables[0])))


def fitted(compile_options, x=BINARY, epochs=3, **options):
    keras.utils.set_random_seed(1)
    vae = small_vae(adaptive=False)
    optimizer = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=MOMENTUM)
    vae.compile(optimizer, **compile_options)
    recorded = Recorded()
    history = vae.fit(
        x,
        batch_size=None if isinstance(x, tf.data.Dataset) else len(BINARY),
        epochs=epochs,
        verbose=0,
        callbacks=[recorded, *options.pop("callbacks", [])],
        **options,
    )
    return vae, recorded, history.history


@pytest.mark.nightly
@pytest.mark.parametrize("path", PATHS)
def test_the_average_is_that_of_the_weights_of_all_steps(path):
    """One step an epoch, so that every weight in training is seen."""
    vae, recorded, log = fitted(PATHS[path], shuffle=False, validation_data=BINARY)
    expected = recorded.raw[0]
    for seen, raw in zip(recorded.seen, recorded.raw, strict=True):
        expected = MOMENTUM * expected + (1.0 - MOMENTUM) * raw
        np.testing.assert_allclose(seen, expected, rtol=1e-5, atol=1e-7)
    assert np.abs(recorded.seen[-1] - recorded.raw[-1]).max() > 1e-4
    np.testing.assert_array_equal(vae.trainable_variables[0], recorded.seen[-1])
    # The validation of the last epoch had the weights that the model is left with.
    after = vae.evaluate(BINARY, verbose=0, return_dict=True)
    assert after["elbo"] == pytest.approx(log["val_elbo"][-1], rel=1e-5)


def test_a_dataset_ends_in_the_same_averages():
    data = tf.data.Dataset.from_tensor_slices(BINARY).batch(len(BINARY))
    on_arrays, _, _ = fitted({"jit_compile": False}, shuffle=False)
    on_datasets, _, _ = fitted({"jit_compile": False}, data)
    for one, other in zip(on_arrays.get_weights(), on_datasets.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_files_hold_the_averages_and_checkpoints_resume_from_the_raw_weights(tmp_path):
    eagerly = {"run_eagerly": True}
    saved = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    vae, recorded, _ = fitted(eagerly, shuffle=False, callbacks=[saved])
    for epoch, seen in enumerate(recorded.seen, start=1):
        loaded = tfp_vae.load(tmp_path / f"{epoch}.keras")
        np.testing.assert_array_equal(loaded.trainable_variables[0], seen)
    path = tmp_path / "run.checkpoint"
    fitted(eagerly, shuffle=False, epochs=2, callbacks=[callbacks.Checkpoint(path)])
    resumed, _, _ = fitted(eagerly, shuffle=False, callbacks=[callbacks.Checkpoint(path)])
    for one, other in zip(vae.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


class Zeroed(keras.callbacks.Callback):
    """Sets all weights at the end of the last epoch."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2:
            self.model.set_weights([0.0 * weight for weight in self.model.get_weights()])


def test_a_callback_may_set_the_weights():
    vae, _, _ = fitted({"run_eagerly": True}, shuffle=False, callbacks=[Zeroed()])
    for weight in vae.trainable_variables:
        assert not np.any(np.array(weight))


def test_the_best_weights_are_averages():
    vae, recorded, log = fitted(
        {"run_eagerly": True},
        shuffle=False,
        validation_data=BINARY,
        callbacks=[callbacks.EarlyStopping()],
    )
    best = int(np.argmax(log["val_elbo"]))
    np.testing.assert_array_equal(vae.trainable_variables[0], recorded.seen[best])
