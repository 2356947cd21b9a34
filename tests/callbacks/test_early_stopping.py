"""Early stopping by the validation ELBO."""

import keras
import numpy as np
import pytest

from tests.support.small_models import BINARY, eager_vae
from tfp_vae import callbacks, objectives


def fit(vae, given, epochs=3, **options):
    return vae.fit(BINARY, epochs=epochs, batch_size=8, verbose=0, callbacks=given, **options)


class Bounds(keras.callbacks.Callback):
    """Replaces the validation bound by a given one, and marks the weights of every epoch."""

    def __init__(self, bounds):
        super().__init__()
        self.bounds = bounds

    def on_epoch_end(self, epoch, logs=None):
        logs["val_elbo"] = self.bounds[epoch]
        bias = self.model.encoder.posterior.heads["loc"].bias
        bias.assign(np.full(bias.shape, float(epoch)))


def stopped(bounds, **options):
    vae = eager_vae()
    callback = callbacks.EarlyStopping(**options)
    history = fit(vae, [Bounds(bounds), callback], epochs=len(bounds), validation_data=BINARY)
    epochs = len(history.history["loss"])
    return epochs, int(vae.encoder.posterior.heads["loc"].bias.numpy()[0])


def test_training_stops_after_the_patience_with_the_weights_of_the_best_epoch():
    assert stopped([-3.0, -1.0, -2.0, -2.0, -0.5], patience=2) == (4, 1)
    assert stopped([-3.0, -1.0, -2.0, -2.0, -0.5], patience=3) == (5, 4)
    assert stopped([-3.0, -2.9, -2.8, -2.0], patience=1, min_delta=0.5) == (2, 0)
    assert stopped([-1.0, -3.0, -2.0, -2.5], patience=1, start_from_epoch=1) == (4, 2)


def test_epochs_without_a_validation_are_passed_over():
    vae = eager_vae()
    stop = callbacks.EarlyStopping(patience=1, min_delta=1e9)
    history = fit(vae, [stop], epochs=9, validation_data=BINARY, validation_freq=3)
    assert len(history.history["val_elbo"]) == 2
    assert len(history.history["loss"]) == 6
    split = fit(vae, [callbacks.EarlyStopping()], epochs=1, validation_split=0.5, validation_freq=2)
    assert "val_elbo" not in split.history


def test_the_bound_is_watched_and_not_the_objective():
    vae = eager_vae(objective=objectives.ELBO(kl_weight=5.0))
    stop = callbacks.EarlyStopping(patience=1)
    history = fit(vae, [stop], epochs=4, validation_data=BINARY)
    best = max(history.history["val_elbo"])
    assert stop.best == pytest.approx(best)


def test_an_early_stop_needs_validation_data():
    with pytest.raises(ValueError, match="`validation_data` or `validation_split`"):
        fit(eager_vae(), [callbacks.EarlyStopping()])
