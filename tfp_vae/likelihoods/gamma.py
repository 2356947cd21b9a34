"""The gamma likelihood, of positive values whose spread is proportional to their mean."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, networks, supports
from tfp_vae.distribution_layer import output_of_scale
from tfp_vae.likelihoods import link_functions, marginal_statistics
from tfp_vae.likelihoods.base import Likelihood

_LARGEST_FLOOR = 1e6
_LEAST_GAP, _LARGEST_GAP = 1e-8, 1e3
_GAP_OF_ONE = float(np.euler_gamma)
"""log E[x] - E[log x] of a gamma variable with concentration 1."""


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class Gamma(Likelihood):
    """Independent gamma values, above 0; the network emits mean and variation of every one.

    The variation is the coefficient of variation, the standard deviation divided by the mean. It is
    for durations, amounts of money, concentrations, of any order of magnitude: the network emits
    the logarithm of the mean as a multiple of a unit for every value, which is the mean of the data
    once the model has been adapted to them, and 1 before that. The logarithm grows only
    logarithmically above 10 and below -10, so that no mean overflows.

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
    mean_name = "log_mean"
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

    log_unit: keras.Variable | None = None

    def take_units(self) -> None:
        """Creates the logarithm of the unit of every mean."""
        self.log_unit = self.add_weight(
            name="log_unit",
            shape=self.event_shape,
            initializer="zeros",
            trainable=False,
            autocast=False,
        )

    def input_encoding(self) -> keras.layers.Layer:
        """Returns the standardisation of logarithms."""
        return networks.Standardization(self.event_shape, "log", dtype=self.dtype_policy)

    def adapt(
        self, x: np.ndarray, observed: np.ndarray | None = None, stddev: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Sets the units to the means; the constants are the variations of largest likelihood.

        Minka (2002), "Estimating a gamma distribution", has the iteration.
        """
        del stddev
        assert self.log_unit is not None
        known = marginal_statistics.count(x, observed) > 0.0
        positive = np.asarray(x, np.float64)
        if observed is not None:
            positive = np.where(observed, positive, 1.0)
        mean = np.where(known, marginal_statistics.mean(positive, observed), 1.0)
        gap = np.log(mean) - marginal_statistics.mean(np.log(positive), observed)
        concentration = _concentration(np.where(known, gap, _GAP_OF_ONE))
        self.log_unit.assign(np.log(mean))
        return {
            "log_mean": np.zeros(self.event_shape),
            "variation": output_of_scale(concentration**-0.5, self.variation_floor),
        }

    def distribution(self, log_mean: tf.Tensor, variation: tf.Tensor) -> tfd.Independent:
        """Makes the likelihood of `log_mean` and `variation`, `[B, *event_shape]` each."""
        positive = tf.math.softplus(variation) + self.variation_floor
        log_concentration = -2.0 * tf.math.log(positive)
        mean = link_functions.log_mean(log_mean)
        if self.log_unit is not None:
            mean += tf.convert_to_tensor(self.log_unit)
        return self.independent(
            distributions.Gamma(tf.exp(log_concentration), log_rate=log_concentration - mean)
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "variation_floor": self.variation_floor}


def _concentration(gap: np.ndarray) -> np.ndarray:
    """Returns the concentration k of which log k - digamma(k) is `gap`, log E[x] - E[log x]."""
    gap = np.clip(gap, _LEAST_GAP, _LARGEST_GAP)
    k = (3.0 - gap + np.sqrt((gap - 3.0) ** 2 + 24.0 * gap)) / (12.0 * gap)
    for _ in range(4):
        inverse = 1.0 / k + (np.log(k) - tf.math.digamma(k).numpy() - gap) / (
            k - k**2 * tf.math.polygamma(tf.ones_like(k), k).numpy()
        )
        k = 1.0 / inverse
    return k
