"""Finds the files of a folder or a pattern."""

import glob
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from tfp_vae.paths import as_path

NPY, RECORDS, IMAGES, ARROW = ".npy", "TFRecord", "images", "Parquet or Arrow"
_ARROW_SUFFIXES = {".parquet", ".arrow", ".feather"}
_VIDEO_SUFFIXES = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".mpg", ".mpeg"}
_IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp"}
_ARRAY_SUFFIXES = {".npz", ".h5", ".hdf5", ".csv"}


def matching_files(source: str | Path | Sequence[str | Path]) -> tuple[str, list[Path]]:
    """Returns the format of some files and their paths, sorted by name.

    Videos beside images are left out, with a warning.

    Args:
      source: A folder, which is searched recursively, a file, a pattern, or a list of files.

    Raises:
      FileNotFoundError: If no file matches.
      TypeError: If `source` is neither a path nor a list of paths.
      ValueError: If the files have several formats, or an unknown one.
    """
    listed = [source] if isinstance(source, (str, Path)) else source
    if not isinstance(listed, Sequence) or not all(isinstance(p, (str, Path)) for p in listed):
        raise TypeError(
            "`source` must be a folder, a file, a pattern or a list of files; got a "
            f"{type(source).__name__}."
        )
    paths = [path for each in listed for path in _files(as_path(each, "source", "rows/*.npy"))]
    if not paths:
        raise FileNotFoundError(f"There are no files that match {str(source)!r}.")
    paths = _without_videos(paths)
    formats = {_format(path): path for path in paths}
    if len(formats) > 1 or None in formats:
        raise ValueError(
            "`source` must be files of one format, TFRecord, .npy, Parquet, Arrow or images "
            f"({', '.join(sorted(_IMAGE_SUFFIXES))}); got "
            f"{', '.join(sorted(repr(str(path)) for path in formats.values()))}"
            f"{_advice(formats)}."
        )
    return next(each for each in formats if each), paths


def _advice(formats: Mapping[str | None, Path]) -> str:
    """Returns what to do about files of several formats, or of an unknown one."""
    if len(formats) > 1:
        return ": a pattern, such as 'faces/*.png', takes files of one kind"
    (path,) = formats.values()
    if path.suffix.lower() in _ARRAY_SUFFIXES:
        return ": `datasets.from_file` reads it"
    return ""


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = (each for each in path.rglob("*") if not each.name.startswith("."))
    elif path.exists():
        return [path]
    else:
        found = (Path(name) for name in glob.glob(str(path), recursive=True))
    return sorted(each for each in found if each.is_file())


def _without_videos(paths: list[Path]) -> list[Path]:
    """Returns the files that are no videos, if there are images among them."""
    videos = [path for path in paths if path.suffix.lower() in _VIDEO_SUFFIXES]
    if not videos or not any(_format(path) == IMAGES for path in paths):
        return paths
    warnings.warn(
        f"{len(videos)} {'video is' if len(videos) == 1 else 'videos are'} left out, such as "
        f"{str(videos[0])!r}: a row is one image, and the frames of a video are near copies of "
        "each other, on both sides of any split. Save the frames that you want as images.",
        stacklevel=4,
    )
    return [path for path in paths if path not in set(videos)]


def _format(path: Path) -> str | None:
    name = path.name.lower()
    if ".tfrecord" in name:
        return RECORDS
    if name.endswith(NPY):
        return NPY
    if path.suffix.lower() in _ARROW_SUFFIXES:
        return ARROW
    return IMAGES if path.suffix.lower() in _IMAGE_SUFFIXES else None
