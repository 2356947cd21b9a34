"""Files and folders that are written whole or not at all: aside first, then renamed."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

ASIDE = ".writing-"
"""How the names of what is being written begin."""


@contextlib.contextmanager
def written_aside(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives a place to write a file or a folder to, which takes its own place at the end.

    What is on the disk when it ends is the whole of it. A file replaces what was there in one step,
    a folder in two, between which neither is there.

    Args:
      path: The file or folder, which may be there already; a link is followed.

    Yields:
      Where to write it, in the same folder and with the same suffix.

    Raises:
      OSError: If it cannot be written; what was there before is still there, and nothing else.
    """
    target = Path(os.path.realpath(path))
    if not target.name:
        raise IsADirectoryError(f"{str(path)!r} is a folder that has no place beside it to write.")
    aside = target.with_name(ASIDE + target.name)
    _remove(aside)
    try:
        yield aside
        _to_disk(aside)
        if aside.is_dir() and target.is_dir():
            _swap_folders(aside, target)
        else:
            os.replace(aside, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            _remove(aside)
        if isinstance(error, OSError) and error.errno and error.filename is None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    _to_disk(target.parent, files=False)


def write(path: str | os.PathLike[str], content: bytes) -> None:
    """Writes a file whole or not at all.

    Args:
      path: The file, which may be there already.
      content: What it shall hold.

    Raises:
      OSError: If it cannot be written; what was there before is still there.
    """
    with written_aside(path) as aside:
        aside.write_bytes(content)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _to_disk(path: Path, files: bool = True) -> None:
    if files and path.is_dir():
        for each in path.rglob("*"):
            _to_disk(each, files=False)
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _swap_folders(aside: Path, target: Path) -> None:
    before = target.with_name(f"{ASIDE}before-{target.name}")
    _remove(before)
    os.replace(target, before)
    try:
        os.replace(aside, target)
    except OSError:
        os.replace(before, target)
        raise
    shutil.rmtree(before, ignore_errors=True)
