import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.small_models import eager_vae
from tfp_vae.training import initial_rows
from tfp_vae.training.data import PeekedBatches

ROWS = np.arange(25_000, dtype="float64")[:, None]


@pytest.mark.parametrize("batch_size", [500, 12_000, 25_000])
def test_rows_of_batches_are_drawn_from_all_of_them_once(batch_size):
    given = ROWS.copy()
    drawn = initial_rows(tf.data.Dataset.from_tensor_slices(given).batch(batch_size), 1)
    assert drawn.shape == (10_000, 1)
    assert len(np.unique(drawn)) == 10_000
    # Without replacement the mean has a standard error of 56 rows: it fails in 1 of 16,000 runs.
    assert abs(drawn.mean() - ROWS.mean()) < 4.0 * 56.0
    np.testing.assert_array_equal(given, ROWS)


def test_rows_of_an_array_are_drawn_and_few_are_all_taken():
    drawn = initial_rows(ROWS, 1)
    assert len(np.unique(drawn)) == 10_000
    assert abs(drawn.mean() - ROWS.mean()) < 4.0 * 56.0
    assert initial_rows(ROWS[:50], 1) is not None
    np.testing.assert_array_equal(initial_rows(ROWS[:50], 1), ROWS[:50])


def test_fewer_large_rows_are_drawn():
    assert len(initial_rows(ROWS, 10_000)) == 5000
    assert len(initial_rows(ROWS, 10**9)) == 1000


def test_an_endless_dataset_is_read_up_to_a_limit():
    endless = tf.data.Dataset.from_tensor_slices(ROWS[:5000]).repeat().batch(1000)
    assert initial_rows(endless, 1).shape == (10_000, 1)


@pytest.mark.parametrize(("wanted", "read"), [(None, 10_000), (7, 7)])
def test_the_first_batches_of_an_iterator_are_read_and_none_is_lost(wanted, read):
    taken = itertools.count()
    batches = PeekedBatches((row[None] for row, _ in zip(ROWS, taken, strict=False)), wanted)
    np.testing.assert_array_equal(initial_rows(batches, 1), ROWS[:read])
    assert next(taken) == read
    np.testing.assert_array_equal(list(itertools.islice(batches, 12_000)), ROWS[:12_000, None])


def test_a_generator_that_fit_adapts_to_ends_in_the_weights_of_its_rows():
    """Three epochs of one batch each: the model begins at all three and trains on all three."""

    def trained(x, **options):
        keras.utils.set_random_seed(0)
        vae = eager_vae()
        vae.fit(x, verbose=0, **options)
        return vae

    rows = (np.random.default_rng(0).uniform(size=[30, 4]) < 0.3).astype("float32")
    one = trained(rows, batch_size=10, shuffle=False)
    other = trained(iter(rows.reshape(3, 10, 4)), steps_per_epoch=1, epochs=3)
    assert other.marginal_elbo == one.marginal_elbo
    for weights, expected in zip(other.get_weights(), one.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, expected)


def test_an_iterator_is_left_unread():
    batches = iter([ROWS])
    assert initial_rows(batches, 1) is None
    assert next(batches) is ROWS


class _Batches(keras.utils.PyDataset):
    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]


@pytest.mark.parametrize("kind", [iter, _Batches])
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (np.ones([3, 5]), "must have shape"),
        (np.full([3, 4], 0.5), "0 or 1"),
        ((np.ones([3, 4]), np.ones(3)), "takes no targets"),
    ],
)
def test_batches_that_do_not_fit_are_refused_before_the_model_begins_at_them(kind, wrong, words):
    vae = eager_vae()
    before = vae.get_weights()
    with pytest.raises(ValueError, match=words):
        vae.fit(kind([np.ones([3, 4]), wrong]), steps_per_epoch=2, verbose=0)
    for one, other in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
