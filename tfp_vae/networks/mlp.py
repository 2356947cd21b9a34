"""Multilayer perceptrons."""

import itertools
from collections.abc import Sequence

import keras

from tfp_vae import checks, keras_arguments, shapes


def mlp(
    units: Sequence[int],
    activation: keras_arguments.Activation = "relu",
    dropout: float = 0.0,
    name: str | None = None,
    kernel_regularizer: keras_arguments.Regularizer = None,
) -> keras.Sequential:
    """Makes a multilayer perceptron, from features `[B, ...]` to features `[B, units[-1]]`.

    Inputs of any shape are flattened first. With no units the network is the identity on flat
    inputs, so that an encoder or decoder with it is linear.

    Args:
      units: The width of each layer, from input to output.
      activation: A Keras activation, the same after every layer.
      dropout: The fraction of each layer's outputs that training drops, in [0, 1).
      name: A name for the network.
      kernel_regularizer: What every layer adds to the loss for its matrix, of any shape, such as
        `keras.regularizers.L2(1e-3)`, or None.

    Returns:
      A `keras.Sequential`, built on its first use.

    Raises:
      TypeError: If `units` is not a list of ints, or another argument of the wrong kind.
      ValueError: If a width is not positive, a layer would have too many weights, the activation is
        unknown, or dropout outside [0, 1).

    Example:
      >>> networks.mlp([200, 200], activation="tanh")(np.zeros([3, 28, 28])).shape
      TensorShape([3, 200])
    """
    widths = checks.positive_ints(units, "units")
    for matrix in itertools.pairwise(widths):
        if shapes.size_of(matrix) > shapes.LARGEST_SIZE:
            raise ValueError(
                f"`units` must be widths whose products are at most {shapes.LARGEST_SIZE}, the "
                f"most weights of a layer; got {matrix[0]} and {matrix[1]}."
            )
    rate = checks.finite_number(dropout, "dropout", minimum=0.0)
    if rate >= 1.0:
        raise ValueError(f"`dropout` must be at least 0 and below 1; got {rate:g}.")
    keras_arguments.activation(activation)
    regularizer = keras_arguments.regularizer(kernel_regularizer, "kernel_regularizer")
    layers: list[keras.layers.Layer] = [keras.layers.Flatten()]
    for width in widths:
        layers.append(keras.layers.Dense(width, activation, kernel_regularizer=regularizer))
        if rate:
            layers.append(keras.layers.Dropout(rate))
    return keras.Sequential(layers, name=name)
