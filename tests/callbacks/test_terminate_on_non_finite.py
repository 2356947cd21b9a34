"""Training ends at a non-finite term, with the weights before it."""

import keras
import numpy as np
import pytest

from tests.support.small_models import BINARY, compiled_vae, eager_vae
from tfp_vae import callbacks


def fit(vae, given, epochs=3, **options):
    return vae.fit(BINARY, epochs=epochs, batch_size=8, verbose=0, callbacks=given, **options)


class Spoil(keras.callbacks.Callback):
    """Makes a term of one epoch's log infinite, and moves the weights with it."""

    def __init__(self, epoch, term, value):
        super().__init__()
        self.epoch, self.term, self.value = epoch, term, value

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            logs[self.term] = self.value
            for variable in self.model.trainable_variables:
                variable.assign(np.full(variable.shape, np.nan))


class Remember(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.weights = []

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append(self.model.get_weights())


@pytest.mark.parametrize(
    ("term", "value"), [("kl_divergence", np.inf), ("val_log_likelihood", np.nan)]
)
def test_a_term_that_is_no_number_ends_training_with_the_weights_before(term, value):
    vae, remember, alarm = eager_vae(), Remember(), callbacks.TerminateOnNonFinite()
    with pytest.warns(UserWarning, match=f"after epoch 2: {term} is {value}"):
        history = fit(vae, [remember, Spoil(1, term, value), alarm], epochs=4)
    assert len(history.history["loss"]) == 2
    assert alarm.stopped_at == 2
    for found, expected in zip(vae.get_weights(), remember.weights[0], strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_term_that_is_no_number_in_the_first_epoch_gives_back_the_first_weights():
    vae = eager_vae()
    vae.adapt(BINARY)
    before = vae.get_weights()
    with pytest.warns(UserWarning, match="after epoch 1"):
        fit(vae, [Spoil(0, "loss", np.nan), callbacks.TerminateOnNonFinite()])
    for found, expected in zip(vae.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_training_of_numbers_goes_on():
    alarm = callbacks.TerminateOnNonFinite()
    assert len(fit(compiled_vae(), [alarm]).history["loss"]) == 3
    assert alarm.stopped_at is None
