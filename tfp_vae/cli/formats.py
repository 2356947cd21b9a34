"""How a command prints what it found."""

from enum import StrEnum


class Format(StrEnum):
    """For a reader, or for a script."""

    table = "table"
    json = "json"
