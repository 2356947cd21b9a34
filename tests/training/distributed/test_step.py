"""What a model that was made under a strategy refuses, and the order of what it is given."""

import numpy as np
import pytest
import tensorflow as tf

from tests.support.replicated_model import ROWS
from tests.support.small_models import small_vae
from tfp_vae import objectives
from tfp_vae.training.data import ArraySource, DataAdapter, FixedSteps, Rows


class Numbers:
    """Five batches, each of which is its number."""

    count, order = 5, None

    def epoch(self, epoch, key=None):
        return iter(range(5))


@pytest.fixture
def one_device():
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    with strategy.scope():
        yield strategy


def test_an_objective_of_the_whole_batch_is_refused(one_device):
    vae = small_vae(objective=objectives.BetaTCVAE(data_size=53))
    vae.compile(run_eagerly=True)
    before = vae.get_weights()
    with pytest.raises(ValueError, match="scores every row by itself on several workers"):
        vae.fit(ROWS[:, :4], verbose=0)
    for one, other in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_dataset_that_has_been_distributed_is_refused(one_device):
    vae = small_vae()
    vae.compile(run_eagerly=True)
    dataset = one_device.experimental_distribute_dataset(
        tf.data.Dataset.from_tensor_slices(ROWS[:, :4]).batch(8)
    )
    with pytest.raises(ValueError, match="whole batches, of which every worker takes its share"):
        vae.fit(dataset, verbose=0)


def test_wrong_rows_are_refused_by_name(one_device):
    vae = small_vae()
    vae.compile(run_eagerly=True)
    for x in (np.full([3, 4], 0.5), tf.data.Dataset.from_tensors(np.full([3, 4], 0.5))):
        with pytest.raises(ValueError, match="`x` must"):
            vae.fit(x, verbose=0)


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
    assert len(list(FixedSteps(ArraySource(rows, "float32", 10), 2).epoch(0))) == 2


def test_epochs_of_some_steps_go_on_where_the_last_one_stopped():
    rows = np.tile(np.arange(5.0)[:, None, None], [1, 1, 4]) % 2
    dataset = tf.data.Dataset.from_tensor_slices(rows)
    source = DataAdapter(small_vae()).checked(dataset, None, None)
    assert source.count == 5
    batches = FixedSteps(Numbers(), 3)
    seen = [list(batches.epoch(epoch)) for epoch in range(3)]
    assert seen == [[0, 1, 2], [3, 4, 0], [1, 2, 3]]


def test_epochs_of_more_steps_than_the_data_has_end_with_a_warning():
    batches = FixedSteps(Numbers(), 7)
    for _ in range(2):
        with pytest.warns(UserWarning, match="ran out of data after 5 of 7 steps"):
            assert list(batches.epoch(0)) == [0, 1, 2, 3, 4]
