import numpy as np
import pytest
import tensorflow as tf

from tfp_vae.training import initial_rows

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


def test_an_iterator_is_left_unread():
    batches = iter([ROWS])
    assert initial_rows(batches, 1) is None
    assert next(batches) is ROWS
