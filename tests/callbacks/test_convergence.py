"""Training until the validation ELBO has converged."""

import keras
import numpy as np
import pytest

from tests.support.small_models import BINARY, REAL, eager_vae
from tfp_vae import callbacks, likelihoods

STEPS = 3
"""The training steps of an epoch."""


def mark(vae):
    return round(float(vae.encoder.posterior.heads["loc"].bias.numpy()[0]), 1)


class Run:
    """Calls a `Convergence` as `fit` does, with given bounds and the epochs marked in a weight."""

    def __init__(self, bounds, **options):
        self.vae, self.rates, self.begun_with = eager_vae(), [], []
        self.vae.compile(keras.optimizers.SGD(1.0))
        self.vae.build([None, 4])
        self.vae.stop_training = False
        self.callback = callbacks.Convergence(**{"patience": 5 * STEPS, **options})
        self.callback.set_model(self.vae)
        self.callback.set_params({"epochs": len(bounds)})
        self.callback.on_train_begin()
        for epoch, bound in enumerate(bounds):
            self.epoch(epoch, bound)
            if self.vae.stop_training:
                break
        self.callback.on_train_end()

    def epoch(self, epoch, bound):
        self.rates.append(float(self.vae.optimizer.learning_rate))
        self.begun_with.append(mark(self.vae))
        self.vae.optimizer.iterations.assign_add(STEPS)
        bias = self.vae.encoder.posterior.heads["loc"].bias
        bias.assign(np.full(bias.shape, epoch + 1.0))
        self.callback.on_epoch_end(epoch, {"val_elbo": bound})


def run(bounds, **options):
    ran = Run(bounds, **options)
    return ran.vae, ran.callback, ran


def test_the_rate_falls_at_a_plateau_from_the_best_weights_and_then_training_stops():
    bounds = [-9.0, -4.0, *[-5.0] * 5, -3.0, *[-4.0] * 30]
    vae, convergence, given = run(bounds, factor=0.1, reductions=1)
    # Epoch 2 is the best until 5 epochs later; epoch 8 resets the patience of 5 epochs.
    np.testing.assert_allclose(given.rates, [1.0] * 7 + [0.1] * 6, rtol=1e-5)
    assert given.begun_with[7] == 2.0
    assert (convergence.epochs, convergence.best_epoch, convergence.best) == (13, 8, -3.0)
    assert mark(vae) == 8.0
    assert convergence.reason == (
        "the validation ELBO has not risen for 15 steps at the lowest learning rate"
    )
    assert float(vae.optimizer.learning_rate) == pytest.approx(1.0)


def test_every_reduction_waits_for_the_patience_again():
    _, convergence, given = run([-4.0] * 99, factor=0.5, reductions=3)
    assert convergence.epochs == 1 + 4 * 5
    falls = np.flatnonzero(np.diff(given.rates)) + 1
    assert falls.tolist() == [6, 11, 16]
    assert given.rates[-1] == pytest.approx(1 / 8)


def test_the_patience_counts_steps_and_at_least_five_validations():
    assert run([-4.0] * 99, reductions=0, patience=1)[1].epochs == 6
    assert run([-4.0] * 99, reductions=0, patience=20 * STEPS - 1)[1].epochs == 21
    assert run([-4.0] * 99, reductions=0, patience=20 * STEPS + 1)[1].epochs == 22


def test_the_best_weights_are_kept_even_of_a_rise_that_is_too_small_to_go_on():
    rising = [-4.0 + 0.0009 * epoch for epoch in range(99)]
    vae, convergence, _ = run(rising, reductions=0)
    assert (convergence.epochs, convergence.best_epoch, mark(vae)) == (6, 6, 6.0)
    steeper = [-4.0 + 0.011 * epoch for epoch in range(20)]
    assert run(steeper, reductions=0)[1].epochs == 20


def test_the_smallest_rise_is_a_share_of_the_rise_so_far():
    bounds = [-1000.0, *[-0.9 * 0.99**epoch for epoch in range(98)]]
    assert run(bounds, reductions=0, tolerance=1e-2)[1].epochs == 7
    # A rise of 0.9 % an epoch, of the rise so far a tenth of a percent in all.
    assert run(bounds[:30], reductions=0, tolerance=0.0)[1].epochs == 30


