"""Small data, repeated for an epoch of enough steps."""

import numpy as np
import pytest

from tfp_vae import datasets


def test_every_row_is_there_equally_often_in_as_few_passes_as_possible():
    x = np.arange(21).reshape(7, 3)
    repeated = datasets.repeated(x, batch_size=4, steps=5)
    np.testing.assert_array_equal(repeated, np.tile(x, [3, 1]))
    assert datasets.repeated(x, batch_size=7, steps=3).shape == (21, 3)


def test_large_data_is_returned_as_it_is():
    x = np.zeros([1000, 2])
    assert datasets.repeated(x) is x
    assert len(datasets.repeated(x[:999])) == 1998


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"x": np.zeros([0, 2])}, ValueError, "`x` must hold at least one row"),
        ({"x": np.float32(3.0)}, ValueError, "`x` must hold at least one row"),
        ({"x": np.zeros([3, 2]), "batch_size": 0}, ValueError, "`batch_size` must be a positive"),
        ({"x": np.zeros([3, 2]), "batch_size": 2**30}, ValueError, "`x` must have at most"),
        ({"x": np.zeros([3, 2]), "steps": 1.5}, TypeError, "`steps` must be a positive int"),
    ],
)
def test_wrong_arguments_are_named(arguments, kind, words):
    with pytest.raises(kind, match=words):
        datasets.repeated(**arguments)
