"""A run that receives SIGTERM saves, exits cleanly, and can resume."""

import os
import signal

import keras
import numpy as np
import pytest

from tests.support.small_models import BINARY, eager_vae
from tfp_vae import callbacks


class Signalled(keras.callbacks.Callback):
    """Sends this process a signal while an epoch is under way."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture
def caught():
    """The numbers of the signals that nobody else has listened to."""
    numbers = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: numbers.append(number))
    yield numbers
    signal.signal(signal.SIGTERM, before)


def fit(vae, given, epochs=4):
    return vae.fit(BINARY, epochs=epochs, batch_size=8, verbose=0, callbacks=given)


def fresh():
    keras.utils.set_random_seed(1)
    return eager_vae()


@pytest.mark.nightly
def test_the_epoch_is_ended_and_saved_and_the_program_left(tmp_path, caught):
    expected = fresh()
    history = fit(expected, None)
    checkpoint = callbacks.Checkpoint(tmp_path / "run", every=100)
    with pytest.raises(SystemExit) as left:
        fit(fresh(), [Signalled(1), checkpoint, callbacks.SaveOnTermination(checkpoint)])
    assert left.value.code == 143
    assert not caught
    resumed = fresh()
    went_on = fit(resumed, [callbacks.Checkpoint(tmp_path / "run")])
    assert went_on.history == history.history
    for got, wanted in zip(resumed.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_it_listens_only_while_fit_is_under_way(tmp_path, caught):
    checkpoint = callbacks.Checkpoint(tmp_path / "run")
    given = [checkpoint, callbacks.SaveOnTermination(checkpoint)]
    fit(eager_vae(), given, epochs=1)
    signal.raise_signal(signal.SIGTERM)
    assert caught == [signal.SIGTERM]
    with pytest.raises(ZeroDivisionError):
        fit(eager_vae(), [*given, keras.callbacks.LambdaCallback(on_epoch_end=failing)], 2)
    signal.raise_signal(signal.SIGTERM)
    assert caught == [signal.SIGTERM, signal.SIGTERM]


def failing(epoch, logs):
    return 1 / 0


def test_what_cannot_be_saved_is_refused(tmp_path):
    checkpoint = callbacks.Checkpoint(tmp_path / "run")
    with pytest.raises(TypeError, match="of the same `fit`"):
        callbacks.SaveOnTermination(tmp_path / "run")
    for given in (
        [callbacks.SaveOnTermination(checkpoint), checkpoint],
        [callbacks.SaveOnTermination(checkpoint)],
    ):
        with pytest.raises(ValueError, match="must hold the Checkpoint before"):
            fit(eager_vae(), given)
