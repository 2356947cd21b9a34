"""Convolutional networks for images: one for encoders and its mirror for decoders."""

from collections.abc import Sequence
from typing import Any

import keras

from tfp_vae import checks, keras_arguments, shapes


def conv(
    filters: Sequence[int],
    kernel_size: int = 3,
    strides: int = 2,
    activation: keras_arguments.Activation = "relu",
    name: str | None = None,
) -> keras.Sequential:
    """Makes an encoder's convolutions, from images `[B, height, width, channels]` to `[B, F]`.

    Every layer divides height and width by `strides`, rounding up; the last output is flattened.

    Args:
      filters: The number of filters of each layer, from image to features.
      kernel_size: The width of the kernels, in pixels.
      strides: The step of the kernels, in pixels.
      activation: A Keras activation, the same after every layer.
      name: A name for the network.

    Returns:
      A `keras.Sequential`, built on its first use.

    Raises:
      TypeError: If `filters` is not a list of ints.
      ValueError: If a number is not positive or the activation unknown.

    Example:
      >>> networks.conv([32, 64])(np.zeros([2, 28, 28, 1])).shape
      TensorShape([2, 3136])
    """
    options = _options(kernel_size, strides, activation)
    layers = [keras.layers.Conv2D(count, **options) for count in _filters(filters)]
    return keras.Sequential([*layers, keras.layers.Flatten()], name=name)


def conv_transpose(
    filters: Sequence[int],
    event_shape: Sequence[int],
    kernel_size: int = 3,
    strides: int = 2,
    activation: keras_arguments.Activation = "relu",
    name: str | None = None,
) -> keras.Sequential:
    """Makes the mirror of `conv` for a decoder, `[B, F]` to `[B, height, width, filters[-1]]`.

    A dense layer makes the smallest image; every transposed convolution multiplies height and width
    by `strides`, and the excess over an odd size is cropped, so that the output has the height and
    width of the event. The likelihood makes the channels.

    Args:
      filters: The number of filters of each layer, from features to image.
      event_shape: The event shape of the likelihood, `[height, width, ...]`.
      kernel_size: The width of the kernels, in pixels.
      strides: The step of the kernels, in pixels.
      activation: A Keras activation, the same after every layer.
      name: A name for the network.

    Returns:
      A `keras.Sequential`, built on its first use.

    Raises:
      TypeError: If `filters` or `event_shape` is not a list of ints.
      ValueError: If a number is not positive, the event has no height and width, or the
        activation is unknown.

    Example:
      >>> networks.conv_transpose([64, 32], event_shape=[28, 28, 1])(np.zeros([2, 10])).shape
      TensorShape([2, 28, 28, 32])
    """
    counts = _filters(filters)
    options = _options(kernel_size, strides, activation)
    strides = options["strides"]
    event = shapes.as_shape(event_shape, "event_shape")
    if len(event) < 2:
        raise ValueError(
            "`event_shape` must be [height, width] or [height, width, channels]; got "
            f"{list(event)}."
        )
    sizes = [event[:2]]
    for _ in counts:
        height, width = sizes[0]
        sizes.insert(0, (-(-height // strides), -(-width // strides)))
    smallest = (*sizes[0], counts[0])
    layers = [
        keras.layers.Flatten(),
        keras.layers.Dense(shapes.size_of(smallest), activation),
        keras.layers.Reshape(smallest),
    ]
    for count, (height, width), target in zip(counts, sizes[:-1], sizes[1:], strict=True):
        layers.append(keras.layers.Conv2DTranspose(count, **options))
        excess = (height * strides - target[0], width * strides - target[1])
        if any(excess):
            layers.append(keras.layers.Cropping2D(((0, excess[0]), (0, excess[1]))))
    return keras.Sequential(layers, name=name)


def _filters(filters: Sequence[int]) -> list[int]:
    if isinstance(filters, (str, bytes)) or not isinstance(filters, Sequence):
        raise TypeError(
            f"`filters` must be a list of positive ints, such as [32, 64]; got {filters!r}."
        )
    if not filters:
        raise ValueError("`filters` must have at least one layer, such as [32, 64]; got [].")
    return [checks.positive_int(count, "filters") for count in filters]


def _options(
    kernel_size: int, strides: int, activation: keras_arguments.Activation
) -> dict[str, Any]:
    return {
        "kernel_size": checks.positive_int(kernel_size, "kernel_size"),
        "strides": checks.positive_int(strides, "strides"),
        "padding": "same",
        "activation": keras_arguments.activation(activation),
    }
