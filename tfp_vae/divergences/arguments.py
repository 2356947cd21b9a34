"""Checks of the arguments of divergences: distributions, and draws from them."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, shapes


def check_distributions(**distributions: tfd.Distribution) -> None:
    """Checks that all arguments, given by name, are distributions over the same events.

    Raises:
      TypeError: If one is not a distribution.
      ValueError: If they have different event shapes, or batch shapes that do not broadcast.
    """
    for name, value in distributions.items():
        checks.instance_of(value, tfd.Distribution, name, "tfd.MultivariateNormalDiag(loc, scale)")
    (first, one), *others = distributions.items()
    for name, other in others:
        if not one.event_shape.is_compatible_with(other.event_shape):
            raise ValueError(
                f"`{name}` must have the event shape of `{first}`, {one.event_shape}; got "
                f"{other.event_shape}."
            )
        if not _broadcast(one.batch_shape, other.batch_shape):
            raise ValueError(
                f"`{name}` must have batch shape [] or that of `{first}`, {one.batch_shape}; got "
                f"{other.batch_shape}."
            )


def as_draws(z: npt.ArrayLike | tf.Tensor, distribution: tfd.Distribution) -> tf.Tensor:
    """Returns draws `[S, B, L]` of a distribution as a tensor of its dtype.

    A tensor is not checked for finite values; anything else is.

    Raises:
      TypeError: If `z` holds no real numbers.
      ValueError: If it has another shape, or numbers that are not finite.
    """
    if not isinstance(z, tf.Tensor):
        values = checks.array(z, "z")
        if np.issubdtype(values.dtype, np.floating):
            checks.finite(values, "z")
        checks.representable(values, distribution.dtype.name, "z")
        if values.ndim and not len(values):
            raise ValueError("`z` must hold at least one draw; got none.")
        draws = tf.convert_to_tensor(values)
    else:
        draws = z
    expected = distribution.batch_shape.concatenate(distribution.event_shape)
    if not _ends_with(draws.shape, expected):
        raise ValueError(
            f"`z` must have shape {shapes.written('draws', *expected.as_list())}; got shape "
            f"{shapes.written(*draws.shape.as_list())}."
        )
    return tf.cast(draws, distribution.dtype)


def check_axes_of_draws(z: tf.Tensor) -> None:
    """Checks that draws have exactly the axes `[S, B, L]`.

    Raises:
      ValueError: If they do not.
    """
    if z.shape.rank not in (None, 3):
        raise ValueError(
            f"`z` must have shape [draws, batch, latents]; got shape "
            f"{shapes.written(*z.shape.as_list())}."
        )


def _broadcast(first: tf.TensorShape, second: tf.TensorShape) -> bool:
    try:
        tf.broadcast_static_shape(first, second)
    except ValueError:
        return False
    return True


def _ends_with(shape: tf.TensorShape, expected: tf.TensorShape) -> bool:
    if shape.rank is None or expected.rank is None:
        return True
    return bool(shape.rank > expected.rank and shape[-expected.rank :].is_compatible_with(expected))
