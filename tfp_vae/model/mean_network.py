"""An encoder or decoder as a layer of Keras models, with tensors in and out."""

from typing import Any, Protocol

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd


class DistributionSource(Protocol):
    """A layer that returns distributions, and their means."""

    built: bool

    def build(self, input_shape: Any) -> None:
        """Builds the layer for inputs `[batch, ...]`."""

    def of_tensors(self, values: Any, *args: Any, **kwargs: Any) -> tfd.Distribution:
        """Returns the distribution of every row, without checks of the values."""

    def mean_of(self, distribution: tfd.Distribution) -> tf.Tensor:
        """Returns the mean of every row's distribution."""

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the shape of the means."""


class MeanNetwork(keras.layers.Layer):
    """From inputs to the mean of a source's distribution; its weights are those of the source.

    Args:
      source: An encoder or decoder.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      values: A tensor that the source takes.
      training: Whether the networks run as in training.

    Returns:
      A tensor.
    """

    def __init__(self, source: DistributionSource, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source

    def build(self, input_shape: Any) -> None:
        """Builds the source, unless a model has."""
        if not self.source.built:
            self.source.build(input_shape)
        self.built = True

    def call(self, values: Any, training: bool | None = None) -> tf.Tensor:
        """Returns the mean of every row."""
        return self.source.mean_of(self.source.of_tensors(values, training=training))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the shape of the means."""
        return self.source.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Raises: what `adapt` adds to an encoder is saved with its VAE alone.

        Raises:
          NotImplementedError: Always.
        """
        raise NotImplementedError(
            "A Keras model that holds a `mean_network()` must be saved by `save_weights`: save the "
            "VAE beside it, and make the model again from the loaded VAE."
        )
