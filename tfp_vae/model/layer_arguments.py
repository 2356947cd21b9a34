"""Arrays that a caller brings to a layer: checked before it computes with them."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, shapes


def outer_values(values: Any, name: str, sizes: Sequence[int] | None, dtype: str) -> Any:
    """Returns values `[batch, *sizes]` as they are if they are a tensor, and else as an array.

    Args:
      values: Whatever came.
      name: What the caller calls them.
      sizes: The shape of a row, or None if it is not known yet.
      dtype: What they will be cast to.

    Raises:
      TypeError: If they are no real numbers.
      ValueError: If they have another shape, or are not finite or too large for `dtype`.
    """
    if checks.is_symbolic(values):
        return values
    array = checks.array(values, name)
    if sizes is not None:
        checks.batch_shape(array.shape, sizes, name)
    elif array.ndim < 2:
        raise ValueError(
            f"`{name}` must have shape [batch, ...]; got shape {shapes.written(*array.shape)}."
        )
    _check_numbers(array, name, dtype)
    return values if tf.is_tensor(values) else array


def latents(values: Any, latent_size: int | None, layer: keras.layers.Layer) -> Any:
    """Returns latents `[..., latent_size]` as they are if they are a tensor, and else as an array.

    Args:
      values: Whatever came.
      latent_size: How many latents a row has, or None if that is not known yet.
      layer: What computes with them.

    Raises:
      TypeError: If they are no real numbers.
      ValueError: If they have another shape, or are not finite or too large for the layer.
    """
    symbolic = checks.is_symbolic(values)
    array = values if symbolic else checks.array(values, "z")
    size = "latent_size" if latent_size is None else latent_size
    shape = tuple(array.shape)
    if len(shape) < 2 or latent_size not in (None, shape[-1]) or not shape[-1]:
        raise ValueError(
            f"`z` must have shape {shapes.written('...', 'batch', size)}; got shape "
            f"{shapes.written(*shape)}."
        )
    if symbolic:
        return values
    _check_numbers(array, "z", layer.variable_dtype)
    return values if tf.is_tensor(values) else array


def _check_numbers(array: np.ndarray, name: str, dtype: str) -> None:
    if array.dtype.kind not in "biu":
        checks.finite(array, name)
    checks.representable(array, dtype, name)
