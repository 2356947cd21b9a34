"""The Poisson likelihood, of counts whose variance is their mean."""

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions, networks, supports
from tfp_vae.likelihoods import count_marginals, link_functions
from tfp_vae.likelihoods.base import Likelihood


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class Poisson(Likelihood):
    """Independent Poisson counts; the network emits the logarithm of their rates.

    The variance of a Poisson count is its mean; for counts that vary more given the latents, use
    `NegativeBinomial`. Above e^10 rates grow linearly with the network's output, so that none
    overflows. In float32, log-probabilities of counts near a million have an error of about a nat.

    Args:
      event_shape: The shape of one row of counts, such as `[2000]`.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `tfd.Independent` of `tfd.Poisson`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints.
      ValueError: If a size is not positive.

    Example:
      >>> likelihoods.Poisson(event_shape=[4])(np.zeros([3, 8])).mean()[0].numpy()
      array([1., 1., 1., 1.], dtype=float32)
    """

    parameter_names = ("log_rate",)
    support = supports.COUNTS
    advice = (
        "A Poisson likelihood is for counts. Undo their transformation (a logarithm, a division), "
        "or use likelihoods.Normal for values that are no counts."
    )

    def input_encoding(self) -> keras.layers.Layer:
        """Returns the standardisation of log(1 + count)."""
        return networks.Standardization(self.event_shape, "log1p", dtype=self.dtype_policy)

    def adapt(
        self, x: np.ndarray, observed: np.ndarray | None = None, stddev: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Returns the outputs of which the rates are the means of the data."""
        del stddev
        return {"log_rate": link_functions.output_of_rate(count_marginals.rate(x, observed))}

    def distribution(self, log_rate: tf.Tensor) -> tfd.Independent:
        """Makes the likelihood of the network's `log_rate`, `[B, *event_shape]`."""
        return self.independent(distributions.Poisson(log_rate=link_functions.log_rate(log_rate)))
