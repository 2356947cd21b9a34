"""Squares of photographs: their number, and that no test pixel is among the training ones."""

import numpy as np
import pytest

from tfp_vae import datasets


def test_squares_are_of_colour_levels_and_as_many_as_fit():
    squares = datasets.photographs()
    assert squares.test.shape == (2 * 13 * 4, 32, 32, 3)
    assert squares.train.shape == (2 * 25 * 31, 32, 32, 3)
    assert squares.train.dtype == np.uint8
    assert squares.train.max() == 255
    # Side by side they are the right parts of both photographs.
    whole = datasets.photographs(side=128).test
    rows = squares.test[:16].reshape(4, 4, 32, 32, 3).swapaxes(1, 2).reshape(128, 128, 3)
    np.testing.assert_array_equal(rows, whole[0])


def test_no_test_row_of_pixels_is_in_training():
    squares = datasets.photographs(side=64, step=64)
    known = {square.tobytes() for square in squares.train}
    assert not any(square.tobytes() in known for square in squares.test)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [({"side": 0}, ValueError), ({"side": 129}, ValueError), ({"step": 1.5}, TypeError)],
)
def test_wrong_arguments_are_named(arguments, error):
    with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
        datasets.photographs(**arguments)
