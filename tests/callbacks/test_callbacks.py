"""What all callbacks of VAEs have in common."""

import pytest

from tests.support.small_models import BINARY, eager_vae
from tfp_vae import callbacks
from tfp_vae.training.loops import want_every_batch


def fit(vae, given, epochs=3, **options):
    return vae.fit(BINARY, epochs=epochs, batch_size=8, verbose=0, callbacks=given, **options)


def test_whole_epochs_stay_compiled_with_every_callback(tmp_path):
    given = [
        callbacks.Convergence(),
        callbacks.EarlyStopping(),
        callbacks.PosteriorCollapseWarning(BINARY),
        callbacks.TerminateOnNonFinite(),
        callbacks.TensorBoardImages(tmp_path, BINARY),
    ]
    assert not want_every_batch(given)


def test_wrong_arguments_are_named(tmp_path):
    with pytest.raises(ValueError, match="`patience`"):
        callbacks.EarlyStopping(patience=0)
    with pytest.raises(ValueError, match="two rows"):
        callbacks.PosteriorCollapseWarning(BINARY[:1])
    with pytest.raises(ValueError, match="`every`"):
        callbacks.PosteriorCollapseWarning(BINARY, every=0)
    with pytest.raises(TypeError, match="`log_dir`"):
        callbacks.TensorBoardImages(3, BINARY)
    with pytest.raises(ValueError, match="at least one row"):
        callbacks.TensorBoardImages(tmp_path, BINARY[:0])
    for callback in (
        callbacks.PosteriorCollapseWarning(BINARY[:, :2]),
        callbacks.TensorBoardImages(tmp_path, BINARY[:, :2]),
    ):
        with pytest.raises(ValueError, match=r"\[batch, 4\]"):
            fit(eager_vae(), [callback])
