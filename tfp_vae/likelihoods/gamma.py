"""The gamma likelihood, of positive values whose spread is proportional to their mean."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, supports
from tfp_vae.likelihoods import link_functions
from tfp_vae.likelihoods.base import Likelihood

_LARGEST_FLOOR = 1e6


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class Gamma(Likelihood):
    """Independent gamma values, above 0; the network emits mean and variation of every one.

    The variation is the coefficient of variation, the standard deviation divided by the mean. It is
    for durations, amounts of money, concentrations. The network emits the logarithm of the mean,
    which grows only logarithmically above 10 and below -10, so that no mean overflows. Divide
    values of another order of magnitude by their mean.

    McCullagh & Nelder (1989), "Generalized Linear Models", chapter 8: models with a constant
    coefficient of variation.

    Args:
      event_shape: The shape of one row of data, such as `[12]`.
      variation_floor: A constant added to the variation: the density is unbounded as the variation
        falls to zero, and the floor bounds it. In float32 a variation of 0.01 costs the
        log-probability of a value up to 0.01 nats of its accuracy, and one of 0.001 over a nat.
        At most a million.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `tfd.Independent` of `tfd.Gamma`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints, or `variation_floor` not a number.
      ValueError: If a size is not positive, or `variation_floor` negative or too
        large.

    Example:
      >>> likelihoods.Gamma(event_shape=[4])(np.zeros([3, 8])).mean()[0].numpy()
      array([1., 1., 1., 1.], dtype=float32)
    """

    parameter_names = ("log_mean", "variation")
    support = supports.POSITIVE
    advice = (
        "A Gamma likelihood is for positive numbers. Where zeros are values too small to measure, "
        "put half of the smallest measurable one in their place; use likelihoods.Normal for "
        "numbers of both signs, and a likelihood of counts for counts."
    )

    def __init__(
        self, event_shape: Sequence[int], variation_floor: float = 1e-2, **kwargs: Any
    ) -> None:
        super().__init__(event_shape, **kwargs)
        self.variation_floor = checks.finite_number(
            variation_floor, "variation_floor", minimum=0.0, maximum=_LARGEST_FLOOR
        )

    def distribution(self, log_mean: tf.Tensor, variation: tf.Tensor) -> tfd.Independent:
        """Makes the likelihood of `log_mean` and `variation`, `[B, *event_shape]` each."""
        positive = tf.math.softplus(variation) + self.variation_floor
        log_concentration = -2.0 * tf.math.log(positive)
        return self.independent(
            distributions.Gamma(
                tf.exp(log_concentration),
                log_rate=log_concentration - link_functions.log_mean(log_mean),
            )
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "variation_floor": self.variation_floor}
