"""Checkpoints also keep the state of callbacks, early stops and weight averages."""

import keras
import numpy as np
import pytest

from tests.support.small_models import BINARY, eager_vae
from tfp_vae import callbacks

EPOCHS = 6


class KilledError(BaseException):
    """Stands for a kill within this process."""


class Killer(keras.callbacks.Callback):
    """Kills while an epoch is under way."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KilledError


class Bounds(keras.callbacks.Callback):
    """Replaces the validation bound by a given one, so that what follows from it is known."""

    def on_epoch_end(self, epoch, logs=None):
        logs["val_elbo"] = [-3.0, -1.0, -2.0, -2.0, -2.0, -2.0][epoch]


class Plateau(keras.callbacks.Callback):
    """Replaces the validation bound by one that rises no more after the first epoch."""

    def on_epoch_end(self, epoch, logs=None):
        logs["val_elbo"] = -1.0


class Counting(keras.callbacks.Callback):
    """A callback of one's own, that changes the weights by what it remembers."""

    state_names = ("seen", "largest", "name")

    def __init__(self):
        super().__init__()
        self.seen, self.largest, self.name = 0, [np.zeros(2)], None

    def on_epoch_end(self, epoch, logs=None):
        self.seen, self.name = self.seen + 1, f"epoch {epoch}"
        self.largest = [np.maximum(self.largest[0], [epoch, logs["loss"]])]
        bias = self.model.encoder.posterior.heads["loc"].bias
        bias.assign_add(np.full(bias.shape, self.seen + self.largest[0].sum()))


def fit(several, path=None, epochs=EPOCHS, optimizer=None, **options):
    keras.utils.set_random_seed(1)
    vae = eager_vae()
    vae.compile(optimizer or keras.optimizers.Adam(0.01), run_eagerly=True)
    given = [*several, *([] if path is None else [callbacks.Checkpoint(path)])]
    settings = {"batch_size": 23, "verbose": 0, "validation_data": BINARY, **options}
    return vae, vae.fit(BINARY, epochs=epochs, callbacks=given, **settings)


def assert_same(one, other):
    (vae, history), (expected, expected_history) = one, other
    assert history.history == expected_history.history
    assert history.epoch == expected_history.epoch
    for got, wanted in zip(vae.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "make",
    [
        lambda: [Bounds(), callbacks.EarlyStopping(patience=3)],
        lambda: [Bounds(), keras.callbacks.ReduceLROnPlateau("val_elbo", patience=2, mode="max")],
        lambda: [
            callbacks.TerminateOnNonFinite(),
            callbacks.PosteriorCollapseWarning(BINARY, start_from_epoch=99),
        ],
        lambda: [Counting()],
    ],
)
def test_callbacks_go_on_as_they_were(tmp_path, make):
    expected = fit(make())
    with pytest.raises(KilledError):
        fit([*make(), Killer(3)], tmp_path / "run")
    assert_same(fit(make(), tmp_path / "run"), expected)
    # The run is over now, however it ended, and stays so.
    assert_same(fit(make(), tmp_path / "run"), expected)


def test_convergence_goes_on_at_its_lower_learning_rate(tmp_path):
    def ran(*more, path=None):
        convergence = callbacks.Convergence(patience=1, reductions=1)
        outcome = fit([Plateau(), convergence, *more], path, epochs=20)
        assert convergence.epochs == 11
        assert convergence.best_epoch == 1
        assert convergence.reason.startswith("the validation ELBO has not risen for 5 steps")
        return outcome

    expected = ran()
    with pytest.raises(KilledError):
        ran(Killer(8), path=tmp_path / "run")
    assert_same(ran(path=tmp_path / "run"), expected)
    # The run is over now, and stays so.
    assert_same(ran(path=tmp_path / "run"), expected)


def test_a_run_that_stopped_early_is_over():
    _, history = fit([Bounds(), callbacks.EarlyStopping(patience=3)])
    assert len(history.epoch) == 5


@pytest.mark.nightly
@pytest.mark.parametrize(
    "make",
    [
        lambda: ([], keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9)),
        lambda: ([Bounds(), callbacks.EarlyStopping(patience=10)], keras.optimizers.Adam(0.01)),
    ],
)
def test_a_finished_run_is_prolonged_from_its_last_epoch(tmp_path, make):
    def ran(path=None, **options):
        several, optimizer = make()
        return fit(several, path, optimizer=optimizer, **options)

    finished = ran(tmp_path / "run", epochs=3)
    assert_same(finished, ran(epochs=3))
    assert_same(ran(tmp_path / "run", epochs=3), finished)
    assert_same(ran(tmp_path / "run"), ran())


def test_a_run_fitted_in_another_way_is_refused(tmp_path):
    fit([Counting()], tmp_path / "run", epochs=1)
    for several, options, words in [
        ([Counting()], {"batch_size": 9}, "another batch_size"),
        ([Counting()], {"shuffle": False}, "another shuffle"),
        ([], {}, "another list of callbacks with state"),
    ]:
        with pytest.raises(ValueError, match=f"belongs to a run with {words}"):
            fit(several, tmp_path / "run", **options)


def test_a_callback_that_remembers_stands_before_the_checkpoint(tmp_path):
    with pytest.raises(ValueError, match="must hold EarlyStopping before the Checkpoint"):
        fit([callbacks.Checkpoint(tmp_path / "run"), callbacks.EarlyStopping()])


def test_a_state_that_no_file_can_hold_is_refused(tmp_path):
    counting = Counting()
    counting.state_names = ("model",)
    with pytest.raises(
        TypeError, match="The state of Counting must be made of numbers, strings and"
    ):
        fit([counting], tmp_path / "run", epochs=1)
