"""The Bernoulli likelihood, of binary data."""

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions, supports
from tfp_vae.likelihoods import marginal_statistics
from tfp_vae.likelihoods.base import Likelihood


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class Bernoulli(Likelihood):
    """Independent values of 0 or 1; the network emits their logits.

    Its negative log-likelihood is the binary cross-entropy, in nats, summed over the event.

    Args:
      event_shape: The shape of one row of data, such as `[784]` or `[28, 28, 1]`.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `tfd.Independent` of `tfd.Bernoulli`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints.
      ValueError: If a size is not positive.

    Example:
      >>> likelihoods.Bernoulli(event_shape=[4])(np.zeros([3, 8])).event_shape
      TensorShape([4])

    Source: Kingma & Welling (2013), "Auto-encoding variational Bayes", appendix C.1.
    """

    parameter_names = ("logits",)
    mean_name = "logits"
    support = supports.BINARY
    advice = (
        "A Bernoulli likelihood is for binary data. Either make the data binary, by a threshold "
        "or with preprocess=networks.StochasticBinarization() on values in [0, 1], or bring it to "
        "[0, 1] (pixels of 0 to 255: divide by 255) and use likelihoods.ContinuousBernoulli."
    )

    def input_encoding(self) -> None:
        """Returns None: 0 and 1 are seen as they are."""

    def adapt(
        self, x: np.ndarray, observed: np.ndarray | None = None, stddev: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Returns the log-odds of every value, with half a count added to both outcomes."""
        del stddev
        known = marginal_statistics.count(x, observed)
        ones = known * marginal_statistics.mean(x, observed)
        return {"logits": np.log(ones + 0.5) - np.log(known - ones + 0.5)}

    def distribution(self, logits: tf.Tensor) -> tfd.Independent:
        """Makes the likelihood of `logits`, `[B, *event_shape]`."""
        return self.independent(distributions.Bernoulli(logits=logits, dtype=logits.dtype))
