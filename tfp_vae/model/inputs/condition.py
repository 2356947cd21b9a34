"""The condition y of p(x|y): its checks, its features, and their concatenation with inputs."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, shapes

_ROWS_OF_Y = (
    " For y in rows, such as one-hot vectors of 10 classes, begin the condition layer with "
    "`keras.Input([10])`; for class codes use "
    "`keras.layers.CategoryEncoding(10, output_mode='one_hot')`."
)


def row_shape(layer: keras.layers.Layer) -> tuple[int, ...]:
    """Returns the shape of one row of y: that the layer is built for, or else a scalar."""
    if not layer.built:
        return ()
    if isinstance(layer, (keras.Sequential, keras.Model)) and hasattr(layer, "input_shape"):
        return tuple(layer.input_shape[1:])
    config = layer.get_build_config() or {}
    return tuple((config.get("input_shape") or (None,))[1:])


def features_of(layer: keras.layers.Layer, y: Any, dtype: str, training: bool = False) -> tf.Tensor:
    """Returns the features `[B, C]` of y, which is first cast to `dtype`.

    Raises:
      TypeError: If y is symbolic.
      ValueError: If the layer returns something else, or fails on y.
    """
    if isinstance(y, keras.KerasTensor):
        raise TypeError("`condition` must be an array of numbers; got a symbolic KerasTensor.")
    y = tf.cast(tf.convert_to_tensor(y), dtype)
    try:
        features = layer(y, training=training)
    except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
        raise ValueError(
            f"`condition` must take y of shape {shapes.written('batch', *y.shape[1:])}; got a "
            f"{type(layer).__name__}, which failed on it with a {type(error).__name__}."
            f"{'' if y.shape.rank > 1 else _ROWS_OF_Y}"
        ) from error
    if not tf.is_tensor(features) or features.shape.rank != 2 or features.shape[-1] is None:
        shape = getattr(features, "shape", None)
        raise ValueError(
            f"`condition` must turn y of shape {shapes.written('batch', *y.shape[1:])} into "
            f"features [batch, C]; got {shape} from {type(layer).__name__}."
            f"{' End it with keras.layers.Flatten().' if y.shape.rank > 1 else _ROWS_OF_Y}"
        )
    return tf.cast(features, dtype)


def checked(
    y: Any, layer: keras.layers.Layer, rows: int | None, name: str = "condition"
) -> np.ndarray:
    """Checks y, and returns it as an array with one row for every row of x.

    Args:
      y: The condition, `[rows, *row_shape]`.
      layer: The layer that turns it into features.
      rows: The number of rows of x, or None if unknown.
      name: The caller's name for `y`.

    Raises:
      TypeError: If `y` holds no real numbers.
      ValueError: If it is missing, of another shape or length, non-finite, or no category of the
        layer.
    """
    if y is None:
        raise ValueError(f"`{name}` must be given, since the model is one of p(x|y); got None.")
    values = checks.array(y, name)
    shape = row_shape(layer)
    if values.shape[1:] != shape or values.ndim == 0:
        raise ValueError(
            f"`{name}` must have shape {shapes.written('batch', *shape)}; got shape "
            f"{shapes.written(*values.shape)}.{_ROWS_OF_Y}"
        )
    if rows is not None and len(values) != rows:
        raise ValueError(
            f"`{name}` must have one row for each of {rows} rows of x; got {len(values)}."
        )
    checks.finite(values, name)
    count = _category_count(layer)
    if count is not None:
        wrong = (values < 0) | (values >= count) | (values != np.floor(values))
        if wrong.any():
            raise ValueError(
                f"`{name}` must hold whole numbers from 0 to {count - 1}, the categories of the "
                f"condition layer; got {values[wrong][0]:g}."
            )
    return values


def joined(inputs: tf.Tensor, features: tf.Tensor, event_rank: int) -> tf.Tensor:
    """Concatenates inputs and the features of a condition on the last axis.

    Along other axes of an event, such as height and width of an image, the features are repeated,
    as channels.

    Args:
      inputs: A tensor `[..., B, *sizes, N]`, the last `event_rank` axes of which are the event.
      features: A tensor `[B, C]`.
      event_rank: The number of axes of an event.

    Returns:
      A tensor `[..., B, *sizes, N + C]`.
    """
    middle = [1] * (event_rank - 1)
    count = features.shape[-1]
    spread = tf.reshape(features, tf.concat([tf.shape(features)[:1], middle, [count]], axis=0))
    spread = tf.broadcast_to(spread, tf.concat([tf.shape(inputs)[:-1], [count]], axis=0))
    together = tf.concat([inputs, spread], axis=-1)
    together.set_shape([*inputs.shape[:-1], inputs.shape[-1] + count])
    return together


def _category_count(layer: keras.layers.Layer) -> int | None:
    if isinstance(layer, keras.layers.Embedding):
        return int(layer.input_dim)
    if isinstance(layer, keras.layers.CategoryEncoding):
        return int(layer.num_tokens)
    return None
