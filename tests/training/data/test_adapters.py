"""`fit`, `evaluate` and `predict` take every kind of data that Keras takes."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.small_models import BINARY, LOGS, compiled_vae, eager_vae
from tfp_vae import likelihoods


class _Rows(keras.utils.PyDataset):
    def __init__(self, rows):
        super().__init__()
        self.rows, self.begun = rows, 0

    def __len__(self):
        return math.ceil(len(self.rows) / 8)

    def __getitem__(self, index):
        return self.rows[8 * index : 8 * index + 8]

    def on_epoch_begin(self):
        self.begun += 1


def _batches(rows):
    while True:
        for start in range(0, len(rows), 8):
            yield rows[start : start + 8]


def _dataset(*parts):
    return tf.data.Dataset.from_tensor_slices(parts if len(parts) > 1 else parts[0]).batch(8)


SOURCES = {
    "array": lambda rows: (rows, {}),
    "list": lambda rows: (rows.tolist(), {}),
    "tensor": lambda rows: (tf.constant(rows), {}),
    "dataset": lambda rows: (_dataset(rows), {}),
    "dataset of unknown length": lambda rows: (_dataset(rows).filter(lambda _: True), {}),
    "PyDataset": lambda rows: (_Rows(rows), {}),
    "generator": lambda rows: (_batches(rows), {"steps_per_epoch": 3}),
    "generator of tuples": lambda rows: (
        ((batch,) for batch in _batches(rows)),
        {"steps_per_epoch": 3},
    ),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_fit_takes_it(kind):
    x, options = SOURCES[kind](BINARY)
    vae = eager_vae()
    before = vae.get_weights()
    history = vae.fit(x, epochs=2, verbose=0, **options).history
    assert sorted(history) == LOGS
    assert np.isfinite([history[name] for name in LOGS]).all()
    np.testing.assert_allclose(history["loss"], -np.array(history["elbo"]), rtol=1e-5)
    assert any((one != other).any() for one, other in zip(before, vae.get_weights(), strict=True))


@pytest.mark.parametrize("kind", SOURCES)
def test_wrong_data_of_it_raises_and_leaves_the_weights(kind):
    x, options = SOURCES[kind](2.0 * BINARY)
    vae = eager_vae()
    before = vae.get_weights()
    with pytest.raises(ValueError, match=r"must hold only values that are 0 or 1; got 2"):
        vae.fit(x, verbose=0, **options)
    for one, other in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", ["array", "dataset", "dataset of unknown length", "PyDataset"])
def test_evaluate_and_predict_take_it(kind):
    x, _ = SOURCES[kind](BINARY)
    vae = eager_vae()
    log = vae.evaluate(
        x, verbose=0, return_dict=True, **({"batch_size": 8} if kind == "array" else {})
    )
    expected = vae.evaluate(BINARY, batch_size=8, verbose=0, return_dict=True)
    assert log == pytest.approx(expected)
    np.testing.assert_allclose(vae.predict(x, verbose=0), vae(BINARY), rtol=1e-5)


@pytest.mark.nightly
def test_a_dataset_that_knows_no_shape_trains_as_one_that_does():
    def read(*parts):
        types = [part.dtype for part in parts]
        return tuple(tf.numpy_function(lambda *rows: rows, parts, types))

    logs = []
    for y in ((), (np.arange(23) % 3,)):
        layer = keras.layers.CategoryEncoding(3, output_mode="one_hot") if y else None
        known = _dataset(BINARY, *y)
        unknown = known.map(read) if y else known.map(lambda x: read(x)[0])
        assert all(each.shape.rank is None for each in tf.nest.flatten(unknown.element_spec))
        for data in (known, unknown):
            keras.utils.set_random_seed(1)
            vae = compiled_vae(condition=layer)
            logs.append(vae.fit(data, epochs=2, verbose=0).history["loss"])
            logs[-1].append(vae.evaluate(data, verbose=0)[0])
    np.testing.assert_array_equal(logs[0], logs[1])
    np.testing.assert_array_equal(logs[2], logs[3])


class _EndlessRows(_Rows):
    num_batches = None


@pytest.mark.parametrize(
    "endless", [_dataset(BINARY).repeat(), _EndlessRows(BINARY)], ids=["dataset", "PyDataset"]
)
def test_endless_data_needs_a_number_of_steps(endless):
    vae = eager_vae()
    with pytest.raises(ValueError, match="`x` must come to an end where `steps_per_epoch` is None"):
        vae.fit(endless, verbose=0)
    with pytest.raises(ValueError, match=r"`validation_data` must come .* `validation_steps` is"):
        vae.fit(BINARY, validation_data=endless, verbose=0)
    for method in (vae.evaluate, vae.predict):
        with pytest.raises(ValueError, match="`x` must come to an end where `steps` is None"):
            method(endless, verbose=0)


@pytest.mark.nightly
def test_an_endless_dataset_trains_for_the_steps_asked_for():
    vae = eager_vae()
    vae.fit(_dataset(BINARY).repeat(), epochs=2, steps_per_epoch=2, verbose=0)
    assert int(vae.optimizer.iterations) == 4
    assert np.isfinite(vae.evaluate(_dataset(BINARY).repeat(), steps=2, verbose=0)).all()


def test_too_few_batches_for_the_steps_give_a_warning():
    short = _dataset(BINARY).filter(lambda _: True)
    with pytest.warns(UserWarning, match="ran out of data"):
        eager_vae().fit(short, steps_per_epoch=5, verbose=0)


def test_an_iterator_that_is_used_up_ends_training_with_a_warning():
    batches = (BINARY[start : start + 8] for start in range(0, 24, 8))
    vae = eager_vae()
    with pytest.warns(UserWarning, match="ran out of data before epoch 2 of 3: training ends"):
        history = vae.fit(batches, epochs=3, verbose=0)
    assert history.epoch == [0]
    assert sorted(history.history) == LOGS
    assert int(vae.optimizer.iterations) == 3


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float64", "float16"])
def test_other_dtypes_with_a_clear_meaning_are_taken(dtype):
    vae = eager_vae()
    x = BINARY.astype(dtype)
    expected = vae.elbo(BINARY, seed=0).elbo
    np.testing.assert_array_equal(vae.elbo(x, seed=0).elbo, expected)
    vae.fit(x, verbose=0)
    vae.fit(_dataset(x), verbose=0)


def test_validation_by_split_by_array_by_weights_and_by_dataset():
    vae = eager_vae()
    for options in (
        {"validation_split": 0.3},
        {"validation_data": BINARY},
        {"validation_data": (BINARY, None, np.ones(23))},
        {"validation_data": _dataset(BINARY)},
        {"validation_data": _dataset(BINARY).filter(lambda _: True)},
    ):
        history = vae.fit(BINARY, verbose=0, **options).history
        assert sorted(history) == sorted([*LOGS, *(f"val_{name}" for name in LOGS)])


def test_wrong_validation_data_is_named_before_training():
    vae = eager_vae()
    before = vae.get_weights()
    for wrong in (2.0 * BINARY, BINARY[:, :3], (BINARY, BINARY.copy())):
        with pytest.raises(ValueError, match=r"`validation_data(`|'s y`) must"):
            vae.fit(BINARY, validation_data=wrong, verbose=0)
    for one, other in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_rows_themselves_may_stand_where_keras_has_targets():
    alone, twice = eager_vae(), eager_vae()
    twice.set_weights(alone.get_weights())
    logs = []
    for vae, y in ((alone, None), (twice, BINARY)):
        keras.utils.set_random_seed(1)
        logs.append(vae.fit(BINARY, y, verbose=0).history)
    assert logs[0] == logs[1]


def test_targets_are_refused():
    vae = eager_vae()
    with pytest.raises(ValueError, match="`y` must be None"):
        vae.fit(BINARY, BINARY.copy(), verbose=0)
    with pytest.raises(ValueError, match="`y` must be None"):
        vae.evaluate(BINARY, BINARY.copy(), verbose=0)
    for parts in ((BINARY, BINARY), (BINARY, BINARY, np.ones(23))):
        with pytest.raises(ValueError, match="A batch must hold x alone"):
            vae.fit(_dataset(*parts), verbose=0)


def test_a_dataset_that_is_not_batched_is_named():
    with pytest.raises(ValueError, match=r"call `dataset.batch\(100\)` first"):
        eager_vae().fit(tf.data.Dataset.from_tensor_slices(BINARY), verbose=0)


def test_wrong_rows_in_a_later_batch_are_named():
    rows = BINARY.copy()
    rows[17, 2] = np.nan
    with pytest.raises(ValueError, match=r"finite numbers; got nan at index \[1, 2\]"):
        compiled_vae().fit(_dataset(rows), verbose=0)


def test_a_py_dataset_hears_of_every_epoch():
    rows = _Rows(BINARY)
    eager_vae().fit(rows, epochs=3, verbose=0)
    assert rows.begun == 3


def test_sample_weights_weigh_the_loss_and_not_the_terms():
    vae = eager_vae()
    weights = np.arange(23.0)
    plain = vae.evaluate(BINARY, verbose=0, return_dict=True)
    doubled = vae.evaluate(BINARY, sample_weight=np.full(23, 2.0), verbose=0, return_dict=True)
    assert doubled["loss"] == pytest.approx(2.0 * plain["loss"], rel=1e-5)
    assert doubled["elbo"] == pytest.approx(plain["elbo"])
    only_last = vae.evaluate(
        BINARY, sample_weight=(weights == 22) * 23.0, verbose=0, return_dict=True
    )
    assert only_last["loss"] != pytest.approx(plain["loss"], rel=1e-3)
    by_dataset = _dataset(BINARY, weights).map(lambda x, weight: (x, None, weight))
    log = vae.evaluate(by_dataset, verbose=0, return_dict=True)
    expected = vae.evaluate(BINARY, sample_weight=weights, batch_size=8, verbose=0)[0]
    assert log["loss"] == pytest.approx(expected, rel=1e-5)


def test_weights_of_the_training_and_of_the_validation_rows_count():
    losses = []
    for weight in (1.0, 2.0):
        vae = compiled_vae()
        vae.compile(keras.optimizers.SGD(0.0), jit_compile=False)
        vae.set_weights([np.full_like(value, 0.1) for value in vae.get_weights()])
        vae.fit(
            BINARY,
            sample_weight=np.full(23, weight),
            validation_data=(BINARY, None, np.full(23, 3.0 * weight)),
            verbose=0,
        )
        losses.append(vae.history.history)
    assert losses[1]["val_loss"] == pytest.approx([2.0 * losses[0]["val_loss"][0]], rel=1e-5)
    for log in losses:
        weight = -log["loss"][0] / log["elbo"][0]
        assert -log["val_loss"][0] / log["val_elbo"][0] == pytest.approx(3.0 * weight, rel=1e-5)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(22), r"one weight for each of 23 rows, shape \[23\]; got shape \[22\]"),
        (np.ones([23, 4]), r"got shape \[23, 4\]"),
        (np.full(23, np.nan), "must hold finite numbers; got nan"),
        (np.full(23, -1.0), "must not be negative; got -1"),
    ],
)
def test_wrong_sample_weights_are_named(weights, message):
    vae = eager_vae()
    with pytest.raises(ValueError, match=message):
        vae.fit(BINARY, sample_weight=weights, verbose=0)
    with pytest.raises(ValueError, match=message):
        vae.fit(BINARY, validation_data=(BINARY, None, weights), verbose=0)
    with pytest.raises(ValueError, match=message):
        vae.evaluate(BINARY, sample_weight=weights, verbose=0)


def test_a_preprocess_layer_may_change_the_shape_of_every_kind():
    images = BINARY.reshape(-1, 2, 2)
    vae = eager_vae(preprocess=keras.layers.Flatten())
    expected = eager_vae().elbo(BINARY, seed=0).elbo.shape
    assert vae.elbo(images, seed=0).elbo.shape == expected
    for kind in ("array", "dataset", "PyDataset"):
        vae.fit(SOURCES[kind](images)[0], verbose=0)


def test_pixels_meet_a_likelihood_for_them():
    pixels = np.random.default_rng(0).integers(0, 256, [9, 4]).astype("uint8")
    with pytest.raises(ValueError, match=r"StochasticBinarization.*ContinuousBernoulli"):
        eager_vae().fit(pixels, verbose=0)
    eager_vae(likelihoods.ContinuousBernoulli([4])).fit(pixels / 255.0, verbose=0)
