"""The colour photographs that come with scikit-learn, cut into squares, without a download."""

from typing import NamedTuple

import numpy as np

from tfp_vae import checks

_TEST_SHARE = 0.2


class Photographs(NamedTuple):
    """Squares of two colour photographs.

    Attributes:
      train: Levels 0 to 255, `[N, side, side, 3]` of uint8; squares of the left four fifths, which
        overlap.
      test: The same of the right fifth, side by side, which no square of `train` overlaps.

    Example:
      >>> squares = datasets.photographs()
      >>> squares.train.shape, squares.test.shape
      ((1550, 32, 32, 3), (104, 32, 32, 3))
    """

    train: np.ndarray
    test: np.ndarray


def photographs(side: int = 32, step: int = 16) -> Photographs:
    """Loads the photographs of a temple and of a flower, cut into squares.

    Args:
      side: The side of a square, in pixels.
      step: The distance between the squares of `train`, in pixels.

    Returns:
      The squares of the left and of the right part of both photographs.

    Raises:
      ImportError: If scikit-learn, which ships the pictures, or Pillow, which reads them, is not
        installed.
      TypeError: If `side` or `step` is no int.
      ValueError: If one is not positive, or `side` larger than the right part, of 128 pixels.

    Example:
      >>> datasets.photographs(side=64, step=64).test.shape
      (24, 64, 64, 3)
    """
    side, step = checks.positive_int(side, "side"), checks.positive_int(step, "step")
    try:
        from sklearn.datasets import load_sample_images

        pictures = [np.asarray(picture) for picture in load_sample_images().images]
    except ImportError as error:
        raise ImportError(
            "`datasets.photographs` needs scikit-learn and Pillow: pip install 'tfp-vae[cli]'."
        ) from error
    width = round(_TEST_SHARE * pictures[0].shape[1])
    if side > width:
        raise ValueError(f"`side` must be at most {width}, the width of the test part; got {side}.")
    train = [_squares(picture[:, :-width], side, step) for picture in pictures]
    test = [_squares(picture[:, -width:], side, side) for picture in pictures]
    return Photographs(np.concatenate(train), np.concatenate(test))


def _squares(picture: np.ndarray, side: int, step: int) -> np.ndarray:
    """Returns squares `[N, side, side, 3]` of a picture `[height, width, 3]`, row by row."""
    height, width, _ = picture.shape
    return np.stack(
        [
            picture[top : top + side, left : left + side]
            for top in range(0, height - side + 1, step)
            for left in range(0, width - side + 1, step)
        ]
    )
