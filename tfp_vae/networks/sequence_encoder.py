"""The network of an encoder of sequences, which reads no step beyond the end of a row."""

import copy
import inspect
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class SequenceEncoder(keras.layers.Layer):
    """Layers in a chain that read the steps of a row up to its end.

    A row ends with its last step of which any value is observed: in a model with `missing_values`,
    shorter rows are filled up with the code of a missing value, as `datasets.padded` does. The
    steps beyond are set to 0, and a layer whose call has an argument `mask` is told which they are,
    so that they change nothing, bit for bit; one with an argument `observed`, such as
    `networks.recurrent` itself, gets that. A step that is missing before the end is a step: the
    encoder of a model sees 0 and which values are observed, as further entries of the last axis.

    Args:
      layers: Keras layers, from steps `[B, T, C]` to features `[B, F]`.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      inputs: Steps, `[B, T]` or `[B, T, ...]`, of which the last axes are flattened.
      observed: A boolean tensor `[B, T, ...]`, false where a value is missing; None if none is.
      training: Whether the layers run as in training.

    Returns:
      The output of the last layer.

    Raises:
      TypeError: If `layers` is not a list of Keras layers.
      ValueError: If it is empty; when it is built, if the inputs have no axis of steps.

    Example:
      >>> network = networks.SequenceEncoder([networks.LastAndLargest()])
      >>> x = np.array([[[1.0], [3.0], [2.0], [9.0]]], "float32")
      >>> network(x, observed=np.array([[[True], [True], [True], [False]]])).numpy()
      array([[2., 3.]], dtype=float32)
    """

    def __init__(self, layers: Sequence[keras.layers.Layer], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        wanted = "`layers` must be a list of Keras layers, such as [networks.LastAndLargest()]"
        if isinstance(layers, (str, bytes)) or not isinstance(layers, Sequence):
            raise TypeError(f"{wanted}; got a {type(layers).__name__}.")
        for layer in layers:
            if not isinstance(layer, keras.layers.Layer):
                raise TypeError(f"{wanted}; got one with a {type(layer).__name__}.")
        if not layers:
            raise ValueError(f"{wanted}; got [].")
        self.chain = list(layers)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Builds every layer for steps `[B, T, ...]`."""
        shape = self._steps_shape(input_shape)
        for layer in self.chain:
            if not layer.built:
                layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    def call(
        self,
        inputs: tf.Tensor,
        observed: tf.Tensor | None = None,
        training: bool | None = None,
    ) -> tf.Tensor:
        """Returns the output of the last layer."""
        steps = tf.convert_to_tensor(inputs)
        shape = self._steps_shape(steps.shape)
        steps = tf.reshape(steps, [-1, *shape[1:]])
        mask = tf.ones(tf.shape(steps)[:2], tf.bool) if observed is None else step_mask(observed)
        steps = tf.where(mask[..., None], steps, tf.zeros_like(steps))
        for layer in self.chain:
            arguments = inspect.signature(layer.call).parameters
            given = {"mask": mask, "observed": observed, "training": training}
            steps = layer(steps, **{name: given[name] for name in given if name in arguments})
        return steps

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Returns the shape of the last layer's output."""
        shape = self._steps_shape(input_shape)
        for layer in self.chain:
            shape = tuple(layer.compute_output_shape(shape))
        return shape

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal network."""
        layers = [keras.saving.serialize_keras_object(layer) for layer in self.chain]
        return {**super().get_config(), "layers": layers}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SequenceEncoder":
        """Makes a network from the result of `get_config`."""
        # Some layers of Keras change the configuration that they are made from.
        layers = [
            keras.saving.deserialize_keras_object(layer)
            for layer in copy.deepcopy(config["layers"])
        ]
        return cls(**{**config, "layers": layers})

    @staticmethod
    def _steps_shape(input_shape: Any) -> tuple[int | None, ...]:
        """Returns the shape of the steps, `[B, T, C]`."""
        sizes = tuple(input_shape)
        if len(sizes) < 2 or None in sizes[1:]:
            raise ValueError(
                "`inputs` must be steps of known sizes, [batch, steps, ...]; got shape "
                f"{list(sizes)}."
            )
        width = 1
        for size in sizes[2:]:
            width *= size
        return (sizes[0], sizes[1], width)


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class LastAndLargest(keras.layers.Layer):
    """The features of a row's last step, and the largest of every feature over its steps.

    Neither depends on how many steps follow the end, not even in the rounding, as a mean would. Of
    a row without steps both are 0.

    Args:
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      steps: Features, `[B, T, C]`.
      mask: A boolean tensor `[B, T]`, true up to the end of a row; None if all rows are full.

    Returns:
      A tensor `[B, 2 * C]`.

    Example:
      >>> steps = np.array([[[1.0], [3.0], [2.0]]], "float32")
      >>> networks.LastAndLargest()(steps).numpy()
      array([[2., 3.]], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Returns None: what this layer returns has no steps."""
        del inputs, previous_mask

    def call(self, steps: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """Returns the last step's features, then the largest."""
        seen = tf.ones_like(steps[..., :1], tf.bool) if mask is None else mask[..., None]
        after = tf.concat([seen[:, 1:], tf.zeros_like(seen[:, :1])], axis=1)
        is_last = tf.logical_and(seen, tf.logical_not(after))
        last = tf.reduce_sum(tf.where(is_last, steps, tf.zeros_like(steps)), axis=1)
        # XLA may compute the features twice, with other roundings, and then finds none that equals
        # the largest: the gradient of a maximum would be 0 / 0.
        place = tf.argmax(tf.where(seen, steps, steps.dtype.min), axis=1, output_type=tf.int32)
        numbers = tf.range(tf.shape(steps)[1])[:, None]
        is_largest = tf.logical_and(seen, tf.equal(numbers, place[:, None]))
        largest = tf.reduce_sum(tf.where(is_largest, steps, tf.zeros_like(steps)), axis=1)
        return tf.concat([last, largest], axis=-1)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Returns the shape of the features, `[B, 2 * C]`."""
        batch, _, width = input_shape
        return (batch, None if width is None else 2 * width)


def step_mask(observed: tf.Tensor) -> tf.Tensor:
    """Returns which steps of every row are before its end, a boolean tensor `[B, T]`.

    Args:
      observed: A boolean tensor `[B, T, ...]`, false where a value is missing.
    """
    seen = tf.cast(tf.convert_to_tensor(observed), tf.int32)
    if seen.shape.rank > 2:
        seen = tf.reduce_max(seen, axis=list(range(2, seen.shape.rank)))
    steps = tf.range(1, tf.shape(seen)[1] + 1)
    length = tf.reduce_max(seen * steps, axis=1, keepdims=True)
    return steps <= length
