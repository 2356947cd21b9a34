"""The Poisson likelihood, of counts whose variance is their mean."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions, networks, supports
from tfp_vae.likelihoods import count_marginals, link_functions, offsets
from tfp_vae.likelihoods.base import Likelihood


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class Poisson(Likelihood):
    """Independent Poisson counts; the network emits the logarithm of their rates.

    The variance of a Poisson count is its mean; for counts that vary more given the latents, use
    `NegativeBinomial`. Above e^10 rates grow linearly with the network's output, so that none
    overflows. In float32, log-probabilities of counts near a million have an error of about a nat.

    With `offset="total"` the rates of a row are its own total times a softmax of the network's
    outputs: p(x|z, n) for a known total n, as of `NegativeBinomial`, where it is described. Beside
    `Multinomial`, it then differs by the log-probability of n under a Poisson of mean n alone. With
    `offset="exposure"` they are in proportion to an exposure of the row, which comes with the data.

    Args:
      event_shape: The shape of one row of counts, such as `[2000]`.
      offset: "total", "exposure", or None for rates that depend on z alone.
      total: With `offset="total"`, the total of new rows, as of `NegativeBinomial`.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `tfd.Independent` of `tfd.Poisson`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints, `offset` not a string, or `total` no int.
      ValueError: If a size or `total` is not positive, `offset` an unknown word, or there is a
        `total` without `offset="total"`.

    Example:
      >>> likelihoods.Poisson(event_shape=[4])(np.zeros([3, 8])).mean()[0].numpy()
      array([1., 1., 1., 1.], dtype=float32)
    """

    parameter_names = ("log_rate",)
    mean_name = "log_rate"
    support = supports.COUNTS
    advice = (
        "A Poisson likelihood is for counts. Undo their transformation (a logarithm, a division), "
        "or use likelihoods.Normal for values that are no counts."
    )

    def __init__(
        self,
        event_shape: Sequence[int],
        offset: str | None = None,
        total: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(event_shape, **kwargs)
        self.offset, self.total = offset, total
        self.offsets = offsets.checked(offset, total, len(self.event_shape))

    def build(self, features_shape: Sequence[int | None]) -> None:
        """Makes the head, and the weight of an offset where there is one."""
        if self.offsets is not None:
            self.offsets.build(self)
        super().build(features_shape)

    def input_encoding(self) -> keras.layers.Layer:
        """Returns the standardisation of log(1 + count)."""
        return networks.Standardization(self.event_shape, "log1p", dtype=self.dtype_policy)

    def adapt(
        self,
        x: np.ndarray,
        observed: np.ndarray | None = None,
        stddev: np.ndarray | None = None,
        exposure: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """Returns the outputs of which the rates are the means of the data.

        Args:
          x: Rows, `[N, *event_shape]`.
          observed: A boolean array of the same shape, or None.
          stddev: Nothing that this likelihood uses.
          exposure: The exposures of the rows, `[N]`, with `offset="exposure"`.
        """
        del stddev
        if self.offsets is not None:
            rate = self.offsets.rate(x, observed, exposure)
            return {"log_rate": self.offsets.output_of(rate)}
        return {"log_rate": link_functions.output_of_rate(count_marginals.rate(x, observed))}

    def call(
        self,
        features: tf.Tensor,
        *,
        added: Mapping[str, tf.Tensor] | None = None,
        known: offsets.Known | None = None,
    ) -> tfd.Distribution:
        """Makes the likelihood of features, and with an offset of what is known of the rows."""
        return self.distribution(**self.parameters(features, added=added), known=known)

    def distribution(
        self, log_rate: tf.Tensor, known: offsets.Known | None = None
    ) -> tfd.Independent:
        """Makes the likelihood of the network's `log_rate`, `[B, *event_shape]`."""
        if self.offsets is None:
            log_rate = link_functions.log_rate(log_rate)
        else:
            log_rate = self.offsets.log_means(log_rate, known)
        return self.independent(distributions.Poisson(log_rate=log_rate))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "offset": self.offset, "total": self.total}
