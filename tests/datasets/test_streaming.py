"""Rows from files larger than memory: all of them once, in an order that the seed decides."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.small_models import eager_vae
from tfp_vae import datasets, likelihoods

ROWS = np.arange(5300, dtype=np.int32).reshape(-1, 1) * np.ones([1, 100], np.int32)


def firsts(dataset):
    return np.concatenate([batch.numpy().reshape(len(batch), -1)[:, 0] for batch in dataset])


def write_npy(folder):
    for number, part in enumerate(np.split(ROWS, [7, 4000])):
        np.save(folder / f"{number}.npy", part)


def write_serialised(folder):
    for number, part in enumerate(np.split(ROWS, [7, 4000])):
        datasets.write_records(folder / f"{number}.tfrecord", part)


def write_numbers(folder, kind="float_list", cast=tf.train.FloatList):
    with tf.io.TFRecordWriter(str(folder / "rows.tfrecord")) as writer:
        for row in ROWS:
            feature = tf.train.Feature(**{kind: cast(value=row[:3])})
            features = tf.train.Features(feature={"x": feature})
            writer.write(tf.train.Example(features=features).SerializeToString())


def write_bare_tensors(folder):
    with tf.io.TFRecordWriter(str(folder / "rows.tfrecord")) as writer:
        for row in ROWS:
            writer.write(tf.io.serialize_tensor(row[:3]).numpy())


WRITERS = [write_npy, write_serialised, write_numbers, write_bare_tensors]


@pytest.mark.nightly
@pytest.mark.parametrize("write", WRITERS)
def test_every_row_comes_once_and_the_seed_decides_when(write, tmp_path):
    write(tmp_path)
    in_order = datasets.from_files(tmp_path, shuffle=False)
    np.testing.assert_array_equal(firsts(in_order), ROWS[:, 0])
    one, same = (datasets.from_files(tmp_path, seed=3) for _ in range(2))
    keras.utils.set_random_seed(9)
    epochs = [firsts(one), firsts(one)]
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch), ROWS[:, 0])
        assert (np.diff(epoch) != 1).mean() > 0.9
    assert (epochs[0] != epochs[1]).any()
    for epoch in epochs:
        np.testing.assert_array_equal(firsts(same), epoch)
    assert (firsts(datasets.from_files(tmp_path, seed=4)) != epochs[0]).any()


@pytest.mark.nightly
@pytest.mark.parametrize("write", WRITERS[:3])
@pytest.mark.parametrize("count", [2, 5])
def test_shards_hold_every_row_once(write, count, tmp_path):
    write(tmp_path)
    shards = [
        firsts(datasets.from_files(tmp_path, num_shards=count, index=i)) for i in range(count)
    ]
    np.testing.assert_array_equal(np.sort(np.concatenate(shards)), ROWS[:, 0])
    assert all(len(shard) for shard in shards)


def write_image(path, shape, brightness=255):
    path.write_bytes(tf.io.encode_png(np.full(shape, brightness, np.uint8)).numpy())


def test_images_are_scaled_and_of_one_size(tmp_path):
    (tmp_path / "class").mkdir()
    for number in range(5):
        write_image(tmp_path / "class" / f"{number}.png", [6, 4, 1], 51 * number)
    images = np.concatenate(list(datasets.from_files(tmp_path, 2, shuffle=False)))
    assert images.shape == (5, 6, 4, 1)
    np.testing.assert_allclose(images[:, 0, 0, 0], [0.0, 0.2, 0.4, 0.6, 0.8], rtol=1e-6)
    colour = datasets.from_files(tmp_path, 2, channels=3)
    assert colour.element_spec.shape.as_list() == [None, 6, 4, 3]
    write_image(tmp_path / "odd.png", [5, 4, 1])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"odd\.png.*\[6, 4, 1\]; got \[5, 4"):
        list(datasets.from_files(tmp_path))


def test_images_of_16_bits_keep_every_level(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 2**16, [5, 7, 1], dtype=np.uint16)
    (tmp_path / "wide.png").write_bytes(tf.io.encode_png(pixels).numpy())
    read = next(iter(datasets.from_files(tmp_path, batch_size=1))).numpy()
    np.testing.assert_array_equal(np.round(read[0] * 65535.0), pixels)


@pytest.mark.nightly
def test_the_same_seed_gives_the_same_weights(tmp_path):
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).normal(size=[300, 4]))
    weights = []
    for _ in range(2):
        keras.utils.set_random_seed(1)
        vae = eager_vae(likelihoods.Normal([4]))
        vae.fit(datasets.from_files(tmp_path, 50, window=100), epochs=2, verbose=0)
        weights.append(vae.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_breaks_while_reading_is_a_value_error_of_fit(tmp_path):
    write_image(tmp_path / "a.png", [2, 2, 1])
    (tmp_path / "b.png").write_bytes(b"no image")
    vae = eager_vae(likelihoods.ContinuousBernoulli([2, 2, 1]))
    with pytest.raises(ValueError, match=r"b\.png' cannot be read"):
        vae.fit(datasets.from_files(tmp_path), verbose=0)


def truncated(path):
    np.save(path, ROWS)
    path.write_bytes(path.read_bytes()[:-1000])


@pytest.mark.parametrize(
    ("name", "write", "error", "message"),
    [
        ("a.npy", truncated, ValueError, r"a\.npy' cannot be read"),
        ("a.npy", lambda p: np.save(p, np.array([{}]), True), ValueError, "a.npy"),
        ("a.npy", lambda p: np.save(p, np.zeros(3)), ValueError, r"got an array of shape \[3\]"),
        ("a.npy", lambda p: np.save(p, np.zeros([3, 2], complex)), ValueError, "real numbers"),
        ("a.npy", lambda p: p.write_bytes(b""), ValueError, r"a\.npy"),
        ("a.tfrecord", lambda p: p.write_bytes(b"abc" * 99), ValueError, r"a\.tfrecord"),
        ("a.tfrecord", lambda p: p.write_bytes(b""), ValueError, "no records"),
        ("a.png", lambda p: p.write_bytes(b"\x89PNG\r\n"), ValueError, r"a\.png' cannot be read"),
        ("a.txt", lambda p: p.write_bytes(b""), ValueError, "files of one format"),
        (".hidden.npy", lambda p: p.write_bytes(b""), FileNotFoundError, "no files"),
    ],
)
def test_broken_files_are_named(name, write, error, message, tmp_path):
    write(tmp_path / name)
    with pytest.raises(error, match=message) as caught:
        datasets.from_files(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_batch_size_may_be_a_small_int_of_numpy(tmp_path):
    write_npy(tmp_path)
    assert datasets.from_files(tmp_path, batch_size=np.uint8(200)).cardinality() == 27


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "`batch_size`"),
        ({"num_shards": 2, "index": 2}, ValueError, "`index` must be from 0 to 1; got 2"),
        ({"channels": 2}, ValueError, "`channels`"),
        ({"window": -1}, ValueError, "`window`"),
        ({"seed": 0.5}, TypeError, "`seed`"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message, tmp_path):
    write_npy(tmp_path)
    with pytest.raises(error, match=message):
        datasets.from_files(tmp_path, **arguments)


def test_rows_of_another_shape_name_their_file(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros([3, 2]))
    np.save(tmp_path / "b.npy", np.zeros([3, 4]))
    with pytest.raises(ValueError, match=r"b\.npy.*\[2\]; got \[4\]"):
        datasets.from_files(tmp_path)


def test_the_shuffle_is_no_code_to_convert(tmp_path, capfd):
    np.save(tmp_path / "rows.npy", ROWS[:10])
    tf.autograph.set_verbosity(1, alsologtostdout=True)
    try:
        list(datasets.from_files(tmp_path))
    finally:
        tf.autograph.set_verbosity(0)
    assert "AutoGraph" not in "".join(capfd.readouterr())
