"""The warnings of a model that is not trained enough."""

import warnings

import keras
import numpy as np
import pytest

from tests.support.small_models import BINARY, eager_vae
from tfp_vae.training import underfitting
from tfp_vae.training.underfitting import climbing_rate, shortfall, warn_of_underfitting

EPOCHS = np.arange(1, 101)


def test_a_steady_climb_is_steep_at_its_slope():
    assert climbing_rate(-500.0 + 3.0 * EPOCHS) == pytest.approx(3.0)
    assert climbing_rate(-500.0 + 0.01 * EPOCHS**2) == pytest.approx(1.8, rel=0.05)


@pytest.mark.parametrize(
    "elbos",
    [
        -100.0 - 50.0 * np.exp(-EPOCHS / 20.0),
        -100.0 + 10.0 * np.log(EPOCHS),
        -100.0 - EPOCHS,
        np.full(100, -3.0),
        (-500.0 + 3.0 * EPOCHS)[:24],
        np.append(-500.0 + 3.0 * EPOCHS, np.nan),
    ],
    ids=["converged", "logarithmic", "falling", "constant", "short", "NaN"],
)
def test_what_is_no_steep_climb(elbos):
    assert climbing_rate(elbos) is None


def test_noise_without_a_trend_seldom_is_a_climb():
    """Of 25 epochs, 3 degrees of freedom: P(t > 5) < 0.8 %; P(more than 40 of 2,000) < 1e-6."""
    draws = np.random.default_rng(0).normal(size=[2000, 25])
    assert sum(climbing_rate(row) is not None for row in draws) <= 40


def test_a_climb_is_seen_through_noise():
    noise = np.random.default_rng(0).normal(size=100)
    assert climbing_rate(-500.0 + 3.0 * EPOCHS + noise) == pytest.approx(3.0, rel=0.2)


def test_the_shortfall_is_the_distance_below_the_marginals():
    assert shortfall([-7.0] * 25, -5.0) == 2.0
    assert shortfall([-5.0] * 25, -5.0) is None
    assert shortfall([-4.0] * 25, -5.0) is None
    assert shortfall([-7.0] * 25, None) is None


def test_a_few_epochs_noise_and_a_hundredth_are_no_shortfall():
    assert shortfall([-7.0] * 24, -5.0) is None
    assert shortfall([-6.0, -8.0, -4.0, -9.0, -7.0] * 5, -5.0) is None
    assert shortfall([-1009.0] * 25, -1000.0) is None
    assert shortfall([-1011.0] * 25, -1000.0) == 11.0
    assert shortfall([-0.09] * 25, 0.0) is None


def warned(history, stopped=False, marginal_elbo=None):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_underfitting(history, stopped, marginal_elbo, stacklevel=2)
    return [str(each.message) for each in caught]


CLIMB = [float(value) for value in -500.0 + 3.0 * EPOCHS]
FLAT = [-3.0] * 100


def test_one_sentence_says_what_is_wrong_and_what_to_do():
    (message,) = warned({"elbo": CLIMB})
    assert message == (
        "`elbo` still climbs by 3 nats an epoch after 100 epochs: train for more epochs, or with "
        "`callbacks.Convergence()`, validation data and large `epochs`."
    )
    (message,) = warned({"elbo": CLIMB}, marginal_elbo=-190.0)
    assert message.startswith("`elbo` is 10 nats below that of independent columns")
    assert warned({"elbo": CLIMB}, stopped=True) == []
    assert len(warned({"elbo": CLIMB}, stopped=True, marginal_elbo=0.0)) == 1


def test_the_validation_elbo_counts_where_there_is_one():
    assert warned({"elbo": CLIMB, "val_elbo": FLAT}) == []
    (message,) = warned({"elbo": FLAT, "val_elbo": CLIMB[::2]})
    assert message.startswith("`val_elbo` still climbs by 3 nats an epoch after 100 epochs")


def test_a_model_that_was_better_before_has_overfitted():
    fallen = [-3.0] * 30 + [-4.0] * 10 + [-9.0] * 10
    (message,) = warned({"elbo": FLAT[:50], "val_elbo": fallen}, marginal_elbo=-5.0)
    assert message == (
        "`val_elbo` is 4 nats below that of independent columns, and was above it after 1 of 50 "
        "epochs, so the model has overfitted: train for fewer epochs, or with "
        "`callbacks.Convergence()`, validation data and large `epochs`."
    )


def test_weights_that_a_callback_restored_are_judged_by_their_own_elbo():
    fallen = {"elbo": FLAT[:50], "val_elbo": [-9.0] * 50}

    def asked(elbo, stopped):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warn_of_underfitting(fallen, stopped, -5.0, 1, lambda: elbo)
        return [str(each.message) for each in caught]

    assert asked(-4.0, stopped=True) == []
    assert asked(-7.0, stopped=True)[0].startswith("`val_elbo` is 2 nats below")
    assert asked(None, stopped=True)[0].startswith("`val_elbo` is 4 nats below")
    assert asked(-4.0, stopped=False)[0].startswith("`val_elbo` is 4 nats below")


class Climbing(keras.callbacks.Callback):
    """Replaces the bound of every epoch by one that climbs."""

    def on_epoch_end(self, epoch, logs=None):
        logs["elbo"] = 3.0 * epoch


def test_fit_warns_at_its_end(monkeypatch):
    monkeypatch.setattr(underfitting, "FEWEST_EPOCHS", 6)
    vae = eager_vae()
    with pytest.warns(RuntimeWarning, match="`elbo` still climbs by 3 nats") as caught:
        vae.fit(BINARY, epochs=6, verbose=0, callbacks=[Climbing()])
    ours = [each for each in caught if each.category is RuntimeWarning]
    assert [each.filename for each in ours] == [__file__]


class Overfitted(keras.callbacks.Callback):
    """Says after five epochs that the validation ELBO has been poor, and ends training."""

    def on_epoch_end(self, epoch, logs=None):
        logs["val_elbo"] = -1e6
        self.model.stop_training = epoch == 5


def test_fit_judges_the_weights_that_it_ends_with(monkeypatch):
    monkeypatch.setattr(underfitting, "FEWEST_EPOCHS", 6)
    vae = eager_vae()
    monkeypatch.setattr(type(vae), "marginal_elbo", -1e5)
    run = {"validation_data": BINARY, "epochs": 9, "verbose": 0}
    assert len(vae.fit(BINARY, callbacks=[Overfitted()], **run).epoch) == 6
