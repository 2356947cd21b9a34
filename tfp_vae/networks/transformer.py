"""Transformers for sequences: one for encoders and its mirror for decoders."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, keras_arguments, shapes
from tfp_vae.networks.sequence_decoder import StepNumbers, StepsFromLatents
from tfp_vae.networks.sequence_encoder import LastAndLargest, SequenceEncoder


def transformer(
    width: int,
    blocks: int = 2,
    heads: int = 4,
    activation: keras_arguments.Activation = "relu",
    name: str | None = None,
) -> SequenceEncoder:
    """Makes an encoder's transformer, from steps `[B, T, C]` to features `[B, 2 * width]`.

    Every step attends to all steps of its row. Those beyond the end, which are missing, get no
    weight, and change nothing. The features are those of the last step and the largest over all
    (`LastAndLargest`).

    Args:
      width: The number of features of a step, a multiple of `heads`.
      blocks: The number of blocks of attention and a perceptron of 2 * width units.
      heads: The number of heads of attention.
      activation: A Keras activation, of the perceptrons.
      name: A name for the network.

    Returns:
      A `SequenceEncoder`, built on its first use.

    Raises:
      TypeError: If a size is no int.
      ValueError: If it is not positive, `width` no multiple of `heads`, or the activation unknown.

    Example:
      >>> networks.transformer(width=16)(np.zeros([3, 10, 2])).shape
      TensorShape([3, 32])

    Source: Vaswani et al. (2017), "Attention is all you need"; the normalisation before each part
    is that of Xiong et al. (2020), "On layer normalization in the transformer architecture".
    """
    width = checks.positive_int(width, "width")
    return SequenceEncoder(
        [
            keras.layers.Dense(width),
            StepNumbers(),
            *_blocks(width, blocks, heads, activation, causal=False),
            LastAndLargest(),
        ],
        name=name,
    )


def transformer_decoder(
    width: int,
    event_shape: Sequence[int],
    blocks: int = 2,
    heads: int = 4,
    activation: keras_arguments.Activation = "relu",
    name: str | None = None,
) -> keras.Sequential:
    """Makes the mirror of `transformer` for a decoder, `[B, F]` to steps `[B, T, width]`.

    Every step begins with the latents and the number of the step, and attends to those up to it: no
    step depends on those after it. The likelihood makes the values of a step.

    Args:
      width: The number of features of a step, a multiple of `heads`.
      event_shape: The event shape of the likelihood, `[T]` or `[T, ...]`.
      blocks: The number of blocks of attention and a perceptron of 2 * width units.
      heads: The number of heads of attention.
      activation: A Keras activation, of the perceptrons.
      name: A name for the network.

    Returns:
      A `keras.Sequential`, built on its first use.

    Raises:
      TypeError: If `event_shape` is not a list of ints, or a size no int.
      ValueError: If it is not positive, `width` no multiple of `heads`, or the activation unknown.

    Example:
      >>> networks.transformer_decoder(width=16, event_shape=[10, 2])(np.zeros([3, 4])).shape
      TensorShape([3, 10, 16])
    """
    width = checks.positive_int(width, "width")
    steps = shapes.as_shape(event_shape, "event_shape")[0]
    layers = _blocks(width, blocks, heads, activation, causal=True)
    return keras.Sequential([StepsFromLatents(steps, width), *layers], name=name)


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class TransformerBlock(keras.layers.Layer):
    """Attention between the steps of a row, then a perceptron; each is added to its input.

    Args:
      heads: The number of heads; the number of features of a step must be a multiple of it.
      causal: Whether a step attends only to those up to it.
      activation: A Keras activation, of the perceptron.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      steps: Features, `[B, T, C]`.
      mask: A boolean tensor `[B, T]`, true for the steps that are attended to; None for all.

    Returns:
      A tensor of the same shape.

    Raises:
      TypeError: If `heads` is no int, or `causal` no bool.
      ValueError: If `heads` is not positive or the activation unknown; when it is built, if the
        number of features is no multiple of `heads`.
    """

    def __init__(
        self,
        heads: int,
        causal: bool = False,
        activation: keras_arguments.Activation = "relu",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.heads = checks.positive_int(heads, "heads")
        self.causal = checks.instance_of(causal, bool, "causal", "True")
        self.activation = keras.activations.get(keras_arguments.activation(activation))

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the weights for steps `[B, T, C]`."""
        *leading, width = input_shape
        if width is None or width % self.heads:
            raise ValueError(
                f"`heads` must divide the number of features of a step, {width}; got {self.heads}."
            )
        policy = self.dtype_policy
        self.attention_norm = keras.layers.LayerNormalization(dtype=policy)
        self.queries_keys_values = keras.layers.Dense(3 * width, dtype=policy)
        self.attended = keras.layers.Dense(width, dtype=policy)
        self.perceptron_norm = keras.layers.LayerNormalization(dtype=policy)
        self.hidden = keras.layers.Dense(2 * width, self.activation, dtype=policy)
        self.output_layer = keras.layers.Dense(width, dtype=policy)
        for layer in (self.attention_norm, self.queries_keys_values, self.attended):
            layer.build((*leading, width))
        for layer in (self.perceptron_norm, self.hidden):
            layer.build((*leading, width))
        self.output_layer.build((*leading, 2 * width))
        self.built = True

    def call(self, steps: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """Returns the features of every step."""
        steps = tf.cast(steps, self.compute_dtype)
        steps += self.attended(self._attention(self.attention_norm(steps), mask))
        return steps + self.output_layer(self.hidden(self.perceptron_norm(steps)))

    def _attention(self, steps: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
        """Returns the means of the values, weighted by the softmax of queries and keys."""
        count, width = tf.shape(steps)[1], steps.shape[-1]
        size = width // self.heads
        joined = tf.reshape(self.queries_keys_values(steps), [-1, count, 3, self.heads, size])
        queries, keys, values = (
            tf.transpose(joined[:, :, index], [0, 2, 1, 3]) for index in range(3)
        )
        scores = tf.matmul(queries, keys, transpose_b=True) * size**-0.5
        attends = tf.ones([1, 1, 1, count], tf.bool) if mask is None else mask[:, None, None]
        if self.causal:
            numbers = tf.range(count)
            attends = tf.logical_and(attends, numbers <= numbers[:, None])
        scores = tf.where(attends, scores, scores.dtype.min)
        largest = tf.stop_gradient(tf.reduce_max(scores, axis=-1, keepdims=True))
        weights = tf.where(attends, tf.exp(scores - largest), tf.zeros_like(scores))
        # One product makes the sums and their divisor, in one order of the steps.
        ones = tf.ones_like(values[..., :1])
        sums = tf.matmul(weights, tf.concat([values, ones], axis=-1))
        # In a row without steps no step is attended to.
        divisor = tf.where(sums[..., size:] > 0.0, sums[..., size:], tf.ones_like(ones))
        means = sums[..., :size] / divisor
        return tf.reshape(tf.transpose(means, [0, 2, 1, 3]), [-1, count, width])

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Returns `input_shape`."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "heads": self.heads,
            "causal": self.causal,
            "activation": keras.activations.serialize(self.activation),
        }


def _blocks(
    width: int, blocks: int, heads: int, activation: keras_arguments.Activation, causal: bool
) -> list[keras.layers.Layer]:
    heads = checks.positive_int(heads, "heads")
    if width % heads:
        raise ValueError(f"`width` must be a multiple of `heads`, {heads}; got {width}.")
    count = checks.positive_int(blocks, "blocks")
    layers = [TransformerBlock(heads, causal, activation) for _ in range(count)]
    return [*layers, keras.layers.LayerNormalization()]
