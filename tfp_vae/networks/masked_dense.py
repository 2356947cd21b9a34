"""A dense layer in which a unit depends only on some of the inputs."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, keras_arguments


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class MaskedDense(keras.layers.Layer):
    """A dense layer in which a unit depends on the inputs whose degree is at most its own.

    Germain et al. (2015), "MADE: masked autoencoder for distribution estimation", equations 8 to
    13. Every unit depends on the context, if there is one. TensorFlow Probability's masked layers
    are tf_keras layers, whose variables a Keras 3 model does not track.

    Args:
      input_degrees: The degree of every input, whole numbers.
      degrees: The degree of every unit.
      activation: A Keras activation.
      kernel_initializer: A Keras initializer, of the weights of inputs and context.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      inputs: A tensor `[..., len(input_degrees)]`.
      context: None, or a tensor `[..., C]` whose leading axes broadcast with those of `inputs`.

    Returns:
      A tensor `[..., len(degrees)]`.

    Raises:
      TypeError: If degrees are not a list of ints; when it is called, if it was built with a
        context and is called without one, or the other way round.
      ValueError: If the inputs are not as many as their degrees.

    Example:
      >>> layer = networks.MaskedDense([1, 2], [0, 1, 2], kernel_initializer="ones")
      >>> layer(np.array([[1.0, 10.0]])).numpy()
      array([[ 0.,  1., 11.]], dtype=float32)
    """

    def __init__(
        self,
        input_degrees: Sequence[int] | np.ndarray,
        degrees: Sequence[int] | np.ndarray,
        activation: keras_arguments.Activation = None,
        kernel_initializer: keras_arguments.Initializer = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.input_degrees = _degrees(input_degrees, "input_degrees")
        self.degrees = _degrees(degrees, "degrees")
        self.activation = keras.activations.get(keras_arguments.activation(activation))
        self.kernel_initializer = keras_arguments.initializer(
            kernel_initializer, "kernel_initializer"
        )
        self.mask = np.less_equal.outer(self.input_degrees, self.degrees)

    def build(
        self, inputs_shape: Sequence[int | None], context_shape: Sequence[int | None] | None = None
    ) -> None:
        """Makes the weights for inputs `[..., F]` and, if there is one, a context `[..., C]`."""
        size = tuple(inputs_shape)[-1]
        if size != len(self.input_degrees):
            raise ValueError(
                "`inputs` must have as many features as `input_degrees`, "
                f"{len(self.input_degrees)}; got {size}."
            )
        units = len(self.degrees)
        self.kernel = self.add_weight(
            name="kernel", shape=[size, units], initializer=self.kernel_initializer
        )
        self.bias = self.add_weight(name="bias", shape=[units], initializer="zeros")
        self.context_kernel = None
        if context_shape is not None:
            self.context_kernel = self.add_weight(
                name="context_kernel",
                shape=[tuple(context_shape)[-1], units],
                # A copy, as an initializer used twice draws the same numbers twice.
                initializer=self.kernel_initializer.clone(),
            )
        self.built = True

    def call(self, inputs: tf.Tensor, context: tf.Tensor | None = None) -> tf.Tensor:
        """Computes every unit from the inputs that its mask allows."""
        check_context(context, self.context_kernel is not None)
        kernel = tf.convert_to_tensor(self.kernel)
        kernel = tf.where(self.mask, kernel, tf.zeros_like(kernel))
        outputs = tf.tensordot(inputs, kernel, axes=1) + tf.convert_to_tensor(self.bias)
        if context is not None:
            context_kernel = tf.convert_to_tensor(self.context_kernel)
            outputs = outputs + tf.tensordot(context, context_kernel, axes=1)
        return self.activation(outputs)

    def compute_output_shape(
        self, inputs_shape: Sequence[int | None], context_shape: Sequence[int | None] | None = None
    ) -> tuple[int | None, ...]:
        """Returns the shape of the outputs, `[..., len(degrees)]`."""
        del context_shape
        return (*inputs_shape[:-1], len(self.degrees))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "input_degrees": list(self.input_degrees),
            "degrees": list(self.degrees),
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def check_context(context: tf.Tensor | None, expected: bool) -> None:
    """Checks that a layer is called with a context if it was built for one, and only then.

    Raises:
      TypeError: If it is not.
    """
    if expected and context is None:
        raise TypeError(
            "`context` must be a tensor [..., C], as when the layer was built; got None."
        )
    if not expected and context is not None:
        raise TypeError(
            f"`context` must be None, as when the layer was built; got a {type(context).__name__}."
        )


def _degrees(degrees: Sequence[int] | np.ndarray, name: str) -> tuple[int, ...]:
    values = checks.array(degrees, name)
    if values.ndim != 1 or not values.size or not np.issubdtype(values.dtype, np.integer):
        raise TypeError(
            f"`{name}` must be a list of ints, such as [1, 2, 3]; got a {type(degrees).__name__} "
            f"of shape {list(values.shape)} and dtype {values.dtype}."
        )
    return tuple(values.tolist())
