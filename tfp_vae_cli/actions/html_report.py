"""A report as one self-contained HTML file."""

import base64
import html
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
pre { overflow-x: auto; white-space: pre; padding: 0.8rem; border-radius: 6px;
      background: color-mix(in srgb, CanvasText 7%, Canvas); font-size: 0.85rem; }
p { max-width: 45rem; }
img { max-width: 100%; height: auto; background: white; border-radius: 6px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
"""


class Section(NamedTuple):
    """A section of a report.

    Attributes:
      title: Its heading.
      text: Tables of text and sentences, with empty lines between.
      remark: A sentence below them, such as why there are none.
      plot: A PNG file, or None.
    """

    title: str
    text: str = ""
    remark: str = ""
    plot: Path | None = None


def page(title: str, facts: Sequence[tuple[str, str]], sections: Sequence[Section]) -> str:
    """Returns the HTML of a report, with its plots embedded.

    Args:
      title: The heading.
      facts: Names and values, listed under the heading.
      sections: The sections, in order.
    """
    listed = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>\n" for name, value in facts
    )
    body = "".join(map(_section, sections))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{html.escape(title)}</h1>\n<dl>\n{listed}</dl>\n{body}</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    parts = [f"<h2>{html.escape(section.title)}</h2>\n"]
    if section.text:
        parts += map(_block, section.text.split("\n\n"))
    if section.remark:
        parts.append(f"<p>{html.escape(section.remark)}</p>\n")
    if section.plot is not None:
        encoded = base64.b64encode(section.plot.read_bytes()).decode("ascii")
        parts.append(
            f'<img alt="{html.escape(section.title)}" src="data:image/png;base64,{encoded}">\n'
        )
    return "".join(parts)


def _block(text: str) -> str:
    """Returns a sentence as a paragraph, and a table as preformatted text."""
    kind = "pre" if "\n" in text or "  " in text else "p"
    return f"<{kind}>{html.escape(text)}</{kind}>\n"
