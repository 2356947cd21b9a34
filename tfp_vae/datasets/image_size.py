"""Images of any size, cut or padded to one."""

from typing import Literal, NamedTuple

import numpy as np
import tensorflow as tf

from tfp_vae import checks

Resize = Literal["crop", "pad"]


class ImageSize(NamedTuple):
    """The size that images are brought to, without a change of their proportions.

    Attributes:
      height: In pixels.
      width: In pixels.
      resize: "crop" scales an image until it covers the size, and takes its centre; "pad" scales it
        until it fits in, and adds zeros around it.
    """

    height: int
    width: int
    resize: Resize

    def applied(self, image: np.ndarray) -> np.ndarray:
        """Returns an image in this size, `[height, width, channels]` of its dtype.

        Args:
          image: An image of any size, `[H, W, channels]` of whole numbers.
        """
        size = (self.height, self.width)
        if image.shape[:2] == size:
            return image
        ratios = [wanted / present for wanted, present in zip(size, image.shape[:2], strict=True)]
        ratio = max(ratios) if self.resize == "crop" else min(ratios)
        scaled = [max(1, round(ratio * present)) for present in image.shape[:2]]
        resized = tf.image.resize(image, scaled, method="area" if ratio < 1.0 else "bilinear")
        placed = tf.image.resize_with_crop_or_pad(resized, *size)
        rounded: np.ndarray = tf.round(placed).numpy().astype(image.dtype)
        return rounded


def image_size(size: object, resize: object) -> ImageSize | None:
    """Returns the size of the arguments `size` and `resize` of a reader; None without a size.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If a size is not positive, or `resize` is unknown.
    """
    way = checks.one_of(resize, ["crop", "pad"], "resize")
    if size is None:
        return None
    sides = checks.positive_ints(size, "size")
    if len(sides) != 2:
        raise ValueError(
            f"`size` must be [height, width], such as (64, 64); got {len(sides)} numbers."
        )
    return ImageSize(*sides, "crop" if way == "crop" else "pad")
