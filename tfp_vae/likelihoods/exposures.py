"""Exposures of rows of counts, known offsets of their logarithmic means: p(x|z, exposure)."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae.likelihoods import count_marginals, link_functions

_LARGEST_LOG = 35.0
"""No mean is larger than the exponential: its square is finite."""


@dataclass(frozen=True)
class KnownExposure:
    """What p(x|z) is given of rows beside their latents: how long or how much was counted.

    A plain object, whose tensor Keras does not cast under a mixed policy.

    Attributes:
      exposure: The exposure of every row, positive, `[B]`.

    Example:
      >>> layer = likelihoods.Poisson([2], offset="exposure")
      >>> known = layer.known_of(tf.zeros([1, 2]), None, tf.constant([3.0]))
      >>> layer(np.zeros([1, 8]), known=known).mean().numpy().round(3)
      array([[3., 3.]], dtype=float32)
    """

    exposure: tf.Tensor


class Exposures:
    """The exposures in proportion to which a likelihood of counts scales its means.

    The means of a row of exposure e are (e / u) m, where m are those that the network emits for a
    row of exposure u. The unit u is 1 until the likelihood is adapted to data, and then the mean
    exposure there, so that networks learn numbers of the size of counts, whatever e is measured in.

    Args:
      event_ndims: The number of axes of an event.
    """

    def __init__(self, event_ndims: int) -> None:
        self._event_ndims = event_ndims
        self._unit: keras.Variable | None = None

    def build(self, layer: keras.layers.Layer) -> None:
        """Makes the weight of `layer` that holds the unit."""
        self._unit = layer.add_weight(
            name="exposure_unit", shape=(), initializer="ones", trainable=False, autocast=False
        )

    def rate(
        self, x: np.ndarray, observed: np.ndarray | None, exposure: np.ndarray | None
    ) -> np.ndarray:
        """Sets the unit, and returns the mean of every count at it, `[*event]`.

        It is that of largest likelihood of Poisson counts: Σ x / Σ e over the observed, times u.

        Args:
          x: Rows, `[N, *event]`.
          observed: A boolean array of the same shape, or None.
          exposure: The exposures, `[N]`; None for rows of exposure 1.
        """
        return count_marginals.rate(x, observed, self._ratio(x, exposure))

    def marginals(
        self,
        x: np.ndarray,
        observed: np.ndarray | None,
        exposure: np.ndarray | None,
        zero_inflated: bool,
    ) -> count_marginals.CountMarginals:
        """Sets the unit, and returns the negative binomial of every count at it."""
        ratio = self._ratio(x, exposure)
        return count_marginals.negative_binomial_of_exposures(x, observed, ratio, zero_inflated)

    def output_of(self, mean: np.ndarray) -> np.ndarray:
        """Returns the output of the network at which counts have a mean, at the unit."""
        return link_functions.output_of_rate(mean)

    def of_rows(
        self, x: tf.Tensor, observed: tf.Tensor | None, exposure: tf.Tensor | None
    ) -> KnownExposure | None:
        """Returns what is known of rows: the exposures that were handed in."""
        del x, observed
        return None if exposure is None else self.at(exposure)

    def of_new_rows(
        self, rows: int | tf.Tensor, seed: tf.Tensor, dtype: str, exposure: tf.Tensor | None
    ) -> KnownExposure | None:
        """Returns what is known of new rows: the exposures that were handed in."""
        del rows, seed, dtype
        return None if exposure is None else self.at(exposure)

    def at(self, exposure: tf.Tensor) -> KnownExposure:
        """Returns what is known of rows of exposures `[B]`."""
        return KnownExposure(exposure)

    def log_means(self, outputs: tf.Tensor, known: Any) -> tf.Tensor:
        """Returns the logarithms of the means of counts.

        Args:
          outputs: The outputs of the network, `[..., B, *event]`.
          known: The `KnownExposure` of the rows; None for rows of the unit.
        """
        log_mean = link_functions.log_rate(outputs)
        if known is None:
            return log_mean
        ratio = self.log_ratio(known.exposure)
        shape = tf.concat([tf.shape(ratio), [1] * self._event_ndims], axis=0)
        return tf.minimum(log_mean + tf.reshape(ratio, shape), _LARGEST_LOG)

    def log_ratio(self, exposure: tf.Tensor) -> tf.Tensor:
        """Returns the logarithm of exposures in units, `[B]`."""
        unit = tf.cast(1.0 if self._unit is None else self._unit, exposure.dtype)
        return tf.math.log(exposure) - tf.math.log(unit)

    def check_rows(self, x: np.ndarray, observed: np.ndarray | None, name: str) -> None:
        """Checks nothing: a row without a count says something of its rates."""

    def _ratio(self, x: np.ndarray, exposure: np.ndarray | None) -> np.ndarray:
        """Returns exposures in units of their mean, `[N, 1, 1]`, and sets the unit to that."""
        given: Any = np.ones(len(x)) if exposure is None else exposure
        given = np.asarray(given, np.float64)
        unit = given.mean()
        assert self._unit is not None
        self._unit.assign(unit)
        return np.asarray((given / unit).reshape([-1, *[1] * self._event_ndims]))
