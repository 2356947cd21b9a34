"""How a text file writes a table: encoding, separator, decimal mark, header."""

import csv
import gzip
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tfp_vae.paths import as_path

_SAMPLE = 2**18
_SEPARATORS = ("\t", ";", "|", ",")
"""A comma stands last: it may also be the decimal mark of the others."""

_NAMES = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas"}
_DECIMAL_COMMA = re.compile(r"^\s*-?\d+,\d+\s*$")
_DECIMAL_POINT = re.compile(r"^\s*-?\d+\.\d+\s*$")
_YEARS = range(1500, 2101)
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_CONSISTENT = 0.8


@dataclass(frozen=True)
class TextFormat:
    """How a text file writes a table.

    Attributes:
      encoding: The encoding of the text.
      separator: What stands between two cells.
      decimal: The decimal mark.
      header: Whether the first line has names.
      comments: The number of lines above it that begin with "#".

    Example:
      >>> print(datasets.TextFormat("utf-8", ";", ",", header=True, comments=0))
      cells separated by semicolons, decimal commas, names in the first line
    """

    encoding: str
    separator: str
    decimal: str
    header: bool
    comments: int

    def __str__(self) -> str:
        parts = [f"cells separated by {_NAMES[self.separator]}"]
        if self.decimal == ",":
            parts.append("decimal commas")
        if self.encoding not in ("utf-8", "utf-8-sig"):
            parts.append(f"text in {self.encoding}")
        parts.append("names in the first line" if self.header else "no names, so c0, c1, ...")
        if self.comments:
            lines = "a line" if self.comments == 1 else f"{self.comments} lines"
            parts.append(f"{lines} of comments above")
        return ", ".join(parts)

    def records(self, path: Path) -> Iterator[tuple[int, list[str]]]:
        r"""Yields the number of the last line and the cells of every record, the header first.

        Args:
          path: The file.

        Returns:
          An iterator of pairs.

        Example:
          >>> import tempfile
          >>> with tempfile.TemporaryDirectory() as folder:
          ...     file = Path(folder, "t.csv")
          ...     _ = file.write_text("a;b\n1,5;2\n")
          ...     list(datasets.text_format(file).records(file))
          [(1, ['a', 'b']), (2, ['1,5', '2'])]
        """
        with opened(path, self.encoding) as file:
            for _ in range(self.comments):
                file.readline()
            reader = csv.reader(file, delimiter=self.separator)
            for cells in reader:
                if cells:
                    yield self.comments + reader.line_num, cells


def opened(path: Path, encoding: str) -> IO[str]:
    """Opens a text file, which may be packed with gzip."""
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding=encoding, newline="")
    return path.open(encoding=encoding, newline="")


def text_format(path: str | Path) -> TextFormat:
    r"""Finds out how a text file writes a table, from its first 256 KiB.

    Args:
      path: The file, which may be packed with gzip.

    Returns:
      A `TextFormat`; print it.

    Raises:
      FileNotFoundError: If there is no such file.
      TypeError: If `path` is no path.
      ValueError: If it is empty.

    Example:
      >>> import tempfile
      >>> with tempfile.TemporaryDirectory() as folder:
      ...     _ = Path(folder, "t.csv").write_text("a;b\n1,5;2\n")
      ...     datasets.text_format(f"{folder}/t.csv").separator
      ';'
    """
    path = as_path(path, "path", "table.csv")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    encoding, text = _sample(path)
    lines = text.splitlines()
    comments = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    body = [line for line in lines[comments:] if line.strip()]
    if not body:
        raise ValueError("it is empty")
    separator = _separator(body, path)
    rows = list(csv.reader(body, delimiter=separator))
    cells = [cell for row in rows[1:] for cell in row]
    commas = separator != "," and any(_DECIMAL_COMMA.match(cell) for cell in cells)
    decimal = "," if commas and not any(_DECIMAL_POINT.match(each) for each in cells) else "."
    return TextFormat(encoding, separator, decimal, _has_header(rows, decimal), comments)


def _sample(path: Path) -> tuple[str, str]:
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "rb") as file:
        content = file.read(_SAMPLE)
    whole = content if len(content) < _SAMPLE else content[: content.rfind(b"\n") + 1] or content
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding, whole.decode(encoding, errors="replace")
    try:
        return "utf-8", whole.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252", whole.decode("cp1252", errors="replace")


def _separator(lines: list[str], path: Path) -> str:
    """Returns the separator by which most lines have as many cells, more than one, as the first."""
    if path.name.lower().removesuffix(".gz").endswith(".tsv"):
        return "\t"
    for each in _SEPARATORS:
        counts = [len(row) for row in csv.reader(lines, delimiter=each)]
        if counts[0] > 1 and counts.count(counts[0]) >= _CONSISTENT * len(counts):
            return each
    try:
        found = csv.Sniffer().sniff("\n".join(lines[:50]), "".join(_SEPARATORS)).delimiter
    except csv.Error:
        return ","
    return found if found in _SEPARATORS else ","


def _has_header(rows: list[list[str]], decimal: str) -> bool:
    first, others = rows[0], rows[1:]
    numbers = [_number(cell, decimal) for cell in first]
    if all(each is not None for each in numbers):
        return _are_names([each for each in numbers if each is not None], others, decimal)
    if not any(each is not None for each in numbers):
        return not all(cell.strip().lower() in ("true", "false") for cell in first)
    for at, own in enumerate(numbers):
        below = [row[at] for row in others if at < len(row) and row[at].strip()]
        if (
            own is None
            and first[at].strip()
            and below
            and all(_number(cell, decimal) is not None for cell in below)
        ):
            return True
    return False


def _are_names(numbers: list[float], others: list[list[str]], decimal: str) -> bool:
    """Returns whether numbers in the first line are names: 0 to n - 1, or years in a row."""
    if len(numbers) < 2 or not others:
        return False
    counted = numbers == [numbers[0] + at for at in range(len(numbers))] and numbers[0] in (0, 1)
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    years = len(steps) == 1 and min(steps) > 0.0 and all(each in _YEARS for each in numbers)
    if not counted and not years:
        return False
    below = [_number(cell, decimal) for row in others for cell in row]
    fractions = any(each is not None and each % 1.0 > 0.0 for each in below)
    return fractions or len(numbers) > 2


def _number(cell: str, decimal: str) -> float | None:
    try:
        return float(cell.strip().replace(decimal, ".") if decimal != "." else cell)
    except ValueError:
        return None
