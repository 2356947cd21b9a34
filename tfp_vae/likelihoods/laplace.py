"""The Laplace likelihood, of real values under the absolute error."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions
from tfp_vae.likelihoods.base import Likelihood


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class Laplace(Likelihood):
    """Independent Laplace values; the network emits location and scale of every one.

    Its negative log-likelihood is the absolute error divided by the scale, plus log(2 scale), in
    nats: the L1 loss, where `Normal` is the squared error. An outlier costs in proportion to its
    distance, not to its square.

    Args:
      event_shape: The shape of one row of data, such as `[784]` or `[28, 28, 1]`.
      scale_floor: A constant added to the scale, in units of the data: the density is unbounded as
        the scale falls to zero, and the floor bounds it.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `tfd.Independent` of `tfd.Laplace`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints, or `scale_floor` not a number.
      ValueError: If a size is not positive, or `scale_floor` negative.

    Example:
      >>> likelihoods.Laplace(event_shape=[4])(np.zeros([3, 8])).event_shape
      TensorShape([4])
    """

    parameter_names = ("loc", "scale")

    def __init__(
        self, event_shape: Sequence[int], scale_floor: float = 1e-3, **kwargs: Any
    ) -> None:
        super().__init__(event_shape, **kwargs)
        self.scale_floor = checks.finite_number(scale_floor, "scale_floor", minimum=0.0)

    def distribution(self, loc: tf.Tensor, scale: tf.Tensor) -> tfd.Independent:
        """Makes the likelihood of `loc` and `scale`, `[B, *event_shape]` each."""
        positive = tf.math.softplus(scale) + self.scale_floor
        return self.independent(distributions.Laplace(loc, positive))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "scale_floor": self.scale_floor}
