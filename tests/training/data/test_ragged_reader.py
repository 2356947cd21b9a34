"""Ragged tensors give the batches of the array that `datasets.padded` makes of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.small_models import small_vae
from tfp_vae import datasets, evaluation, likelihoods, networks, posteriors
from tfp_vae.training.data.ragged_reader import RaggedReader

pytestmark = pytest.mark.usefixtures("without_xla")

LENGTHS = np.random.default_rng(0).integers(1, 6, 23)
STEPS = np.random.default_rng(1).normal(size=[LENGTHS.sum(), 2]).astype("float32")


def ragged(steps=STEPS):
    return tf.RaggedTensor.from_row_lengths(steps, LENGTHS)


@pytest.mark.parametrize("length", [None, 5, 7])
@pytest.mark.parametrize(
    "steps", [STEPS, STEPS[:, 0], np.arange(len(STEPS)), np.arange(len(STEPS)) % 2 == 0]
)
def test_rows_are_those_of_padded(steps, length):
    reader = RaggedReader(ragged(steps), "x", length)
    expected = datasets.padded(ragged(steps), length)
    indices = np.array([0, 3, 22])
    found = reader.rows(indices)
    assert reader.shape == expected.shape
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected[indices])


def test_steps_that_are_lists_of_one_length_are_arrays():
    rows = tf.ragged.constant([[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]])
    np.testing.assert_array_equal(RaggedReader(rows, "x").rows(np.arange(2)), datasets.padded(rows))


@pytest.mark.nightly
def test_training_ends_bit_for_bit_as_with_the_padded_array():
    def trained(x):
        keras.utils.set_random_seed(0)
        vae = tfp_vae.VAE(
            tfp_vae.Encoder(networks.recurrent([4]), posteriors.MultivariateNormalDiag(2)),
            tfp_vae.Decoder(networks.recurrent_decoder([4], [6, 2]), likelihoods.Normal([6, 2])),
            missing_values=np.nan,
        )
        vae.compile("adam", jit_compile=False)
        history = vae.fit(x, batch_size=8, epochs=2, validation_split=0.3, verbose=0)
        scores = vae.evaluate(x, batch_size=8, verbose=0, return_dict=True)
        return (
            vae.get_weights(),
            history.history,
            scores,
            vae.encode(x, verbose=0),
            evaluation.elbo(vae, x, seed=0),
        )

    padded = datasets.padded(ragged(), length=6)
    for one, other in zip(trained(padded), trained(ragged()), strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, one, other)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (tf.ragged.constant([[1.0], []]), "`x` must have 1 to 4 steps .* got 0 in row 1"),
        (tf.ragged.constant([[1.0], [2.0] * 5]), "`x` must have 1 to 4 steps .* got 5 in row 1"),
        (tf.ragged.constant([[1.0], [2.0, np.nan]]), "`x` must end every row .* that of row 1"),
        (tf.ragged.constant([[1], [2, -1]]), "`x` must not hold negative whole .* got -1"),
        (tf.ragged.constant([[[1.0]], [[2.0, 1.0]]]), "`x` must have steps of one shape"),
        (tf.ragged.constant([[1.0], [2.0, 1.0]]), "missing_values=np.nan"),
    ],
)
def test_rows_that_cannot_be_filled_up_are_refused(x, message):
    """The last one by a model without missing values."""
    with pytest.raises(ValueError, match=message):
        small_vae(likelihoods.Normal([4])).encode(x)
