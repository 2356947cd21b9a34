"""Callbacks of VAEs, on small models trained eagerly."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.small_models import BINARY, REAL, compiled_vae, eager_vae, small_vae
from tfp_vae import callbacks, likelihoods, objectives
from tfp_vae.training.loops import want_every_batch


def fit(vae, given, epochs=3, **options):
    return vae.fit(BINARY, epochs=epochs, batch_size=8, verbose=0, callbacks=given, **options)


def test_whole_epochs_stay_compiled_with_every_callback(tmp_path):
    given = [
        callbacks.EarlyStopping(),
        callbacks.PosteriorCollapseWarning(BINARY),
        callbacks.TerminateOnNonFinite(),
        callbacks.TensorBoardImages(tmp_path, BINARY),
    ]
    assert not want_every_batch(given)


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


def collapsed_vae(**options):
    vae = eager_vae(**options)
    head = vae.encoder.posterior.heads["loc"]
    head.set_weights([np.zeros_like(each) for each in head.get_weights()])
    head.trainable = False
    vae.compile(run_eagerly=True)
    return vae


def test_a_collapse_is_told_once_with_what_to_try():
    alarm = callbacks.PosteriorCollapseWarning(BINARY, start_from_epoch=1)
    with pytest.warns(UserWarning, match="After epoch 2: Posterior collapse.*LinearWarmUp") as told:
        fit(collapsed_vae(), [alarm], epochs=4)
    assert len(told) == 1
    assert alarm.collapsed_at == 2


def test_the_alarm_looks_only_when_it_is_due():
    alarm = callbacks.PosteriorCollapseWarning(BINARY, every=2, start_from_epoch=0)
    with pytest.warns(UserWarning, match="After epoch 2"):
        fit(collapsed_vae(), [alarm], epochs=3)
    quiet = callbacks.PosteriorCollapseWarning(BINARY, start_from_epoch=3)
    fit(collapsed_vae(), [quiet], epochs=3)
    assert quiet.collapsed_at is None


def test_a_model_that_uses_a_latent_gives_no_alarm():
    vae = eager_vae()
    head = vae.encoder.posterior.heads["loc"]
    kernel, bias = head.get_weights()
    head.set_weights([kernel * [3.0, 0.0], bias])
    alarm = callbacks.PosteriorCollapseWarning(BINARY, start_from_epoch=0)
    fit(vae, [alarm], epochs=1)
    assert alarm.collapsed_at is None


class Spoil(keras.callbacks.Callback):
    """Makes a term of one epoch's log infinite, and moves the weights with it."""

    def __init__(self, epoch, term, value):
        super().__init__()
        self.epoch, self.term, self.value = epoch, term, value

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            logs[self.term] = self.value
            self.model.set_weights([np.full_like(w, np.nan) for w in self.model.get_weights()])


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
    before = vae.get_weights()
    with pytest.warns(UserWarning, match="after epoch 1"):
        fit(vae, [Spoil(0, "loss", np.nan), callbacks.TerminateOnNonFinite()])
    for found, expected in zip(vae.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_training_of_numbers_goes_on():
    alarm = callbacks.TerminateOnNonFinite()
    assert len(fit(compiled_vae(), [alarm]).history["loss"]) == 3
    assert alarm.stopped_at is None


def written(folder):
    """The tags of what TensorBoard would show, with the steps."""
    found = {}
    for file in folder.glob("events*"):
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                found.setdefault(value.tag, {})[event.step] = tf.make_ndarray(value.tensor)
    return found


def test_images_and_histograms_are_written_for_tensorboard(tmp_path):
    x = np.random.default_rng(0).integers(0, 2, [23, 5, 6]).astype("float32")
    vae = small_vae(likelihoods.Bernoulli([5, 6]))
    vae.compile(run_eagerly=True)
    pictures = callbacks.TensorBoardImages(tmp_path, x, every=2, images=3)
    vae.fit(x, epochs=4, verbose=0, callbacks=[pictures])
    found = written(tmp_path)
    images = {"data", "reconstructions", "draws"}
    assert set(found) == images | {"latents/mean", "latents/stddev", "latents/kl"}
    assert all(set(steps) == {1, 3} for steps in found.values())
    for name in images:
        width, height, *encoded = found[name][3]
        assert (int(width), int(height), len(encoded)) == (6, 5, 3)
    shown = tf.io.decode_png(found["data"][3][2]).numpy()[..., 0] / 255
    np.testing.assert_array_equal(shown, x[0])
    # A histogram is rows of left end, right end and count.
    assert found["latents/mean"][3][:, 2].sum() == 23 * 2
    assert found["latents/kl"][3][:, 2].sum() == 2


def test_rows_that_are_no_images_give_histograms_alone(tmp_path):
    vae = small_vae(likelihoods.Normal([4]))
    vae.compile(run_eagerly=True)
    vae.fit(REAL, verbose=0, callbacks=[callbacks.TensorBoardImages(str(tmp_path), REAL)])
    assert set(written(tmp_path)) == {"latents/mean", "latents/stddev", "latents/kl"}


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
