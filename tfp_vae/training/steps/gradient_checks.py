"""Checks whether a loss is finite and the optimizer can take the gradients."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

Gradient: TypeAlias = Any
"""The gradient of a weight: a tensor, `tf.IndexedSlices`, or None."""
_WITHOUT_SQUARES = (keras.optimizers.SGD, keras.optimizers.Lion)


def step_is_finite(
    optimizer: keras.optimizers.Optimizer,
    loss: tf.Tensor,
    gradients: Sequence[Gradient],
    replicas: int = 1,
) -> tf.Tensor:
    """Returns whether a step can be taken, a boolean scalar.

    Args:
      optimizer: The optimizer.
      loss: A scalar.
      gradients: The gradient of every trainable weight, or None where it has none.
      replicas: The number of replicas whose gradients are summed.
    """
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        # It skips steps with infinite gradients itself, and lowers the scale.
        return tf.math.is_finite(loss)
    dense: list[tf.Tensor] = [
        getattr(each, "values", each) for each in gradients if each is not None
    ]
    if replicas > 1:
        dense = [replicas * each for each in dense]
    return tf.math.is_finite(loss) & all_usable(dense, optimizer)


def global_norm(gradients: Sequence[Gradient]) -> tf.Tensor:
    """Returns the root of the sum of squares of all gradients, a scalar."""
    return tf.linalg.global_norm([each for each in gradients if each is not None])


def exceeds(norm: tf.Tensor, limit: float) -> tf.Tensor:
    """Returns whether a norm is beyond a limit, a boolean scalar.

    A norm that is not finite is not: whether such a step is taken is for other checks to say.
    """
    return tf.math.is_finite(norm) & (norm > limit)


def largest_usable(dtype: tf.DType, optimizer: keras.optimizers.Optimizer) -> float:
    """Returns the largest gradient for which weights and state stay finite.

    Adam and others store its square. The global norm is the root of a sum of squares, here of up to
    2³² numbers; a norm that overflows clips gradients to zero.

    Args:
      dtype: The dtype of the gradient.
      optimizer: The optimizer.
    """
    largest = float(dtype.max)
    if dtype == tf.float16:
        return largest
    if optimizer.global_clipnorm is not None:
        return float(largest**0.5 / 2**16)
    if optimizer.clipnorm is not None or isinstance(optimizer, _WITHOUT_SQUARES):
        return largest
    return float(largest**0.5)


def all_usable(gradients: Sequence[tf.Tensor], optimizer: keras.optimizers.Optimizer) -> tf.Tensor:
    """Returns whether gradients are finite and not too large, a boolean scalar.

    It compares bits: XLA vectorises the maximum of integers, but not that of floats, which may be
    NaN.

    Args:
      gradients: Dense tensors.
      optimizer: The optimizer.
    """
    return tf.reduce_all(tf.stack([_usable(each, optimizer) for each in gradients]))


def _usable(gradient: tf.Tensor, optimizer: keras.optimizers.Optimizer) -> tf.Tensor:
    dtype = gradient.dtype
    integer = {2: tf.int16, 4: tf.int32, 8: tf.int64}[dtype.size]
    bound = np.array(largest_usable(dtype, optimizer), dtype.as_numpy_dtype).view(
        integer.as_numpy_dtype
    )
    magnitude = tf.bitwise.bitwise_and(
        tf.bitcast(gradient, integer), tf.constant(integer.max, integer)
    )
    return tf.reduce_max(magnitude) <= tf.constant(bound, integer)
