"""The beginning of a decoder of sequences: steps made of latents, and the numbers of steps."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks

_LONGEST_WAVE = 10_000.0


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class StepsFromLatents(keras.layers.Layer):
    """Steps `[B, T, width]` made of latents: a linear map of them, plus sines of the step's number.

    Args:
      steps: The number of steps T.
      width: The number of features of a step.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: Latents or features, `[B, ...]`, which are flattened.

    Returns:
      A tensor `[B, steps, width]`.

    Raises:
      TypeError: If `steps` or `width` is no int.
      ValueError: If one is not positive.
    """

    def __init__(self, steps: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.steps = checks.positive_int(steps, "steps")
        self.width = checks.positive_int(width, "width")
        self.flatten = keras.layers.Flatten(dtype=self.dtype_policy)
        self.linear = keras.layers.Dense(self.width, dtype=self.dtype_policy)
        self.numbers = StepNumbers(dtype=self.dtype_policy)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the linear map."""
        self.linear.build(self.flatten.compute_output_shape(tuple(input_shape)))
        self.built = True

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Returns the steps."""
        first = self.linear(self.flatten(features))
        return self.numbers(tf.repeat(first[:, None], self.steps, axis=1))

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Returns the shape of the steps."""
        return (input_shape[0], self.steps, self.width)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "steps": self.steps, "width": self.width}


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class StepNumbers(keras.layers.Layer):
    """Adds sines and cosines of a step's number to its features, so that steps differ.

    Their wavelengths grow geometrically from 2π to 20,000π steps; they hold no weights and do not
    depend on how many steps there are.

    Args:
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      steps: Features, `[B, T, C]` with a known T.

    Returns:
      A tensor of the same shape.

    Source: Vaswani et al. (2017), "Attention is all you need", section 3.5.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, steps: tf.Tensor) -> tf.Tensor:
        """Returns the features plus the waves."""
        steps = tf.cast(steps, self.compute_dtype)
        return steps + tf.constant(_waves(*steps.shape[1:]), steps.dtype)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Returns `input_shape`."""
        return tuple(input_shape)


def _waves(steps: int, width: int) -> np.ndarray:
    """Returns sines in the even features and cosines in the odd ones, `[steps, width]`."""
    frequencies = _LONGEST_WAVE ** (-(np.arange(width) // 2 * 2) / width)
    angles = np.arange(steps)[:, None] * frequencies
    return np.where(np.arange(width) % 2 == 0, np.sin(angles), np.cos(angles))
