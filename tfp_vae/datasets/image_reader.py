"""Reads image files, one row from each."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfp_vae import shapes
from tfp_vae.datasets.exif_orientation import orientation, upright
from tfp_vae.datasets.file_reader import FileReader, Shard, unreadable
from tfp_vae.datasets.image_size import ImageSize

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_BIT_DEPTH = 24
"""Where a PNG file has the bits of a value: https://www.w3.org/TR/png-3/#11IHDR."""

_TENSORFLOW_DETAILS = re.compile(r"\{\{function_node .*?\}\} | \[Op:\w+\]")


class ImageReader(FileReader):
    """Reads images of one size, scaled to [0, 1] by the largest value of their 8 or 16 bits.

    Args:
      paths: The files.
      shard: Which of them to read.
      channels: 1 for grey, 3 for colour, 4 with transparency, or None for those of the first image.
      size: The size that they are brought to; None for images that have one size.

    Raises:
      ValueError: If the first file is not an image.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        shard: Shard,
        channels: int | None,
        size: ImageSize | None = None,
    ) -> None:
        first, end = shard.bounds(len(paths))
        self._first_image, self._size = paths[0], size
        shape = _decoded(paths[0], channels or 0).shape
        self._channels = shape[-1] if size is not None else channels or 0
        self.event_shape = shape if size is None else (size.height, size.width, shape[-1])
        self._paths = paths[first:end]
        self.num_rows = len(self._paths)
        self.num_partitions = -(-self.num_rows // self.block_rows)

    def blocks(self, partition: int) -> Iterator[np.ndarray]:
        """Decodes the images of a partition, as one block."""
        paths = self._paths[partition * self.block_rows : (partition + 1) * self.block_rows]
        yield np.stack([self._row(path) for path in paths])

    def _row(self, path: Path) -> np.ndarray:
        pixels = _decoded(path, self._channels)
        if self._size is None and pixels.shape != self.event_shape:
            same_size = pixels.shape[:2] == self.event_shape[:2]
            raise unreadable(
                path,
                f"it must have the height, width and channels of {str(self._first_image)!r}, "
                f"{shapes.written(*self.event_shape)}; got {shapes.written(*pixels.shape)}: "
                + (
                    "`channels=3` makes all of them colour, and `channels=1` grey"
                    if same_size
                    else "`size=(height, width)` brings images to one size"
                ),
            )
        if self._size is not None:
            pixels = self._size.applied(pixels)
        return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)


def _decoded(path: Path, channels: int) -> np.ndarray:
    """Returns the pixels of an image, upright, `[height, width, channels]` of 8 or 16 bits."""
    try:
        content = path.read_bytes()
        pixels = _pixels(content, channels)
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "message", None) or str(error)
        raise unreadable(path, _TENSORFLOW_DETAILS.sub("", reason)) from error
    return upright(pixels, orientation(content))


def _pixels(content: bytes, channels: int) -> np.ndarray:
    wide = content.startswith(_PNG_SIGNATURE) and content[_PNG_BIT_DEPTH : _PNG_BIT_DEPTH + 1]
    dtype = tf.uint16 if wide == b"\x10" else tf.uint8

    def decoded(channels: int) -> tf.Tensor:
        return tf.io.decode_image(content, channels=channels, dtype=dtype, expand_animations=False)

    try:
        pixels = decoded(channels)
    except tf.errors.InvalidArgumentError:
        if channels != 1:
            raise
        # TensorFlow makes no grey of the inks of a CMYK file.
        pixels = tf.image.rgb_to_grayscale(decoded(3))
    read: np.ndarray = pixels.numpy()
    return read
