"""Which files a folder or a pattern means."""

import glob
from collections.abc import Sequence
from pathlib import Path

from tfp_vae.paths import as_path

NPY, RECORDS, IMAGES = ".npy", "TFRecord", "images"
_IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp"}


def matching_files(source: str | Path | Sequence[str | Path]) -> tuple[str, list[Path]]:
    """Returns the kind of some files and their paths, in the order of their names.

    Args:
      source: A folder, which is searched with all within it, a file, a pattern, or a list of files.

    Raises:
      FileNotFoundError: If there are none.
      TypeError: If `source` is neither a path nor a list of them.
      ValueError: If they are of several kinds, or of none that is known.
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
    kinds = {_kind(path): path for path in paths}
    if len(kinds) > 1 or None in kinds:
        raise ValueError(
            f"`source` must be files of one kind, TFRecord, .npy or images; got "
            f"{', '.join(sorted(repr(str(path)) for path in kinds.values()))}."
        )
    return next(kind for kind in kinds if kind), paths


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = (each for each in path.rglob("*") if not each.name.startswith("."))
    elif path.exists():
        return [path]
    else:
        found = (Path(name) for name in glob.glob(str(path), recursive=True))
    return sorted(each for each in found if each.is_file())


def _kind(path: Path) -> str | None:
    name = path.name.lower()
    if ".tfrecord" in name:
        return RECORDS
    if name.endswith(NPY):
        return NPY
    return IMAGES if path.suffix.lower() in _IMAGE_SUFFIXES else None
