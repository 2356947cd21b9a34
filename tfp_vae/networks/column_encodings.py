"""A layer that encodes each column of a table in its own way."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks
from tfp_vae.error_text import described
from tfp_vae.networks.standardization import AffineMap


@keras.saving.register_keras_serializable(package="tfp_vae.networks")
class ColumnEncodings(keras.layers.Layer):
    """Encodes groups of columns each by a layer of its own, and concatenates the results.

    Args:
      parts: Pairs of columns and a layer, `Standardization` or `OneHot`, or None for columns that
        stay as they are.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      x: A tensor `[..., columns]`.
      observed: A boolean tensor `[..., columns]`, false where a value is missing, or None.

    Returns:
      A tensor `[..., width]`.

    Raises:
      TypeError: If `parts` is no list of pairs of columns and an encoding.
      ValueError: If a column is negative, or a pair has none.

    Example:
      >>> layer = networks.ColumnEncodings([([1], networks.OneHot(2)), ([0], None)])
      >>> layer(np.array([[5.0, 1.0]], "float32")).numpy()
      array([[0., 1., 5.]], dtype=float32)
    """

    def __init__(
        self, parts: Sequence[tuple[Sequence[int], keras.layers.Layer | None]], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        pairs = [_checked_part(part) for part in _checked_list(parts)]
        self.columns = [columns for columns, _ in pairs]
        self.parts = [layer for _, layer in pairs]

    def build(self, input_shape: Any) -> None:
        """Builds the layer of every group."""
        for columns, layer in zip(self.columns, self.parts, strict=True):
            if layer is not None and not layer.built:
                layer.build((*tuple(input_shape)[:-1], len(columns)))
        self.built = True

    def adapt(self, x: np.ndarray, observed: np.ndarray | None = None) -> None:
        """Adapts the layer of every group to its columns of the rows, `[N, columns]`."""
        for columns, layer in zip(self.columns, self.parts, strict=True):
            if layer is not None:
                layer.adapt(x[:, columns], None if observed is None else observed[:, columns])

    def call(self, x: tf.Tensor, observed: tf.Tensor | None = None) -> tf.Tensor:
        """Returns the encoded columns, group by group."""
        encoded = []
        for columns, layer in zip(self.columns, self.parts, strict=True):
            part = tf.gather(tf.cast(x, self.variable_dtype), columns, axis=-1)
            seen = None if observed is None else tf.gather(observed, columns, axis=-1)
            encoded.append(part if layer is None else layer(part, seen))
        return tf.concat(encoded, axis=-1)

    def affine_map(self) -> AffineMap:
        """Returns the affine maps of all groups, joined."""
        maps, start = [], 0
        for columns, layer in zip(self.columns, self.parts, strict=True):
            count = len(columns)
            if layer is not None:
                part = layer.affine_map()
                maps.append(
                    part._replace(
                        values=np.asarray(columns)[part.values], places=start + part.places
                    )
                )
                count = layer.compute_output_shape((None, count))[-1]
            start += count
        return AffineMap(*(np.concatenate(each) for each in zip(*maps, strict=True)))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the shape with the width of all groups together."""
        leading = tuple(input_shape)[:-1]
        widths = [
            len(columns) if layer is None else layer.compute_output_shape((None, len(columns)))[-1]
            for columns, layer in zip(self.columns, self.parts, strict=True)
        ]
        return (*leading, sum(widths))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        parts = [
            [columns, None if layer is None else keras.saving.serialize_keras_object(layer)]
            for columns, layer in zip(self.columns, self.parts, strict=True)
        ]
        return {**super().get_config(), "parts": parts}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ColumnEncodings":
        """Makes a layer from the result of `get_config`."""
        parts = [
            (columns, None if layer is None else keras.saving.deserialize_keras_object(layer))
            for columns, layer in config["parts"]
        ]
        return cls(**{**config, "parts": parts})


_EXAMPLE = "[([0, 2], networks.Standardization([2])), ([1], networks.OneHot(3)), ([3], None)]"


def _checked_list(parts: Any) -> list[Any]:
    if not isinstance(parts, (list, tuple)) or not parts:
        raise TypeError(
            f"`parts` must be a list of columns and encodings, such as {_EXAMPLE}; got "
            f"{described(parts)}."
        )
    return list(parts)


def _checked_part(part: Any) -> tuple[list[int], keras.layers.Layer | None]:
    pair = isinstance(part, (list, tuple)) and len(part) == 2
    if not pair or not isinstance(part[0], (list, tuple, range)):
        raise TypeError(
            f"`parts` must hold pairs of columns and an encoding, such as {_EXAMPLE}; got one "
            f"{described(part)}."
        )
    columns = [checks.whole_number(column, "parts") for column in part[0]]
    if not columns:
        raise ValueError("`parts` must have at least one column in every pair; got none.")
    if part[1] is not None:
        checks.instance_of(part[1], keras.layers.Layer, "parts", _EXAMPLE)
    return columns, part[1]
