"""Batches of arrays and of streams, in their order."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.replicated_model import ROWS
from tests.support.small_models import small_vae
from tfp_vae.training.data import ArraySource, DataAdapter, FixedSteps, Rows, StreamSource
from tfp_vae.training.options import FitOptions


class Numbers:
    """Five batches, each of which is its number."""

    count, order = 5, None

    def epoch(self, epoch, key=None):
        return iter(range(5))


class Prepared(keras.utils.PyDataset):
    """Five batches of one row of ones and zeros, prepared by workers."""

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return np.array([[index // 4, index // 2, index, 1]]) % 2.0


def source_of(data):
    return DataAdapter(small_vae()).of_fit(data, None, FitOptions(shuffle=False)).train


def test_batches_of_an_array_hold_every_row_once():
    rows = Rows(ROWS, np.arange(53.0))
    batches = ArraySource(rows, "float32", 10, shuffle=True)
    assert batches.count == 6
    orders = [
        np.concatenate([weights.numpy() for _, _, weights in batches.epoch(epoch, [1, 2])])
        for epoch in (0, 1)
    ]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(53))
    assert (orders[0] != orders[1]).any()
    np.testing.assert_array_equal(orders[1], batches.order)
    assert len(list(FixedSteps(ArraySource(rows, "float32", 10), 2).epoch(0))) == 2


def test_epochs_of_some_steps_go_on_where_the_last_one_stopped():
    batches = FixedSteps(Numbers(), 3)
    assert batches.count == 3
    seen = [list(batches.epoch(epoch)) for epoch in range(3)]
    assert seen == [[0, 1, 2], [3, 4, 0], [1, 2, 3]]


def test_epochs_of_more_steps_than_the_data_has_end_with_a_warning():
    batches = FixedSteps(Numbers(), 7)
    for _ in range(2):
        with pytest.warns(UserWarning, match="ran out of data after 5 of 7 steps"):
            assert list(batches.epoch(0)) == [0, 1, 2, 3, 4]


def test_a_dataset_says_how_many_batches_it_has():
    dataset = tf.data.Dataset.from_tensor_slices(ROWS[:, :4]).batch(10)
    source = source_of(dataset)
    assert isinstance(source, StreamSource)
    assert source.count == 6
    unknown = source_of(dataset.filter(lambda x: True))
    assert unknown.count is None


@pytest.mark.parametrize("workers", [{"workers": 1}, {"workers": 3, "max_queue_size": 2}])
def test_batches_of_a_py_dataset_come_in_order_whoever_prepares_them(workers):
    data = Prepared(**workers)
    source = source_of(data)
    batches = [batch.numpy() for (batch,) in source.epoch(0)]
    np.testing.assert_array_equal(batches, [data[index] for index in range(5)])


def test_shuffled_batches_of_a_py_dataset_are_the_same_batches_in_another_order():
    source = source_of(Prepared())
    source.shuffle = True
    expected = sorted(batch.numpy().tolist() for (batch,) in source.epoch(0))
    orders = [
        [batch.numpy().tolist() for (batch,) in source.epoch(epoch, [1, 2])] for epoch in range(9)
    ]
    assert all(sorted(order) == expected for order in orders)
    assert any(order != orders[0] for order in orders)
