"""A network that foretells the objective of a row, the baseline of its score function."""

import math
from collections.abc import Sequence

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import replica_context
from tfp_vae.objectives.enumeration import categorical_part

_UNITS = 64
_LEARNING_RATE = 1e-3
_MEAN_DECAY, _SQUARE_DECAY = 0.9, 0.999
"""The decays of Adam, and that of the squares also of the location and scale of the targets."""


class LearnedBaseline(keras.layers.Layer):
    """A function of q(c|x), and so of x, that is trained towards the objective of a row.

    It is a network of one hidden layer on the probabilities of the categories, whose output is in
    units of the targets: moving averages of their mean and their spread. It begins at zero. The
    weights have an Adam optimizer of their own, and are not trainable for the model.

    Args:
      size: The number of probabilities.
      dtype: The dtype of the weights.

    Call with:
      probs: The probabilities of the categories, `[B, size]`.

    Returns:
      The baseline, `[B]`, in nats.

    Source: Mnih & Gregor (2014), "Neural variational inference and learning in belief networks",
    section 2.3, where the network sees x.
    """

    def __init__(self, size: int, dtype: str) -> None:
        super().__init__(name="learned_baseline", dtype=dtype)
        shapes = {"kernel": [size, _UNITS], "bias": [_UNITS], "last": [_UNITS, 1], "shift": [1]}
        self.network = [
            self._variable(name, shape, "he_normal" if name == "kernel" else "zeros")
            for name, shape in shapes.items()
        ]
        self.means, self.squares = (
            [self._variable(f"{name}_{kind}", shape) for name, shape in shapes.items()]
            for kind in ("mean", "square")
        )
        names = ("steps", "target_mean", "target_variance")
        self.steps, self.target_mean, self.target_variance = (
            self._variable(each, []) for each in names
        )
        self.built = True

    def call(self, probs: tf.Tensor) -> tf.Tensor:
        """Returns the baseline, `[B]`, in nats."""
        weights = [tf.convert_to_tensor(weight) for weight in self.network]
        location, scale = self._units()
        return location + scale * _output(weights, probs)

    def learn(self, probs: tf.Tensor, targets: tf.Tensor) -> None:
        """Takes a step towards the targets of a batch.

        Args:
          probs: The probabilities of the categories, `[B, size]`.
          targets: The objective of every row, `[B]`, in nats.
        """
        rows, total = replica_context.all_reduce_sum(
            [tf.reduce_sum(tf.ones_like(targets)), tf.reduce_sum(targets)]
        )
        steps = tf.convert_to_tensor(self.steps) + 1.0
        self.steps.assign(steps)
        self.target_mean.assign(_mixed(self.target_mean, total / rows, _SQUARE_DECAY))
        # The deviations themselves: in float32 a difference of mean squares is hardly a variance
        # where targets vary little about a large mean.
        deviations = tf.square(targets - self._units()[0])
        (squares,) = replica_context.all_reduce_sum([tf.reduce_sum(deviations)])
        self.target_variance.assign(_mixed(self.target_variance, squares / rows, _SQUARE_DECAY))
        location, scale = self._units()
        weights = [tf.convert_to_tensor(weight) for weight in self.network]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            loss = tf.reduce_sum(tf.square(_output(weights, probs) - (targets - location) / scale))
        gradients = replica_context.all_reduce_sum(tape.gradient(loss, weights))
        for weight, mean, square, gradient in zip(
            self.network, self.means, self.squares, gradients, strict=True
        ):
            latest = gradient / rows
            mean.assign(_mixed(mean, latest, _MEAN_DECAY))
            square.assign(_mixed(square, tf.square(latest), _SQUARE_DECAY))
            direction = tf.convert_to_tensor(mean) / (
                1.0 - tf.pow(_cast(_MEAN_DECAY, steps), steps)
            )
            spread = tf.convert_to_tensor(square) / (
                1.0 - tf.pow(_cast(_SQUARE_DECAY, steps), steps)
            )
            change = _LEARNING_RATE * direction / (tf.sqrt(spread) + 1e-8)
            weight.assign(tf.convert_to_tensor(weight) - change)

    def _units(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the mean of the targets and their standard deviation, in nats."""
        steps = tf.convert_to_tensor(self.steps)
        # 1 - decay^steps, without the rounding of a number near 1.
        known = -tf.math.expm1(steps * math.log(_SQUARE_DECAY))
        known = tf.where(steps > 0.0, known, tf.ones_like(known))
        location = tf.convert_to_tensor(self.target_mean) / known
        variance = tf.convert_to_tensor(self.target_variance) / known
        return location, tf.sqrt(tf.maximum(variance, 1e-6))

    def _variable(
        self, name: str, shape: Sequence[int], initializer: str = "zeros"
    ) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=initializer,
            trainable=False,
            autocast=False,
            aggregation="mean",
        )


def baseline_of(
    posterior: tfd.Distribution, baseline: keras.layers.Layer | None, values: tf.Tensor
) -> tf.Tensor:
    """Returns the learned baseline of some values `[S, B]`, `[B]`, or 0 without a network."""
    if not isinstance(baseline, LearnedBaseline):
        return tf.zeros([], values.dtype)
    return tf.cast(baseline(probs_of(posterior, baseline)), values.dtype)


def probs_of(posterior: tfd.Distribution, baseline: LearnedBaseline) -> tf.Tensor:
    """Returns the probabilities of the categories, then zeros for other latents, `[B, L]`."""
    categorical = categorical_part(posterior)
    assert categorical is not None
    probs = tf.stop_gradient(tf.cast(categorical.mean(), baseline.variable_dtype))
    others = int(posterior.event_shape[0]) - int(probs.shape[-1])
    return tf.pad(probs, [[0, 0], [0, others]])


def _output(weights: Sequence[tf.Tensor], probs: tf.Tensor) -> tf.Tensor:
    kernel, bias, last, shift = weights
    hidden = tf.nn.relu(tf.matmul(probs, kernel) + bias)
    return (tf.matmul(hidden, last) + shift)[:, 0]


def _mixed(average: keras.Variable, latest: tf.Tensor, decay: float) -> tf.Tensor:
    return decay * tf.convert_to_tensor(average) + (1.0 - decay) * latest


def _cast(number: float, like: tf.Tensor) -> tf.Tensor:
    return tf.cast(number, like.dtype)
