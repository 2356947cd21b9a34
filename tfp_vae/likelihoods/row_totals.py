"""Totals of rows of counts, the library sizes of cells: p(x|z, total)."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, seeds, stateless_random
from tfp_vae.likelihoods import count_marginals

_QUANTILES = 100
_UNSEEN = -1e30
"""The output of a value that is missing, a finite number whose exponential is 0."""
_LARGEST_LOG = 35.0
"""No count expected of a missing value is larger than the exponential: its square is finite."""


@dataclass(frozen=True)
class KnownTotals:
    """What p(x|z) is given of rows beside their latents.

    A plain object, whose tensors Keras does not cast under a mixed policy.

    Attributes:
      total: The total of every row's observed counts, positive, `[B]`.
      observed: A boolean tensor `[B, *event]`, false where a count is missing; None if none is.

    Example:
      >>> layer = likelihoods.Poisson([2], offset="total")
      >>> known = layer.known_of(tf.constant([[3.0, 1.0]]), None)
      >>> layer(np.zeros([1, 8]), known=known).mean().numpy().round(3)
      array([[2., 2.]], dtype=float32)
    """

    total: tf.Tensor
    observed: tf.Tensor | None = None


class RowTotals:
    """The totals by which a likelihood of counts scales its means.

    With shares s = softmax(outputs of the network) over the whole event, the means of a row of
    total n are n s. Of a row with missing values n is the total of the observed counts, and the
    means are n s / Σ s over the observed values, which add up to n there.

    The totals of the rows that a likelihood is adapted to are kept, as 100 quantiles: those of new
    rows are drawn from them.

    Args:
      total: The total of new rows, a positive int; None for those of the data.
      event_ndims: The number of axes of an event.

    Raises:
      TypeError: If `total` is no int.
      ValueError: If it is not positive.
    """

    def __init__(self, total: int | None, event_ndims: int) -> None:
        self.total = None if total is None else checks.positive_int(total, "total")
        self._event_ndims = event_ndims
        self._quantiles: keras.Variable | None = None

    def build(self, layer: keras.layers.Layer) -> None:
        """Makes the weight of `layer` that holds the quantiles of the data's totals, at first 1."""
        if self.total is None:
            self._quantiles = layer.add_weight(
                name="totals",
                shape=[_QUANTILES],
                initializer="ones",
                trainable=False,
                autocast=False,
            )

    def rate(
        self, x: np.ndarray, observed: np.ndarray | None, exposure: np.ndarray | None
    ) -> np.ndarray:
        """Keeps the totals of rows `[N, *event]`, and returns the shares of Poisson counts."""
        del exposure
        self._keep(x, observed)
        return count_marginals.shares(x, observed)

    def marginals(
        self,
        x: np.ndarray,
        observed: np.ndarray | None,
        exposure: np.ndarray | None,
        zero_inflated: bool,
    ) -> count_marginals.CountMarginals:
        """Keeps the totals of rows, and returns shares in place of means."""
        del exposure
        self._keep(x, observed)
        return count_marginals.negative_binomial_of_totals(x, observed, zero_inflated)

    def output_of(self, share: np.ndarray) -> np.ndarray:
        """Returns the output of the network at which values have a share of the total."""
        return np.asarray(np.log(share))

    def _keep(self, x: np.ndarray, observed: np.ndarray | None) -> None:
        if self._quantiles is not None:
            places = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
            found = np.quantile(row_totals(x, observed), places, method="inverted_cdf")
            self._quantiles.assign(np.maximum(found, 1.0))

    def of_rows(
        self, x: tf.Tensor, observed: tf.Tensor | None, exposure: tf.Tensor | None
    ) -> KnownTotals:
        """Returns the totals of prepared rows `[B, *event]`."""
        del exposure
        counts = x if observed is None else tf.where(observed, x, tf.zeros_like(x))
        total = tf.reduce_sum(counts, axis=list(range(1, 1 + self._event_ndims)))
        # Rows without a count are refused where data comes in.
        return KnownTotals(tf.maximum(total, 1.0), observed)

    def of_new_rows(
        self, rows: int | tf.Tensor, seed: tf.Tensor, dtype: str, exposure: tf.Tensor | None
    ) -> KnownTotals:
        """Draws the totals of new rows."""
        del exposure
        if self._quantiles is None:
            return KnownTotals(tf.fill([rows], self._usual(dtype)))
        uniform = stateless_random.uniform(tf.reshape(rows, [1]), seeds.as_seed(seed), dtype)
        place = tf.minimum(tf.cast(uniform * _QUANTILES, tf.int32), _QUANTILES - 1)
        return KnownTotals(tf.gather(tf.convert_to_tensor(self._quantiles), place))

    def log_means(self, outputs: tf.Tensor, known: Any) -> tf.Tensor:
        """Returns the logarithms of the means of counts.

        Args:
          outputs: The outputs of the network, `[..., B, *event]`.
          known: The `KnownTotals` of the rows; None for rows of the layer's total, or else of the
            mean total of the data.
        """
        if known is None:
            return self._log_shares(outputs, None) + tf.math.log(self._usual(outputs.dtype))
        shape = tf.concat([tf.shape(known.total), [1] * self._event_ndims], axis=0)
        log_total = tf.math.log(tf.reshape(known.total, shape))
        means = self._log_shares(outputs, known.observed) + log_total
        return means if known.observed is None else tf.minimum(means, _LARGEST_LOG)

    def check_rows(self, x: np.ndarray, observed: np.ndarray | None, name: str) -> None:
        """Checks that every row has a count.

        Args:
          x: Counts, `[N, *event]`.
          observed: A boolean array of the same shape, or None.
          name: The caller's name for `x`.

        Raises:
          ValueError: If a row has none, naming the first.
        """
        empty = row_totals(x, observed) == 0.0
        if empty.any():
            seen = "" if observed is None else "observed "
            raise ValueError(
                f"`{name}` must have a {seen}count above 0 in every row for a likelihood with "
                f"offset='total'; got none in row {int(empty.argmax())}, and {int(empty.sum())} "
                "such rows in all: leave them out."
            )

    def _log_shares(self, outputs: tf.Tensor, observed: tf.Tensor | None) -> tf.Tensor:
        """Returns the logarithms of numbers that add up to 1 over the observed values of a row."""
        axes = list(range(-self._event_ndims, 0))
        seen = outputs if observed is None else tf.where(observed, outputs, _UNSEEN)
        # Without tf.reduce_logsumexp, which ONNX lacks.
        largest = tf.stop_gradient(tf.reduce_max(seen, axis=axes, keepdims=True))
        total = tf.reduce_sum(tf.exp(seen - largest), axis=axes, keepdims=True)
        return outputs - largest - tf.math.log(total)

    def _usual(self, dtype: Any) -> tf.Tensor:
        """Returns the total of a row of which nothing is known, a scalar."""
        if self._quantiles is None:
            return tf.cast(self.total, dtype)
        return tf.reduce_mean(tf.convert_to_tensor(self._quantiles))


def row_totals(x: np.ndarray, observed: np.ndarray | None) -> np.ndarray:
    """Returns the totals of the observed counts of rows `[N, *event]`, `[N]`."""
    axes = tuple(range(1, x.ndim))
    if observed is None:
        return np.asarray(np.sum(x, axis=axes, dtype=np.float64))
    return np.asarray(np.sum(x, axis=axes, dtype=np.float64, where=observed))
