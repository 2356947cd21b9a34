"""Whether a step may be taken: its loss is finite, and the optimizer can take its gradients."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

Gradient: TypeAlias = Any
"""That of a weight: dense, in slices, or None where it has none."""
_WITHOUT_SQUARES = (keras.optimizers.SGD, keras.optimizers.Lion)


def step_is_finite(
    optimizer: keras.optimizers.Optimizer,
    loss: tf.Tensor,
    gradients: Sequence[Gradient],
    replicas: int = 1,
) -> tf.Tensor:
    """Tells whether a step may be taken, a boolean scalar.

    Args:
      optimizer: What takes the gradients.
      loss: A scalar.
      gradients: That of every trainable weight, or None where it has none.
      replicas: How many such gradients will be added up.
    """
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        # It answers infinite gradients with a smaller scale, and leaves the weights alone itself.
        return tf.math.is_finite(loss)
    dense: list[tf.Tensor] = [
        getattr(each, "values", each) for each in gradients if each is not None
    ]
    if replicas > 1:
        dense = [replicas * each for each in dense]
    return tf.math.is_finite(loss) & all_usable(dense, optimizer)


def largest_usable(dtype: tf.DType, optimizer: keras.optimizers.Optimizer) -> float:
    """Returns the largest gradient that leaves weights and state finite.

    Adam and others keep its square, and the global norm is the root of a sum of squares, here of up
    to 2³² numbers; a norm that overflows clips to zero.

    Args:
      dtype: That of the gradient.
      optimizer: What takes it.
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
    """Tells whether gradients are finite, and not too large to be taken; a boolean scalar.

    It compares bits: XLA vectorises the maximum of integers, but not that of numbers that may be
    NaN.

    Args:
      gradients: Dense tensors.
      optimizer: What takes them.
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
