"""What a model made under a distribution strategy refuses."""

import numpy as np
import pytest
import tensorflow as tf

from tests.support.replicated_model import ROWS
from tests.support.small_models import small_vae
from tfp_vae import objectives


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
    with pytest.raises(ValueError, match="global batches, of which every worker takes its shard"):
        vae.fit(dataset, verbose=0)


def test_wrong_rows_are_refused_by_name(one_device):
    vae = small_vae()
    vae.compile(run_eagerly=True)
    for x in (np.full([3, 4], 0.5), tf.data.Dataset.from_tensors(np.full([3, 4], 0.5))):
        with pytest.raises(ValueError, match="`x` must"):
            vae.fit(x, verbose=0)
