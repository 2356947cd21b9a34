"""Atomic writes: a file or folder is written under a temporary name, then renamed into place."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

TEMPORARY_PREFIX = ".writing-"
"""How the names of temporary files and folders begin."""


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives a temporary path to write to, which is renamed to `path` when the block ends.

    The content is on the disk before the rename. A file replaces an existing one in one step, a
    folder in two, between which neither is there.

    Args:
      path: The file or folder, which may exist already; a link is followed.

    Yields:
      The temporary path, in the same folder and with the same suffix.

    Raises:
      OSError: If it cannot be written; what was there before is still there, and nothing else.
    """
    target = Path(os.path.realpath(path))
    if not target.name:
        raise IsADirectoryError(f"`path` must be a file or folder to write; got {str(path)!r}.")
    temporary = target.with_name(TEMPORARY_PREFIX + target.name)
    _remove(temporary)
    try:
        yield temporary
        _flush_to_disk(temporary)
        if temporary.is_dir() and target.is_dir():
            _replace_folder(temporary, target)
        else:
            os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            _remove(temporary)
        if isinstance(error, OSError) and error.errno and error.filename is None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    _flush_to_disk(target.parent, content=False)


def write(path: str | os.PathLike[str], content: bytes) -> None:
    """Writes a file atomically.

    Args:
      path: The file, which may exist already.
      content: Its bytes.

    Raises:
      OSError: If it cannot be written; what was there before is still there.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _flush_to_disk(path: Path, content: bool = True) -> None:
    """Syncs a file, or a folder and, with `content`, all within it."""
    if content and path.is_dir():
        for each in path.rglob("*"):
            _flush_to_disk(each, content=False)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace_folder(temporary: Path, target: Path) -> None:
    before = target.with_name(f"{TEMPORARY_PREFIX}before-{target.name}")
    _remove(before)
    os.replace(target, before)
    try:
        os.replace(temporary, target)
    except OSError:
        os.replace(before, target)
        raise
    shutil.rmtree(before, ignore_errors=True)
