"""Finds the files of a folder or a pattern."""

import glob
from collections.abc import Sequence
from pathlib import Path

from tfp_vae.paths import as_path

NPY, RECORDS, IMAGES = ".npy", "TFRecord", "images"
_IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp"}


def matching_files(source: str | Path | Sequence[str | Path]) -> tuple[str, list[Path]]:
    """Returns the format of some files and their paths, sorted by name.

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
    formats = {_format(path): path for path in paths}
    if len(formats) > 1 or None in formats:
        raise ValueError(
            f"`source` must be files of one format, TFRecord, .npy or images; got "
            f"{', '.join(sorted(repr(str(path)) for path in formats.values()))}."
        )
    return next(each for each in formats if each), paths


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = (each for each in path.rglob("*") if not each.name.startswith("."))
    elif path.exists():
        return [path]
    else:
        found = (Path(name) for name in glob.glob(str(path), recursive=True))
    return sorted(each for each in found if each.is_file())


def _format(path: Path) -> str | None:
    name = path.name.lower()
    if ".tfrecord" in name:
        return RECORDS
    if name.endswith(NPY):
        return NPY
    return IMAGES if path.suffix.lower() in _IMAGE_SUFFIXES else None