def test_the_reason_of_a_run_that_did_not_converge():
    _, convergence, _ = run([-4.0, -3.0])
    assert convergence.reason == "reached the 2 epochs asked for"

    class Stopping(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    vae, convergence = eager_vae(), callbacks.Convergence()
    given = {"validation_data": BINARY, "verbose": 0}
    vae.fit(BINARY, epochs=9, callbacks=[convergence, Stopping()], **given)
    assert convergence.reason == "another callback stopped it"
    with pytest.warns(UserWarning, match="ran out of data"):
        vae.fit(iter([BINARY]), epochs=9, callbacks=[convergence], **given)
    assert convergence.reason == "there was no more data"


def test_values_that_are_no_number_are_no_rise():
    vae, convergence, _ = run([np.nan, -4.0, *[np.nan] * 9], reductions=0)
    assert (convergence.epochs, convergence.best_epoch, mark(vae)) == (7, 2, 2.0)


def test_epochs_before_the_start_and_without_a_validation_are_passed_over():
    _, convergence, _ = run([-1.0, *[-4.0] * 20], start_from_epoch=1, reductions=0)
    assert (convergence.epochs, convergence.best_epoch) == (7, 2)
    vae, convergence = eager_vae(), callbacks.Convergence()
    history = vae.fit(
        BINARY,
        epochs=5,
        verbose=0,
        validation_data=BINARY,
        validation_freq=2,
        callbacks=[convergence],
    )
    assert len(history.history["val_elbo"]) == 2
    assert convergence.best == pytest.approx(max(history.history["val_elbo"]))


def test_the_best_weights_include_those_that_are_not_trained():
    vae = eager_vae(likelihoods.Normal([4], scale="calibrated"))

    class Marking(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["val_elbo"] = -float(epoch)
            vae.decoder.likelihood.average_weight.assign(epoch + 1.0)

    given = [Marking(), callbacks.Convergence()]
    vae.fit(REAL, epochs=3, verbose=0, validation_data=REAL, callbacks=given)
    assert float(vae.decoder.likelihood.average_weight) == 1.0


def test_a_model_that_training_only_worsens_keeps_its_first_weights():
    vae = eager_vae()
    vae.compile(keras.optimizers.SGD(1.0), run_eagerly=True)
    vae.adapt(BINARY)
    before, beginning = vae.get_weights(), vae.evaluate(BINARY, return_dict=True, verbose=0)

    class Worsening(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["val_elbo"] = beginning["elbo"] - 1.0

    convergence = callbacks.Convergence()
    vae.fit(
        BINARY,
        epochs=3,
        verbose=0,
        validation_data=BINARY,
        callbacks=[Worsening(), convergence],
    )
    assert (convergence.best_epoch, convergence.epochs) == (0, 3)
    assert convergence.best == pytest.approx(beginning["elbo"])
    for own, first in zip(vae.get_weights(), before, strict=True):
        np.testing.assert_array_equal(own, first)


def test_what_convergence_needs_is_named():
    vae = eager_vae()
    with pytest.raises(ValueError, match="`validation_data` or `validation_split`"):
        vae.fit(BINARY, verbose=0, callbacks=[callbacks.Convergence()])
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    vae.compile(keras.optimizers.Adam(schedule), run_eagerly=True)
    with pytest.raises(ValueError, match=r"constant learning rate.*got ExponentialDecay"):
        vae.fit(BINARY, verbose=0, validation_split=0.5, callbacks=[callbacks.Convergence()])


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"patience": 0}, ValueError),
        ({"patience": 1.5}, TypeError),
        ({"tolerance": -1.0}, ValueError),
        ({"factor": 0.0}, ValueError),
        ({"factor": 1.0}, ValueError),
        ({"reductions": -1}, ValueError),
        ({"start_from_epoch": -1}, ValueError),
    ],
)
def test_wrong_arguments_are_named(arguments, kind):
    with pytest.raises(kind, match=f"`{next(iter(arguments))}` must be"):
        callbacks.Convergence(**arguments)
