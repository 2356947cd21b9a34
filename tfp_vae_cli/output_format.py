"""The formats in which a command prints its result."""

from enum import StrEnum


class OutputFormat(StrEnum):
    """A table or report for a reader, or JSON for a script."""

    table = "table"
    json = "json"
