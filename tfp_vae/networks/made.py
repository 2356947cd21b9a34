"""MADE: a network whose output i depends only on the inputs before i."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, keras_arguments
from tfp_vae.networks.masked_dense import MaskedDense, check_context

_ORDERS = ("left_to_right", "right_to_left")


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class MADE(keras.layers.Layer):
    """Parameters for every input that depend on the inputs before it, and on a context.

    Germain et al. (2015), "MADE: masked autoencoder for distribution estimation". The degrees of
    hidden units are spread evenly instead of drawn, so that equal arguments make equal networks.
    They include 0: such a unit depends on the context alone.

    It can be the `shift_and_log_scale_fn` of a `tfb.MaskedAutoregressiveFlow`, in the place of
    `tfb.AutoregressiveNetwork`: that is a tf_keras layer, whose variables a Keras 3 model does not
    track, so that they would be neither trained nor saved.

    Args:
      parameters: The number of outputs for every input.
      units: The width of each hidden layer, from input to output; an empty list makes it linear.
      activation: A Keras activation, the same after every hidden layer.
      order: "left_to_right", "right_to_left", or the position of every input in the order, a list
        that holds each of 0 to L - 1 once.
      output_initializer: A Keras initializer, of the last layer's weights.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      inputs: A tensor `[..., L]`.
      context: None, or a tensor `[..., C]` whose leading axes broadcast with those of `inputs`.

    Returns:
      A tensor `[..., L, parameters]`; the parameters of an input do not depend on it, nor on those
      after it.

    Raises:
      TypeError: If a size is not an int; when it is called, if it was built with a context and is
        called without one, or the other way round.
      ValueError: If a size is not positive, or `order` is no order of the inputs.

    Example:
      >>> networks.MADE(parameters=2, units=[16])(np.zeros([5, 3])).shape
      TensorShape([5, 3, 2])
    """

    def __init__(
        self,
        parameters: int,
        units: Sequence[int],
        activation: keras_arguments.Activation = "relu",
        order: str | Sequence[int] = "left_to_right",
        output_initializer: keras_arguments.Initializer = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.parameters = checks.positive_int(parameters, "parameters")
        self.units = checks.positive_ints(units, "units")
        self.activation = keras.activations.get(keras_arguments.activation(activation))
        self.order = _as_order(order)
        self.output_initializer = keras_arguments.initializer(
            output_initializer, "output_initializer"
        )

    def build(
        self, inputs_shape: Sequence[int | None], context_shape: Sequence[int | None] | None = None
    ) -> None:
        """Makes the masked layers for inputs `[..., L]` and, if there is one, a context `[..., C]`.

        Raises:
          ValueError: If the number of inputs is not known, or not that of `order`.
        """
        size = tuple(inputs_shape)[-1]
        if size is None:
            raise ValueError("`inputs` must have a known last axis; got an unknown one.")
        places = self._places(size)
        # Inputs have the degrees 1 to L by their position, and outputs one less than their input:
        # a unit depends on inputs of degrees up to its own.
        degrees = places + 1
        self.masked_layers = []
        for index, width in enumerate(self.units):
            hidden_degrees = np.arange(width) * size // width
            self.masked_layers.append(
                MaskedDense(
                    degrees,
                    hidden_degrees,
                    activation=self.activation,
                    dtype=self.dtype_policy,
                    name=f"hidden_{index}",
                )
            )
            degrees = hidden_degrees
        self.masked_layers.append(
            MaskedDense(
                degrees,
                np.repeat(places, self.parameters),
                kernel_initializer=self.output_initializer,
                dtype=self.dtype_policy,
                name="outputs",
            )
        )
        for layer in self.masked_layers:
            layer.build((None, len(layer.input_degrees)), context_shape)
        self.has_context = context_shape is not None
        self.built = True

    def call(self, inputs: tf.Tensor, context: tf.Tensor | None = None) -> tf.Tensor:
        """Computes the parameters of every input."""
        check_context(context, self.has_context)
        features = inputs
        for layer in self.masked_layers:
            features = layer(features, context)
        leading = tf.shape(features)[:-1]
        sizes = [inputs.shape[-1], self.parameters]
        outputs = tf.reshape(features, tf.concat([leading, sizes], axis=0))
        outputs.set_shape([*features.shape[:-1], *sizes])
        return outputs

    def compute_output_shape(
        self, inputs_shape: Sequence[int | None], context_shape: Sequence[int | None] | None = None
    ) -> tuple[int | None, ...]:
        """Returns the shape of the parameters, `[..., L, parameters]`."""
        del context_shape
        return (*inputs_shape, self.parameters)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal network."""
        return {
            **super().get_config(),
            "parameters": self.parameters,
            "units": list(self.units),
            "activation": keras.activations.serialize(self.activation),
            "order": self.order if isinstance(self.order, str) else list(self.order),
            "output_initializer": keras.initializers.serialize(self.output_initializer),
        }

    def _places(self, size: int) -> np.ndarray:
        if self.order == "left_to_right":
            return np.arange(size)
        if self.order == "right_to_left":
            return np.arange(size)[::-1]
        if len(self.order) != size:
            raise ValueError(
                f"`order` must have a position for each of the {size} inputs; got "
                f"{len(self.order)} positions."
            )
        return np.array(self.order)


def _as_order(order: str | Sequence[int] | np.ndarray) -> str | tuple[int, ...]:
    if isinstance(order, str):
        return checks.one_of(order, _ORDERS, "order")
    is_list = isinstance(order, Sequence) or (isinstance(order, np.ndarray) and order.ndim == 1)
    places = list(order) if is_list else []
    are_ints = all(isinstance(place, (int, np.integer)) for place in places)
    if not places or not are_ints or sorted(places) != list(range(len(places))):
        raise ValueError(
            "`order` must be 'left_to_right', 'right_to_left', or a list that holds each of 0 to "
            f"L - 1 once; got a {type(order).__name__} that is none of these."
        )
    return tuple(int(place) for place in places)
