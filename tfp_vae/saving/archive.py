"""The zip archive of a saved model: its members are checked before anything else reads them."""

import collections
import io
import re
import zipfile
from pathlib import Path

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_WRITTEN_BY_KERAS = {CONFIG, METADATA, WEIGHTS}
_ASSET = re.compile(r"assets(/[\w.\- ]+)+/?")
_MOST_EXPANSION = 100


def read_members(path: Path) -> dict[str, bytes]:
    """Reads every member of the archive of a saved model.

    Args:
      path: The `.keras` file.

    Returns:
      The content of every member, by name.

    Raises:
      ValueError: If a member is not one that Keras writes, occurs twice or is missing, or the
        members declare far more bytes than the file has.
      zipfile.BadZipFile: If the file is no archive, or the checksum of a member is wrong.
    """
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        for name, count in collections.Counter(names).items():
            climbs = ".." in name.split("/")
            if climbs or not (name in _WRITTEN_BY_KERAS or _ASSET.fullmatch(name)):
                raise ValueError(f"its archive has a member {name!r}, which Keras does not write")
            if count > 1:
                raise ValueError(f"its archive has {count} members {name!r}")
        for name in (CONFIG, WEIGHTS):
            if name not in names:
                raise ValueError(f"its archive has no member {name!r}")
        declared = sum(entry.file_size for entry in entries)
        if declared > _MOST_EXPANSION * len(content):
            raise ValueError(
                f"its archive of {len(content)} bytes declares {declared} bytes of members"
            )
        # Reading a whole member verifies its checksum.
        members = {name: archive.read(name) for name in names}
    for entry in entries:
        if len(members[entry.filename]) != entry.file_size:
            raise ValueError(f"the member {entry.filename!r} of its archive is cut short")
    return members


def write_members(members: dict[str, bytes], path: Path) -> None:
    """Writes an archive of exactly these members."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
