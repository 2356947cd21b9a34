"""A network of masked convolutions over a grid of categories."""

import math
from collections.abc import Sequence

import keras
import tensorflow as tf

_FIRST_REACH, _REACH = 2, 1
"""How far the first and the further convolutions see: kernels of 5 x 5 and 3 x 3."""


class MaskedConvolution(keras.layers.Layer):
    """Logits of the category at every place of a grid, from the categories at places before it.

    Places are ordered by rows, and in a row from left to right. A masked convolution sees the rows
    above and what is to the left, the first one without the place itself. They are sums over the
    shifted grid, so that nothing is computed for weights that are masked. The further ones are
    added to their input. Every place has biases of its own, and the logits begin at theirs, zero.

    Args:
      grid: Height and width of the grid.
      categories: The number of categories K.
      filters: The number of channels between the convolutions.
      layers: The number of convolutions after the first one.

    Call with:
      vectors: One-hot vectors, `[N, H * W, K]`.

    Returns:
      Logits, `[N, H * W, K]`.

    Source: van den Oord, Kalchbrenner & Kavukcuoglu (2016), "Pixel recurrent neural networks",
    section 3.4.
    """

    def __init__(
        self, grid: Sequence[int], categories: int, filters: int, layers: int, dtype: str
    ) -> None:
        super().__init__(name="masked_convolution", dtype=dtype)
        self.grid, self.categories = tuple(grid), categories
        first = _places_before(_FIRST_REACH)
        after = [*_places_before(_REACH), (0, 0)]
        self.offsets = [first, *[after] * layers]
        widths = [len(first) * categories, *[len(after) * filters] * layers]
        self.kernels = [
            self._weight(f"kernel_{at}", [width, filters], "he_normal")
            for at, width in enumerate(widths)
        ]
        self.biases = [
            self._weight(f"bias_{at}", [*grid, filters], "zeros") for at in range(layers + 1)
        ]
        self.last_kernel = self._weight("last_kernel", [filters, categories], "zeros")
        self.last_bias = self._weight("last_bias", [*grid, categories], "zeros")
        self.built = True

    def call(self, vectors: tf.Tensor) -> tf.Tensor:
        """Returns the logits of every place, `[N, H * W, K]`."""
        hidden = tf.reshape(vectors, [-1, *self.grid, self.categories])
        for at, (offsets, kernel, bias) in enumerate(
            zip(self.offsets, self.kernels, self.biases, strict=True)
        ):
            seen = tf.nn.relu(hidden) if at else hidden
            found = tf.tensordot(_shifted(seen, offsets), tf.convert_to_tensor(kernel), 1) + bias
            hidden = found + hidden if at else found
        logits = tf.tensordot(tf.nn.relu(hidden), tf.convert_to_tensor(self.last_kernel), 1)
        return tf.reshape(logits + self.last_bias, [-1, math.prod(self.grid), self.categories])

    def _weight(self, name: str, shape: Sequence[int], initializer: str) -> keras.Variable:
        return self.add_weight(name=name, shape=shape, initializer=initializer, autocast=False)


def _places_before(reach: int) -> list[tuple[int, int]]:
    """Returns the offsets of the places that a masked convolution sees, rows and columns."""
    above = [(-down, across) for down in range(1, reach + 1) for across in range(-reach, reach + 1)]
    return above + [(0, -across) for across in range(1, reach + 1)]


def _shifted(values: tf.Tensor, offsets: Sequence[tuple[int, int]]) -> tf.Tensor:
    """Returns the values at offsets from every place, 0 outside, `[N, H, W, offsets * C]`."""
    height, width = values.shape[1:3]
    reach = max(max(abs(down), abs(across)) for down, across in offsets)
    padded = tf.pad(values, [[0, 0], [reach, 0], [reach, reach], [0, 0]])
    parts = [
        padded[:, reach + down : reach + down + height, reach + across : reach + across + width]
        for down, across in offsets
    ]
    return tf.concat(parts, axis=-1)
