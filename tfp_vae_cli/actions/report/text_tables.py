"""Tables of text as tables of HTML."""

import html
import re
from collections.abc import Sequence

_NUMBER = re.compile(r"[-+]?[\d.,]+(e[-+]?\d+)?%?( ± [\d.,e+-]+)?|[-+]?(nan|inf)|yes|no", re.I)


def blocks(text: str) -> str:
    """Returns paragraphs and tables of text, with empty lines between, as HTML."""
    return "".join(map(_block, text.split("\n\n")))


def html_table(rows: Sequence[Sequence[str]], header: bool, escaped: bool = True) -> str:
    """Returns rows of cells as an HTML table; the first cell of a row is its heading.

    Args:
      rows: The rows, all of one length.
      header: Whether the first row has the names of the columns.
      escaped: Whether cells are text; otherwise they are HTML.
    """
    lines = []
    for number, row in enumerate(rows):
        cells = [html.escape(cell) if escaped else cell for cell in row]
        if header and number == 0:
            inner = "".join(f'<th scope="col">{cell}</th>' for cell in cells)
            lines.append(f"<thead><tr>{inner}</tr></thead>\n<tbody>\n")
        else:
            inner = "".join(f"<td>{cell}</td>" for cell in cells[1:])
            lines.append(f'<tr><th scope="row">{cells[0]}</th>{inner}</tr>\n')
    start = "" if header else "<tbody>\n"
    return f'<div class="wide"><table>\n{start}{"".join(lines)}</tbody>\n</table></div>\n'


def _block(text: str) -> str:
    """Returns sentences as a paragraph, a line each, and aligned columns as a table."""
    lines = text.split("\n")
    columns = _columns(lines)
    if len(columns) == 1:
        return f"<p>{'<br>'.join(map(html.escape, lines))}</p>\n"
    rows = [[line[start:end].strip() for start, end in columns] for line in lines]
    caption = ""
    if len(columns) > 1 and len(rows) > 1 and not any(rows[0][1:]):
        caption = f"<p>{html.escape(rows[0][0])}</p>\n"
        rows = rows[1:]
    header = not any(_NUMBER.fullmatch(cell) for cell in rows[0][1:]) and len(rows) > 1
    return caption + html_table(rows, header)


def _columns(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Returns where each column begins and ends: between are two spaces or more in every line."""
    width = max(map(len, lines))
    padded = [line.ljust(width) for line in lines]
    blank = "".join(" " if all(line[at] == " " for line in padded) else "x" for at in range(width))
    # The first column may be indented, to show what belongs together.
    starts = [0, *(gap.end() for gap in re.finditer(" {2,}", blank) if gap.start() > 0)]
    return list(zip(starts, [*starts[1:], width], strict=True))
