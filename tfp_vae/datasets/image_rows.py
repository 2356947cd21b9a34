"""Rows that are images, each in a file of its own."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfp_vae import shapes
from tfp_vae.datasets.row_files import RowFiles, Shard, unreadable

_BRIGHTEST = 255.0


class ImageRows(RowFiles):
    """Images of one size, scaled to [0, 1].

    Args:
      paths: The files.
      shard: Which share of them to read.
      channels: 1 for grey, 3 for colour, 4 with transparency, or None for what the first image has.

    Raises:
      ValueError: If the first file is no image.
    """

    def __init__(self, paths: Sequence[Path], shard: Shard, channels: int | None) -> None:
        first, end = shard.bounds(len(paths))
        self._like, self._channels = paths[0], channels or 0
        self.event_shape = _decoded(paths[0], self._channels).shape
        self._paths = paths[first:end]
        self.rows = len(self._paths)
        self.pieces = -(-self.rows // self.block_rows)

    def blocks(self, piece: int) -> Iterator[np.ndarray]:
        """Decodes the images of a piece."""
        paths = self._paths[piece * self.block_rows : (piece + 1) * self.block_rows]
        yield np.stack([self._row(path) for path in paths])

    def _row(self, path: Path) -> np.ndarray:
        pixels = _decoded(path, self._channels)
        if pixels.shape != self.event_shape:
            raise unreadable(
                path,
                f"it must have the height, width and channels of {str(self._like)!r}, "
                f"{shapes.written(*self.event_shape)}; got {shapes.written(*pixels.shape)}",
            )
        return pixels.astype(np.float32) / np.float32(_BRIGHTEST)


def _decoded(path: Path, channels: int) -> np.ndarray:
    try:
        return tf.io.decode_image(
            path.read_bytes(), channels=channels, expand_animations=False
        ).numpy()
    except (OSError, tf.errors.OpError) as error:
        told = getattr(error, "message", None) or str(error)
        raise unreadable(path, told) from error
