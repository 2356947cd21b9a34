"""Files that are written whole or not at all, whenever the process dies."""

import os
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Writes aside, then renames; file and folder are on the disk before it returns.

    Args:
      path: The file, which may be there already.
      content: What it shall hold.

    Raises:
      OSError: If it cannot be written; what was there before is still there.
    """
    aside = path.with_name(f".{path.name}.writing")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
