"""Data and weights for a test: one row many times, rows with holes, weights that are not zero."""

from typing import Any

import keras
import numpy as np


def repeated(row: Any, count: int = 4000) -> np.ndarray:
    """Returns one row of data as a batch, so that one call gives independent draws.

    Args:
      row: `[*event_shape]`.
      count: N, the number of rows.

    Returns:
      An array `[N, *event_shape]`, of whose bound a term goes to `assert_mean` as it is.

    Example:
      >>> tfp_vae.testing.repeated([1.0, 2.0]).shape
      (4000, 2)
    """
    return np.repeat(np.asarray(row)[None], count, axis=0)


def with_holes(x: Any, seed: int = 0, fraction: float = 0.4) -> np.ndarray:
    """Returns data with values missing at random, of the first row all and of the second none.

    Args:
      x: Two rows or more, `[B, *event_shape]`.
      seed: The seed of NumPy's generator.
      fraction: How many of the values are missing.

    Returns:
      An array `[B, *event_shape]` of float64, with NaN for what is missing.

    Example:
      >>> np.isnan(tfp_vae.testing.with_holes(np.ones([3, 2]))[:2])
      array([[ True,  True],
             [False, False]])
    """
    holes = np.array(x, np.float64)
    holes[np.random.default_rng(seed).uniform(size=holes.shape) < fraction] = np.nan
    holes[0] = np.nan
    holes[1] = x[1]
    return holes


def with_random_weights(layer: keras.Layer, scale: float = 0.7, seed: int = 0) -> keras.Layer:
    """Sets all trainable weights of a built layer or model to normal numbers.

    Biases and last layers often begin at zero, where a mistake in what they do does not show. What
    is not trained, such as a running variance, stays as it is.

    Args:
      layer: What has weights.
      scale: Their standard deviation.
      seed: The seed of NumPy's generator.

    Returns:
      The layer.

    Example:
      >>> layer = networks.MADE(2, [4])
      >>> layer.build([None, 3])
      >>> bool((tfp_vae.testing.with_random_weights(layer).get_weights()[-1] != 0).all())
      True
    """
    rng = np.random.default_rng(seed)
    for weight in layer.trainable_weights:
        weight.assign(rng.normal(scale=scale, size=weight.shape))
    return layer
