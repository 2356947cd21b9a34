"""The continuous Bernoulli likelihood, of values in [0, 1]."""

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions, networks, supports
from tfp_vae.likelihoods import marginal_statistics
from tfp_vae.likelihoods.base import Likelihood

_LEAST_MEAN = 0.01
_LARGEST_LOGIT = 100.0
_NEAR_ZERO = 1e-3


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class ContinuousBernoulli(Likelihood):
    """Independent values between 0 and 1, such as grey pixels; the network emits their logits.

    Binary cross-entropy on grey values lacks the normalising constant of this density: Loaiza-Ganem
    & Cunningham (2019), "The continuous Bernoulli: fixing a pervasive error in variational
    autoencoders".

    Args:
      event_shape: The shape of one row of data, such as `[784]` or `[28, 28, 1]`.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `tfd.Independent` of `tfd.ContinuousBernoulli`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints.
      ValueError: If a size is not positive.

    Example:
      >>> likelihoods.ContinuousBernoulli(event_shape=[4])(np.zeros([3, 8])).event_shape
      TensorShape([4])
    """

    parameter_names = ("logits",)
    mean_name = "logits"
    support = supports.UNIT_INTERVAL
    advice = (
        "Bring the data to [0, 1] first (pixels of 0 to 255: divide by 255), or use "
        "likelihoods.Normal for values without bounds."
    )

    def input_encoding(self) -> keras.layers.Layer:
        """Returns the standardisation of all values by one number."""
        return networks.Standardization(self.event_shape, pooled=True, dtype=self.dtype_policy)

    def adapt(
        self, x: np.ndarray, observed: np.ndarray | None = None, stddev: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Returns the logits of largest likelihood, under which the mean is that of the data.

        Means below 0.01 and above 0.99 count as these: at 0 and 1 the logits are unbounded.
        """
        del stddev
        known = marginal_statistics.count(x, observed) > 0.0
        mean = np.where(known, marginal_statistics.mean(x, observed), 0.5)
        mean = np.clip(mean, _LEAST_MEAN, 1.0 - _LEAST_MEAN)
        ends = np.full(mean.shape, -_LARGEST_LOGIT), np.full(mean.shape, _LARGEST_LOGIT)
        logits = marginal_statistics.bisected(lambda each: _mean_of(each) - mean, *ends)
        return {"logits": logits}

    def distribution(self, logits: tf.Tensor) -> tfd.Independent:
        """Makes the likelihood of `logits`, `[B, *event_shape]`."""
        return self.independent(
            distributions.ContinuousBernoulli(logits=logits, dtype=logits.dtype)
        )


def _mean_of(logits: np.ndarray) -> np.ndarray:
    """Returns the mean of a continuous Bernoulli variable."""
    is_small = np.abs(logits) < _NEAR_ZERO
    away = np.where(is_small, 1.0, logits)
    return np.where(is_small, 0.5 + logits / 12.0, -1.0 / np.expm1(-away) - 1.0 / away)
