"""`fit` on an array: whole compiled epochs, or batch by batch where a callback needs batches."""

import functools
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tfp_vae import likelihoods, networks, objectives, posteriors
from tfp_vae.training.data import ArraySource, Rows, shuffled_order
from tfp_vae.training.loops import BatchByBatch, want_every_batch


class CountBatches(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.batches = 0

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1


class TakeNoteOfEpochs(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.logs = []

    def on_epoch_end(self, epoch, logs=None):
        self.logs.append(dict(logs))


def binary_rows(count=53, columns=6):
    return np.random.default_rng(0).integers(0, 2, [count, columns]).astype("float32")


def small_vae(dropout=0.0, **kwargs):
    keras.utils.set_random_seed(1)
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([5]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([5], dropout=dropout), likelihoods.Bernoulli([6])),
        **kwargs,
    )
    vae.compile(keras.optimizers.Adam(0.01))
    return vae


def weights_after(vae, **kwargs):
    keras.utils.set_random_seed(2)
    history = vae.fit(binary_rows(), epochs=3, batch_size=10, verbose=0, **kwargs)
    return vae.get_weights(), history.history


def assert_close(weights, others, rtol=1e-5, atol=1e-6):
    for one, other in zip(weights, others, strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


# A compiled epoch takes seconds to compile, so that each case tries several things at once.
@pytest.mark.parametrize(
    ("parts", "options"),
    [
        (
            lambda: {"dropout": 0.2},
            {"sample_weight": np.linspace(0, 2, 53), "validation_split": 0.2},
        ),
        (
            lambda: {
                "objective": objectives.ELBO(kl_weight=objectives.LinearWarmUp(10)),
                "preprocess": networks.StochasticBinarization(),
            },
            {"shuffle": False, "validation_data": binary_rows(20)},
        ),
    ],
    ids=["weighted, split, with dropout", "unshuffled, validated, scheduled, preprocessed"],
)
def test_both_ways_end_in_the_same_weights(parts, options):
    calls = CountBatches()
    looped, looped_log = weights_after(small_vae(**parts()), **options)
    stepped, stepped_log = weights_after(small_vae(**parts()), callbacks=[calls], **options)
    assert calls.batches == 3 * (5 if "validation_split" in options else 6)
    assert_close(looped, stepped)
    assert looped_log.keys() == stepped_log.keys()
    for name, values in looped_log.items():
        np.testing.assert_allclose(values, stepped_log[name], rtol=1e-5)
    if "kl_weight" in looped_log:
        assert looped_log["kl_weight"][0] == pytest.approx(0.5)
        assert looped_log["kl_weight"][-1] == 1.0


def streams():
    rows = binary_rows()
    batches = [rows[start : start + 10] for start in range(0, len(rows), 10)]
    return {
        "dataset": (tf.data.Dataset.from_tensor_slices(rows).batch(10), {}),
        "generator": (itertools.cycle(batches), {"steps_per_epoch": len(batches)}),
    }


@functools.cache
def unshuffled(adaptive):
    return weights_after(small_vae(adaptive=adaptive), shuffle=False)


@pytest.mark.nightly
@pytest.mark.parametrize(("kind", "adaptive"), [("dataset", True), ("generator", False)])
def test_a_stream_of_batches_ends_in_the_same_weights_as_the_array(kind, adaptive):
    """A model adapts to a generator's first batches, which need not be the rows of the array."""
    x, options = streams()[kind]
    vae = small_vae(adaptive=adaptive)
    keras.utils.set_random_seed(2)
    history = vae.fit(x, epochs=3, verbose=0, **options).history
    weights, log = unshuffled(adaptive)
    assert_close(vae.get_weights(), weights)
    for name, values in log.items():
        np.testing.assert_allclose(values, history[name], rtol=1e-5)


@pytest.fixture(scope="module")
def trained():
    vae = small_vae()
    return vae, *weights_after(vae)


@pytest.mark.nightly
def test_the_same_global_seed_gives_the_same_weights_and_another_gives_others(trained):
    _, first, _ = trained
    vae = small_vae()
    start = vae.get_weights()
    second, _ = weights_after(vae)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    vae.set_weights(start)
    vae.compile(keras.optimizers.Adam(0.01))
    keras.utils.set_random_seed(3)
    vae.fit(binary_rows(), epochs=3, batch_size=10, verbose=0)
    assert any((one != other).any() for one, other in zip(first, vae.get_weights(), strict=True))


def test_run_eagerly_takes_the_slow_path_and_the_same_steps(trained):
    _, looped, _ = trained
    eager = small_vae()
    eager.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
    source = ArraySource(Rows(binary_rows()), "float32", 10)
    assert isinstance(eager.trainer.loop_for(source, None), BatchByBatch)
    stepped, _ = weights_after(eager)
    assert_close(looped, stepped, rtol=1e-4, atol=1e-5)


def test_evaluate_is_the_mean_over_examples_with_a_ragged_last_batch(trained):
    vae, _, _ = trained
    x = binary_rows()
    logs = vae.evaluate(x, batch_size=10, verbose=0, return_dict=True)
    stepped = vae.evaluate(
        x, batch_size=10, verbose=0, return_dict=True, callbacks=[CountTestBatches()]
    )
    assert logs == pytest.approx(stepped, rel=1e-6)
    exact = vae.elbo(x, seed=0).kl_divergence
    assert logs["kl_divergence"] == pytest.approx(float(tf.reduce_mean(exact)), rel=1e-5)
    assert logs["loss"] == pytest.approx(-logs["elbo"], rel=1e-6)


class CountTestBatches(keras.callbacks.Callback):
    def on_test_batch_end(self, batch, logs=None):
        pass


def test_epoch_callbacks_see_the_log_and_can_stop(trained):
    class StopAtOnce(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    notes = TakeNoteOfEpochs()
    vae, _, _ = trained
    history = vae.fit(
        binary_rows(), epochs=5, batch_size=10, verbose=0, callbacks=[notes, StopAtOnce()]
    )
    assert len(notes.logs) == len(history.epoch) == 1
    assert set(notes.logs[0]) == {"loss", "elbo", "log_likelihood", "kl_divergence"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # A whole batch and a ragged one, for training and for evaluation.
        (lambda: (binary_rows(), {"batch_size": 10}), 4),
        # Batches of any size, for training and for evaluation.
        (lambda: (streams()["dataset"][0], {}), 2),
    ],
    ids=["array", "dataset"],
)
def test_a_signature_is_traced_once_over_fits_and_evaluations(source, expected):
    vae = small_vae()
    x, options = source()
    traces = []
    original = vae.objective.terms

    def counted(*arguments):
        traces.append(tf.executing_eagerly())
        return original(*arguments)

    vae.objective.terms = counted
    for _ in range(3):
        vae.fit(x, epochs=2, verbose=0, **options)
        vae.evaluate(x, verbose=0, **options)
    assert len(traces) == expected
    assert not any(traces)


@pytest.mark.parametrize(
    ("callbacks", "wanted"),
    [
        (None, False),
        ([], False),
        ([keras.callbacks.EarlyStopping("val_elbo", mode="max")], False),
        ([keras.callbacks.History(), keras.callbacks.CSVLogger("log.csv")], False),
        ([keras.callbacks.ModelCheckpoint("a.keras")], False),
        ([keras.callbacks.ModelCheckpoint("a.keras", save_freq=3)], True),
        ([keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)], False),
        ([keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)], True),
        (CountBatches(), True),
    ],
)
def test_only_callbacks_with_batch_hooks_want_every_batch(callbacks, wanted):
    assert want_every_batch(callbacks) == wanted


def test_an_order_is_a_permutation_that_belongs_to_key_and_epoch():
    order = shuffled_order(100, [3, 4], epoch=0)
    np.testing.assert_array_equal(np.sort(order), np.arange(100))
    np.testing.assert_array_equal(order, shuffled_order(100, [3, 4], epoch=0))
    assert (order != shuffled_order(100, [3, 4], epoch=1)).any()
    assert (order != shuffled_order(100, [3, 5], epoch=0)).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_weight": np.ones(3)}, "one weight for each of 53 rows"),
        ({"sample_weight": -np.ones(53)}, "must not be negative"),
        ({"validation_split": 1.0}, "below 1; got 1"),
        ({"validation_split": 0.99}, "rows of `x` for both training and validation"),
        ({"validation_data": np.full([3, 6], 0.5)}, "validation_data"),
    ],
)
def test_wrong_arguments_leave_the_weights_alone(options, message):
    vae = small_vae()
    before = vae.get_weights()
    with pytest.raises(ValueError, match=message):
        vae.fit(binary_rows(), verbose=0, **options)
    for one, other in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
