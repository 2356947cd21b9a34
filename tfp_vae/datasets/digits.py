"""The handwritten digits that come with scikit-learn, without a download."""

from typing import NamedTuple

import numpy as np

_SIDE = 8
_BRIGHTEST = 16


class Digits(NamedTuple):
    """The 1,797 handwritten digits, of 8 by 8 pixels.

    Attributes:
      images: Grey values in [0, 1], `[1797, 8, 8, 1]` of float32.
      labels: The digits shown, `[1797]` of int.

    Example:
      >>> digits = datasets.digits()
      >>> digits.images.shape, digits.labels.shape
      ((1797, 8, 8, 1), (1797,))
    """

    images: np.ndarray
    labels: np.ndarray


def digits() -> Digits:
    """Loads the handwritten digits of the UCI repository (Alpaydin & Kaynak 1998).

    Returns:
      The images, in [0, 1], and their labels.

    Raises:
      ImportError: If scikit-learn, which ships the data, is not installed.

    Example:
      >>> datasets.digits().images.shape
      (1797, 8, 8, 1)
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(
            "`datasets.digits` needs scikit-learn: pip install 'tfp-vae[cli]'."
        ) from error
    bunch = load_digits()
    images = (bunch.data / _BRIGHTEST).astype(np.float32).reshape([-1, _SIDE, _SIDE, 1])
    return Digits(images, bunch.target)
