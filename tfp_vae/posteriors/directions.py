"""A mean direction on the unit sphere and a concentration around it, from a network's output."""

import tensorflow as tf

from tfp_vae import checks

_SMALLEST_NORM = 1e-6
_LARGEST_CONCENTRATION = 1e4


def sphere_size(value: int) -> int:
    """Returns `value` as the dimension of the space that a sphere is in.

    Raises:
      TypeError: If it is not an int.
      ValueError: If it is below 2.
    """
    size = checks.positive_int(value, "latent_size")
    if size < 2:
        raise ValueError(
            "`latent_size` must be at least 2, since the unit sphere in one dimension is two "
            f"points; got {size}."
        )
    return size


def unit_direction(loc: tf.Tensor) -> tf.Tensor:
    """Returns the direction of vectors `[..., L]`; of those of almost no length, the first axis."""
    squared = tf.reduce_sum(tf.square(loc), axis=-1, keepdims=True)
    has_direction = squared > _SMALLEST_NORM**2
    first_axis = tf.one_hot(0, loc.shape[-1], dtype=loc.dtype)
    norm = tf.sqrt(tf.where(has_direction, squared, tf.ones_like(squared)))
    return tf.where(has_direction, loc / norm, first_axis)


def concentration_above_1(output: tf.Tensor) -> tf.Tensor:
    """Returns 1 plus softplus of real numbers of any shape, at most 10,000."""
    return tf.minimum(1.0 + tf.math.softplus(output), _LARGEST_CONCENTRATION)
