"""Checks of the arrays that a caller passes to a layer."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, shapes


def outer_values(values: Any, name: str, sizes: Sequence[int] | None, dtype: str) -> Any:
    """Checks values `[batch, *sizes]`; returns a tensor unchanged, anything else as an array.

    Args:
      values: The values.
      name: The caller's name for `values`.
      sizes: The shape of a row, or None if unknown.
      dtype: The dtype that they are cast to later.

    Raises:
      TypeError: If they are no real numbers.
      ValueError: If they have another shape, or are non-finite or too large for `dtype`.
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
    """Checks latents `[..., latent_size]`; returns a tensor unchanged, anything else as an array.

    Args:
      values: The latents.
      latent_size: The number of latents of a row, or None if unknown.
      layer: The layer, whose dtype they must fit.

    Raises:
      TypeError: If they are no real numbers.
      ValueError: If they have another shape, or are non-finite or too large for the dtype.
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
