"""Data and weights for tests: repeated rows, missing values, random weights."""

import keras
import numpy as np
import numpy.typing as npt


def repeated(row: npt.ArrayLike, count: int = 4000) -> np.ndarray:
    """Returns a batch of copies of one row, so that one call gives independent draws.

    Args:
      row: `[*event_shape]`.
      count: N, the number of rows.

    Returns:
      An array `[N, *event_shape]`, whose ELBO terms can be passed to `assert_mean`.

    Example:
      >>> tfp_vae.testing.repeated([1.0, 2.0]).shape
      (4000, 2)
    """
    return np.repeat(np.asarray(row)[None], count, axis=0)


def with_holes(x: npt.ArrayLike, seed: int = 0, fraction: float = 0.4) -> np.ndarray:
    """Returns data with values missing at random: all of the first row and none of the second.

    Args:
      x: Two rows or more, `[B, *event_shape]`.
      seed: The seed of NumPy's generator.
      fraction: The share of values that are missing.

    Returns:
      An array `[B, *event_shape]` of float64, with NaN for missing values.

    Example:
      >>> np.isnan(tfp_vae.testing.with_holes(np.ones([3, 2]))[:2])
      array([[ True,  True],
             [False, False]])
    """
    holes = np.array(x, np.float64)
    holes[np.random.default_rng(seed).uniform(size=holes.shape) < fraction] = np.nan
    holes[0] = np.nan
    holes[1] = np.asarray(x)[1]
    return holes


def with_random_weights(layer: keras.Layer, scale: float = 0.7, seed: int = 0) -> keras.Layer:
    """Sets all trainable weights of a built layer or model to normal draws.

    Biases and last layers are often initialised at zero, which hides errors in their use. Weights
    that are not trainable, such as a running variance, are not changed.

    Args:
      layer: A built layer or model.
      scale: The standard deviation of the weights.
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
