"""Reads a folder of images as an array."""

import mimetypes
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import tensorflow as tf
from rich.console import Console

from tfp_vae import datasets
from tfp_vae_cli.actions.run_folder import MODEL

_SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp"}
_GREY = {"1", "L", "I", "I;16", "I;16B", "F"}
_SIDE = 64
_ORIENTATION_TAG, _TURNED = 0x0112, range(5, 9)


def read_images(
    folder: Path, shape: Sequence[int] | None, size: tuple[int, int] | None, console: Console
) -> np.ndarray:
    """Returns the images of a folder, `[N, height, width, channels]` in [0, 1].

    Images of unequal sizes are cut to 64 by 64 pixels, unless a size is given. They are grey if all
    of them are. The plots in the folder of a run are none of them, and other files are left out.

    Args:
      folder: The folder, which is searched recursively.
      shape: The shape of the images that a model takes; None for any.
      size: The height and width that images are brought to; None for their own.
      console: The console for what was done.

    Raises:
      FileNotFoundError: If there are no images.
      ValueError: If one cannot be read.
    """
    files = _files_outside_runs(folder)
    paths = [path for path in files if path.suffix.lower() in _SUFFIXES]
    videos = [path for path in files if str(mimetypes.guess_type(path)[0]).startswith("video/")]
    if not paths:
        raise FileNotFoundError(
            f"There are no images in {str(folder)!r}, {', '.join(sorted(_SUFFIXES))}."
        )
    sizes, grey = _found(paths)
    channels = 1 if grey else 3
    if shape is not None:
        if len(shape) != 3:
            raise ValueError(
                f"the model must be one of images, to read a folder of them; its rows are of shape "
                f"{list(shape)}."
            )
        size, channels = (shape[0], shape[1]), shape[2]
    elif size is None and len(sizes) > 1:
        size = (_SIDE, _SIDE)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            source = sorted([*paths, *videos])
            batches = datasets.from_files(source, shuffle=False, channels=channels, size=size)
        x = np.concatenate(list(batches))
    except tf.errors.OpError as error:
        raise ValueError(str(error.message).partition("\n")[0]) from error
    others = sorted(set(files) - set(paths) - set(videos))
    if others:
        console.print(
            f"left out of {folder.name}: {others[0].name}"
            f"{f' and {len(others) - 1} more' if len(others) > 1 else ''}, no images",
            soft_wrap=True,
            markup=False,
            highlight=False,
        )
    for warning in caught:
        console.print(f"Warning: {warning.message}", soft_wrap=True, markup=False)
    height, width = x.shape[1:3]
    brought = "" if sizes == {(height, width)} else ", brought to this size (--image-size)"
    console.print(
        f"{len(x):,} {'grey' if x.shape[-1] == 1 else 'colour'} images of {height} by {width} "
        f"pixels{brought}",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )
    return x


def _files_outside_runs(folder: Path) -> list[Path]:
    """Returns the files below a folder that are neither hidden nor in the folder of a run."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name[:1] != "."]
    runs = {path.parent for path in files if path.name == MODEL} - {folder}
    return sorted(path for path in files if not runs & set(path.parents))


def _found(paths: Sequence[Path]) -> tuple[set[tuple[int, int]], bool]:
    """Returns the heights and widths of images, and whether all are grey.

    Raises:
      ValueError: If one is no image.
    """
    sizes, grey = set(), True
    for path in paths:
        try:
            with PIL.Image.open(path) as image:
                sizes.add(_looked_at(image))
                grey = grey and image.mode in _GREY
        except OSError as error:
            raise ValueError(f"{str(path)!r} cannot be read: it is no image.") from error
    return sizes, grey


def _looked_at(image: PIL.Image.Image) -> tuple[int, int]:
    """Returns the height and width of an image, which its EXIF data may exchange."""
    size = image.height, image.width
    turned = image.format == "JPEG" and image.getexif().get(_ORIENTATION_TAG) in _TURNED
    return size[::-1] if turned else size
