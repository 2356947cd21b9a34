"""Batches of arrays and of streams, in their order."""

import numpy as np
import tensorflow as tf

from tests.support.replicated_model import ROWS
from tfp_vae.training.data.batch_sources import ArrayBatches, StreamedBatches
from tfp_vae.training.loops.run_epochs import Rows


def test_batches_of_an_array_hold_every_row_once():
    rows = Rows(ROWS, np.arange(53.0))
    batches = ArrayBatches(rows, "float32", 10, shuffle=True)
    assert batches.count == 6
    orders = [
        np.concatenate([weights.numpy() for _, _, weights in batches.epoch(epoch, [1, 2])])
        for epoch in (0, 1)
    ]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(53))
    assert (orders[0] != orders[1]).any()
    assert len(list(ArrayBatches(rows, "float32", 10, steps=2).epoch(0))) == 2


def test_epochs_of_some_steps_go_on_where_the_last_one_stopped():
    batches = StreamedBatches(tf.data.Dataset.range(5), steps=3)
    seen = [[int(number) for number in batches.epoch(epoch)] for epoch in range(3)]
    assert seen == [[0, 1, 2], [3, 4, 0], [1, 2, 3]]
    assert StreamedBatches(tf.data.Dataset.range(5)).count == 5
