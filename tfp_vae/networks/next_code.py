"""A recurrent network of the next class code of a sequence, given those before it."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class NextCode(keras.layers.Layer):
    """The logits of every class code of a sequence, given the codes before it and a context.

    A gated recurrent unit reads the codes; it begins at a function of the context, and sees the
    context at every step. Two codes are its own: `classes` stands before the first code, and
    `classes + 1` for one that is not known.

    Args:
      classes: The number of classes.
      units: The width of the recurrent unit, and of the vectors of the codes.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      previous: The code before every step, integers `[N, T]`.
      context: A tensor `[N, C]`.

    Returns:
      The logits, `[N, T, classes]`.

    Raises:
      TypeError: If `classes` or `units` is no int.
      ValueError: If one is not positive.

    Example:
      >>> network = networks.NextCode(classes=3, units=8)
      >>> network.build([None, 2])
      >>> context = np.zeros([1, 2], "float32")
      >>> network(np.array([[network.begin, 0, 1, network.unknown]]), context).shape
      TensorShape([1, 4, 3])
      >>> state = network.first_state(context)
      >>> logits, state = network.step(np.array([network.begin]), state, context)
      >>> logits.shape, state.shape
      (TensorShape([1, 3]), TensorShape([1, 8]))
    """

    def __init__(self, classes: int, units: int = 64, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.classes = checks.positive_int(classes, "classes")
        self.units = checks.positive_int(units, "units")

    @property
    def begin(self) -> int:
        """The code that stands before the first one."""
        return self.classes

    @property
    def unknown(self) -> int:
        """The code that stands for one that is not known."""
        return self.classes + 1

    def build(self, context_shape: Sequence[int | None]) -> None:
        """Makes the weights for a context `[N, C]`."""
        width = tuple(context_shape)[-1]
        if width is None:
            raise ValueError("`context` must have a known last axis; got an unknown one.")
        policy = self.dtype_policy
        self.vectors = self.add_weight(
            name="vectors", shape=(self.classes + 2, self.units), initializer="glorot_uniform"
        )
        self.beginning = keras.layers.Dense(self.units, "tanh", dtype=policy, name="beginning")
        self.beginning.build((None, width))
        self.cell = keras.layers.GRUCell(self.units, dtype=policy, name="cell")
        self.reader = keras.layers.RNN(self.cell, return_sequences=True, dtype=policy)
        self.reader.build((None, None, self.units + width))
        self.logits = keras.layers.Dense(self.classes, dtype=policy, name="logits")
        self.logits.build((None, self.units))
        self.built = True

    def call(self, previous: tf.Tensor, context: tf.Tensor) -> tf.Tensor:
        """Returns the logits of every step in one pass, `[N, T, classes]`."""
        context = tf.cast(context, self.compute_dtype)
        beside = tf.repeat(context[:, None], previous.shape[1], axis=1)
        inputs = tf.concat([self._vectors_of(previous), beside], axis=-1)
        return self._logits_of(self.reader(inputs, initial_state=[self.first_state(context)]))

    def first_state(self, context: tf.Tensor) -> tf.Tensor:
        """Returns the state before the first code, `[N, units]`.

        Args:
          context: A tensor `[N, C]`.
        """
        return self.beginning(tf.cast(context, self.compute_dtype))

    def step(
        self, previous: tf.Tensor, state: tf.Tensor, context: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the logits of one step, `[N, classes]`, and the next state, `[N, units]`.

        Args:
          previous: The code before it, integers `[N]`.
          state: The state before it, `[N, units]`.
          context: A tensor `[N, C]`.
        """
        context = tf.cast(context, self.compute_dtype)
        inputs = tf.concat([self._vectors_of(previous), context], axis=-1)
        output, _ = self.cell(inputs, [state])
        return self._logits_of(output), output

    def _vectors_of(self, codes: tf.Tensor) -> tf.Tensor:
        # The gradient of a gather is no tensor, and has no gradient of its own.
        one_hot = tf.one_hot(codes, self.classes + 2, dtype=self.compute_dtype)
        return tf.matmul(one_hot, tf.cast(tf.convert_to_tensor(self.vectors), self.compute_dtype))

    def _logits_of(self, output: tf.Tensor) -> tf.Tensor:
        return tf.cast(self.logits(output), self.variable_dtype)

    def compute_output_shape(
        self, previous_shape: Sequence[int | None], context_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        """Returns the shape of the logits."""
        del context_shape
        return (*previous_shape, self.classes)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal network."""
        return {**super().get_config(), "classes": self.classes, "units": self.units}
