"""The zero-inflated negative binomial likelihood, of overdispersed counts with excess zeros."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions
from tfp_vae.likelihoods import offsets
from tfp_vae.likelihoods.negative_binomial import NegativeBinomial


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class ZeroInflatedNegativeBinomial(NegativeBinomial):
    """Independent counts that are 0 with some probability, and else negative binomial.

    The network emits the logit of that probability and the logarithm of the negative binomial's
    mean for every count: Lopez et al. (2018), "Deep generative modeling for single-cell
    transcriptomics". The negative binomial itself may be 0 too.

    Args:
      event_shape: The shape of one row of counts, such as `[2000]`.
      dispersion: "shared", "learned" or "condition", as of `NegativeBinomial`.
      offset: "total", "exposure" or None, as of `NegativeBinomial`. The means that add up to the
        total, or are in proportion to the exposure, are those of counts without excess zeros, as
        in scVI.
      total: The total of new rows, as of `NegativeBinomial`.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `tfd.Independent` of `tfd.ZeroInflatedNegativeBinomial`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints, `dispersion` or `offset` not a string, or
        `total` no int.
      ValueError: If a size or `total` is not positive, a word is unknown, or there is a `total`
        without `offset="total"`.

    Example:
      >>> likelihoods.ZeroInflatedNegativeBinomial(event_shape=[4])(np.zeros([3, 8])).event_shape
      TensorShape([4])
    """

    def __init__(
        self,
        event_shape: Sequence[int],
        dispersion: str = "shared",
        offset: str | None = None,
        total: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(event_shape, dispersion, offset, total, **kwargs)
        self.parameter_names = (*self.parameter_names, "zero_logits")

    def adapt(
        self,
        x: np.ndarray,
        observed: np.ndarray | None = None,
        stddev: np.ndarray | None = None,
        exposure: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """Returns means and shares of excess zeros, and sets or returns the dispersions.

        Args:
          x: Rows, `[N, *event_shape]`.
          observed: A boolean array of the same shape, or None.
          stddev: Nothing that this likelihood uses.
          exposure: The exposures of the rows, `[N]`, with `offset="exposure"`.
        """
        del stddev
        marginals = self._marginals(x, observed, exposure, zero_inflated=True)
        share = marginals.zero_share
        return {**self.outputs_of(marginals), "zero_logits": np.log(share) - np.log1p(-share)}

    def distribution(  # type: ignore[override]
        self,
        log_mean: tf.Tensor,
        inverse_dispersion: tf.Tensor | None = None,
        known: offsets.Known | None = None,
        *,
        zero_logits: tf.Tensor,
    ) -> tfd.Independent:
        """Makes the likelihood of the network's outputs, `[B, *event_shape]` each."""
        # TensorFlow Probability's logits of inflation are [l, -l], so that l is half the log odds.
        inflated = distributions.ZeroInflatedNegativeBinomial(
            distribution=self.counts(log_mean, inverse_dispersion, known),
            inflated_loc_logits=0.5 * zero_logits,
        )
        return self.independent(inflated)
