"""Corruption of an encoder's input, for denoising."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy.typing as npt
import tensorflow as tf

from tfp_vae import checks, seeds, stateless_random


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class GaussianCorruption(keras.layers.Layer):
    """Adds normal noise to every value.

    As a VAE's `corruption`, new noise at every step. It makes numbers that are no counts and no
    class codes: for those see `MaskingCorruption`.

    Args:
      stddev: The standard deviation of the noise, in units of the data.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      x: Rows, `[B, ...]`.
      seed: An int or a `[2]` integer tensor; None draws a fresh seed.

    Returns:
      A tensor of the shape of `x`.

    Raises:
      TypeError: If `stddev` is no number.
      ValueError: If it is not positive.

    Example:
      >>> networks.GaussianCorruption(0.1)(np.zeros([2, 3]), seed=0).shape
      TensorShape([2, 3])

    Source: Vincent et al. (2010), "Stacked denoising autoencoders", section 3.4.
    """

    def __init__(self, stddev: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = checks.finite_number(stddev, "stddev", minimum=0.0, exclusive=True)

    def call(self, x: npt.ArrayLike | tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        """Returns `x` with noise."""
        clean = tf.cast(x, self.compute_dtype)
        noise = stateless_random.normal(tf.shape(clean), seeds.as_seed(seed), row_axis=0)
        return clean + tf.cast(self.stddev, clean.dtype) * tf.cast(noise, clean.dtype)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Sequence[int | None]:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "stddev": self.stddev}


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class MaskingCorruption(keras.layers.Layer):
    """Sets values to 0, each with the same probability; the others stay, unlike under dropout.

    As a VAE's `corruption`, other values at every step.

    Args:
      rate: The probability that a value becomes 0, below 1.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      x: Rows, `[B, ...]`.
      seed: An int or a `[2]` integer tensor; None draws a fresh seed.

    Returns:
      A tensor of the shape of `x`.

    Raises:
      TypeError: If `rate` is no number.
      ValueError: If it is not above 0 and below 1.

    Example:
      >>> masked = networks.MaskingCorruption(0.5)(np.ones([200, 10]), seed=0)
      >>> 0.4 < float(tf.reduce_mean(masked)) < 0.6
      True

    Source: Vincent et al. (2010), "Stacked denoising autoencoders", section 3.4.
    """

    def __init__(self, rate: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = checks.finite_number(rate, "rate", minimum=0.0, exclusive=True)
        if self.rate >= 1.0:
            raise ValueError(f"`rate` must be above 0 and below 1; got {self.rate:g}.")

    def call(self, x: npt.ArrayLike | tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        """Returns `x` with some values 0."""
        clean = tf.cast(x, self.compute_dtype)
        drawn = stateless_random.uniform(tf.shape(clean), seeds.as_seed(seed), row_axis=0)
        return tf.where(drawn < tf.cast(self.rate, drawn.dtype), tf.zeros_like(clean), clean)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Sequence[int | None]:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "rate": self.rate}
