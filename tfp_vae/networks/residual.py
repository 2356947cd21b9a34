"""Residual networks for images: one for encoders and its mirror for decoders."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, keras_arguments, shapes


def residual(
    filters: Sequence[int],
    blocks: int = 2,
    strides: int = 2,
    kernel_size: int = 3,
    activation: keras_arguments.Activation = "silu",
    name: str | None = None,
) -> keras.Sequential:
    """Makes an encoder's network, `[B, height, width, channels]` to `[B, h, w, filters[-1]]`.

    Every stage is a convolution of patches, which divides height and width by `strides`, and
    residual blocks. The features keep their places, as `posteriors.SpatialNormal` takes them, and
    the trunk of the layer above in a ladder; after a last `keras.layers.Flatten()` any posterior
    takes them.

    Args:
      filters: The number of filters of each stage, from image to features.
      blocks: The number of residual blocks of a stage.
      strides: What a stage divides height and width by.
      kernel_size: The width of the kernels in the blocks, in pixels.
      activation: A Keras activation, the same everywhere.
      name: A name for the network.

    Returns:
      A `keras.Sequential`, built on its first use.

    Raises:
      TypeError: If `filters` is not a list of ints.
      ValueError: If a number is not positive or the activation unknown; when it is built, if a side
        of the image cannot be divided by `strides` at every stage.

    Example:
      >>> networks.residual([16, 32])(np.zeros([2, 32, 32, 3])).shape
      TensorShape([2, 8, 8, 32])

    Source: He et al. (2016), "Identity mappings in deep residual networks".
    """
    counts, blocks, strides = _sizes(filters, blocks, strides)
    layers: list[keras.layers.Layer] = []
    for count in counts:
        layers.append(Patches(count, strides))
        layers.extend(ResidualBlock(kernel_size, activation) for _ in range(blocks))
    return keras.Sequential(layers, name=name)


def residual_transpose(
    filters: Sequence[int],
    event_shape: Sequence[int],
    blocks: int = 2,
    strides: int = 2,
    kernel_size: int = 3,
    activation: keras_arguments.Activation = "silu",
    latent_channels: int | None = None,
    name: str | None = None,
) -> keras.Sequential:
    """Makes the mirror of `residual`, `[B, F]` to `[B, height, width, filters[-1]]`.

    Every stage is residual blocks and a transposed convolution of patches, which multiplies height
    and width by `strides`. It is for a decoder, or for a transition to spatial latents.

    Args:
      filters: The number of filters of each stage, from features to image.
      event_shape: The event shape of the likelihood, or the shape of the spatial latents after it,
        `[height, width, ...]`.
      blocks: The number of residual blocks of a stage.
      strides: What a stage multiplies height and width by.
      kernel_size: The width of the kernels in the blocks, in pixels.
      activation: A Keras activation, the same everywhere.
      latent_channels: The channels of spatial latents, of which the network is a convolution: their
        height and width are those of `event_shape`, divided by `strides` for every stage. None for
        a dense layer, which takes any latents.
      name: A name for the network.

    Returns:
      A `keras.Sequential`, built on its first use.

    Raises:
      TypeError: If `filters` or `event_shape` is not a list of ints.
      ValueError: If a number is not positive, the event has no height and width, a side cannot be
        divided by `strides` at every stage, or the activation is unknown.

    Example:
      >>> decoding = networks.residual_transpose([32, 16], event_shape=[32, 32, 3])
      >>> decoding(np.zeros([2, 10])).shape
      TensorShape([2, 32, 32, 16])
      >>> of_places = networks.residual_transpose([32], [32, 32, 3], latent_channels=4)
      >>> of_places(np.zeros([2, 16 * 16 * 4])).shape
      TensorShape([2, 32, 32, 32])
    """
    counts, blocks, strides = _sizes(filters, blocks, strides)
    event = shapes.as_shape(event_shape, "event_shape")
    if len(event) < 2:
        raise ValueError(
            "`event_shape` must be [height, width] or [height, width, channels]; got "
            f"{list(event)}."
        )
    whole = strides ** len(counts)
    _check_sides(event[:2], whole, "event_shape")
    sides = (event[0] // whole, event[1] // whole)
    layers: list[keras.layers.Layer]
    if latent_channels is None:
        smallest = (*sides, counts[0])
        layers = [
            keras.layers.Flatten(),
            keras.layers.Dense(shapes.size_of(smallest)),
            keras.layers.Reshape(smallest),
        ]
    else:
        places = (*sides, checks.positive_int(latent_channels, "latent_channels"))
        layers = [keras.layers.Reshape(places), keras.layers.Conv2D(counts[0], 1)]
    for count in counts:
        layers.extend(ResidualBlock(kernel_size, activation) for _ in range(blocks))
        layers.append(keras.layers.Conv2DTranspose(count, strides, strides))
    return keras.Sequential(layers, name=name)


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class ResidualBlock(keras.layers.Layer):
    """Adds to features what two convolutions make of them.

    The activation comes before each convolution, and the weights of the second begin at zero, so
    that a block begins as the identity and many can follow one another.

    Args:
      kernel_size: The width of the kernels, in pixels.
      activation: A Keras activation.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, height, width, C]`.

    Returns:
      A tensor of the same shape.

    Raises:
      TypeError: If `kernel_size` is no int.
      ValueError: If it is not positive, or the activation unknown.

    Example:
      >>> features = np.ones([2, 4, 4, 3], "float32")
      >>> bool(np.all(networks.ResidualBlock()(features) == features))
      True

    Source: He et al. (2016), "Identity mappings in deep residual networks".
    """

    def __init__(
        self,
        kernel_size: int = 3,
        activation: keras_arguments.Activation = "silu",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.kernel_size = checks.positive_int(kernel_size, "kernel_size")
        self.activation = keras.activations.get(keras_arguments.activation(activation))

    def build(self, input_shape: Any) -> None:
        """Creates the two convolutions."""
        options = {"padding": "same", "dtype": self.dtype_policy}
        channels = int(input_shape[-1])
        self.first = keras.layers.Conv2D(channels, self.kernel_size, **options)
        self.second = keras.layers.Conv2D(
            channels, self.kernel_size, kernel_initializer="zeros", **options
        )
        self.first.build(input_shape)
        self.second.build(input_shape)
        self.built = True

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Returns the features and what the block adds."""
        inner = self.first(self.activation(features))
        return features + self.second(self.activation(inner))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "activation": keras.activations.serialize(self.activation),
        }


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class Patches(keras.layers.Conv2D):
    """A convolution of patches side by side, which refuses an image that they do not fill.

    Args:
      filters: The number of filters.
      sides: Height and width of a patch, in pixels.
    """

    def __init__(self, filters: int, sides: int, **kwargs: Any) -> None:
        super().__init__(filters, sides, sides, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Checks the sides of the image, and creates the kernel."""
        _check_sides(tuple(input_shape)[1:3], self.strides[0], "x")
        super().build(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        config = super().get_config()
        kept = ("name", "trainable", "dtype", "filters")
        return {**{name: config[name] for name in kept}, "sides": self.strides[0]}


def _sizes(filters: Any, blocks: Any, strides: Any) -> tuple[tuple[int, ...], int, int]:
    counts = checks.positive_ints(filters, "filters")
    if not counts:
        raise ValueError("`filters` must have at least one stage, such as [32, 64]; got [].")
    return (
        counts,
        checks.whole_number(blocks, "blocks"),
        checks.positive_int(strides, "strides"),
    )


def _check_sides(sides: Sequence[int], divisor: int, name: str) -> None:
    """Checks that both sides of an image are multiples of a number."""
    if any(side % divisor for side in sides):
        raise ValueError(
            f"`{name}` must have a height and a width that are multiples of {divisor}, so that "
            f"strides divide them; got {list(sides)}: crop or pad the images."
        )
