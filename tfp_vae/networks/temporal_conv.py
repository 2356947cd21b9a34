"""Temporal convolutional networks for sequences: one for encoders and its mirror for decoders."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, keras_arguments, shapes
from tfp_vae.networks.sequence_decoder import StepsFromLatents
from tfp_vae.networks.sequence_encoder import LastAndLargest, SequenceEncoder


def temporal_conv(
    filters: Sequence[int],
    kernel_size: int = 3,
    activation: keras_arguments.Activation = "relu",
    name: str | None = None,
) -> SequenceEncoder:
    """Makes an encoder's causal convolutions over time, from steps `[B, T, C]` to `[B, F]`.

    Layer i looks at steps that are 2^i apart, so that the last one sees (kernel_size - 1)(2^n - 1)
    steps back. No step depends on those after it, and the features are those of the last step of a
    row and the largest over its steps (`LastAndLargest`): the steps beyond the end, which are
    missing, change nothing, bit for bit.

    Args:
      filters: The number of filters of each layer, from steps to features.
      kernel_size: How many steps each layer looks at.
      activation: A Keras activation, the same after every layer.
      name: A name for the network.

    Returns:
      A `SequenceEncoder`, built on its first use; F = 2 filters[-1].

    Raises:
      TypeError: If `filters` is not a list of ints.
      ValueError: If there is no layer, a number is not positive, or the activation unknown.

    Example:
      >>> networks.temporal_conv([16, 16])(np.zeros([3, 10, 2])).shape
      TensorShape([3, 32])

    Source: Bai et al. (2018), "An empirical evaluation of generic convolutional and recurrent
    networks for sequence modeling".
    """
    return SequenceEncoder(
        [*_convolutions(filters, kernel_size, activation), LastAndLargest()], name=name
    )


def temporal_conv_decoder(
    filters: Sequence[int],
    event_shape: Sequence[int],
    kernel_size: int = 3,
    activation: keras_arguments.Activation = "relu",
    name: str | None = None,
) -> keras.Sequential:
    """Makes the mirror of `temporal_conv` for a decoder, `[B, F]` to steps `[B, T, filters[-1]]`.

    Every step of the first layer sees the latents and the number of the step. The last layer looks
    at adjacent steps, the first at those that are 2^(n - 1) apart. No step depends on those after
    it. The likelihood makes the values of a step.

    Args:
      filters: The number of filters of each layer, from features to steps.
      event_shape: The event shape of the likelihood, `[T]` or `[T, ...]`.
      kernel_size: How many steps each layer looks at.
      activation: A Keras activation, the same after every layer.
      name: A name for the network.

    Returns:
      A `keras.Sequential`, built on its first use.

    Raises:
      TypeError: If `filters` or `event_shape` is not a list of ints.
      ValueError: If there is no layer, a number is not positive, or the activation unknown.

    Example:
      >>> networks.temporal_conv_decoder([16, 8], event_shape=[10, 2])(np.zeros([3, 4])).shape
      TensorShape([3, 10, 8])
    """
    steps = shapes.as_shape(event_shape, "event_shape")[0]
    layers = _convolutions(filters, kernel_size, activation, mirrored=True)
    return keras.Sequential([StepsFromLatents(steps, layers[0].filters), *layers], name=name)


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class CausalConv(keras.layers.Layer):
    """A causal convolution over time, of steps up to each one, `dilation` apart.

    It is one dense layer of the steps side by side: XLA on a CPU runs that fast, unlike a
    convolution. Before the first step there are zeros. Where input and output are equally wide, the
    input is added to the output.

    Args:
      filters: The number of features of a step.
      kernel_size: How many steps it looks at.
      dilation: How far these are apart.
      activation: A Keras activation.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      steps: Features, `[B, T, C]`.

    Returns:
      A tensor `[B, T, filters]`.

    Raises:
      TypeError: If a size is no int.
      ValueError: If it is not positive, or the activation unknown.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int = 3,
        dilation: int = 1,
        activation: keras_arguments.Activation = "relu",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.filters = checks.positive_int(filters, "filters")
        self.kernel_size = checks.positive_int(kernel_size, "kernel_size")
        self.dilation = checks.positive_int(dilation, "dilation")
        self.activation = keras.activations.get(keras_arguments.activation(activation))
        self.dense = keras.layers.Dense(self.filters, self.activation, dtype=self.dtype_policy)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the weights for steps `[B, T, C]`."""
        *leading, width = input_shape
        if width is None:
            raise ValueError("`steps` must have a known last axis; got an unknown one.")
        self.is_residual = width == self.filters
        self.dense.build((*leading, self.kernel_size * width))
        self.built = True

    def call(self, steps: tf.Tensor) -> tf.Tensor:
        """Returns the features of every step."""
        steps = tf.cast(steps, self.compute_dtype)
        count = tf.shape(steps)[1]
        before = (self.kernel_size - 1) * self.dilation
        padded = tf.pad(steps, [[0, 0], [before, 0], [0, 0]])
        shifted = [
            padded[:, index * self.dilation : index * self.dilation + count]
            for index in range(self.kernel_size)
        ]
        features = self.dense(tf.concat(shifted, axis=-1))
        features.set_shape(self.compute_output_shape(steps.shape))
        return steps + features if self.is_residual else features

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Returns the shape with the last axis `filters`."""
        return (*tuple(input_shape)[:-1], self.filters)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "dilation": self.dilation,
            "activation": keras.activations.serialize(self.activation),
        }


def _convolutions(
    filters: Sequence[int],
    kernel_size: int,
    activation: keras_arguments.Activation,
    mirrored: bool = False,
) -> list[CausalConv]:
    counts = checks.positive_ints(filters, "filters")
    if not counts:
        raise ValueError("`filters` must have at least one layer, such as [32, 32]; got [].")
    order = range(len(counts))
    return [
        CausalConv(count, kernel_size, 2**exponent, activation)
        for count, exponent in zip(counts, reversed(order) if mirrored else order, strict=True)
    ]
