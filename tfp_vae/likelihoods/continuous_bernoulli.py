"""The continuous Bernoulli likelihood, of values in [0, 1]."""

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions, supports
from tfp_vae.likelihoods.base import Likelihood


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
    support = supports.UNIT_INTERVAL
    advice = (
        "Bring the data to [0, 1] first (pixels of 0 to 255: divide by 255), or use "
        "likelihoods.Normal for values without bounds."
    )

    def distribution(self, logits: tf.Tensor) -> tfd.Independent:
        """Makes the likelihood of `logits`, `[B, *event_shape]`."""
        return self.independent(
            distributions.ContinuousBernoulli(logits=logits, dtype=logits.dtype)
        )
