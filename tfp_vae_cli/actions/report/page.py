"""A report as one HTML file that needs nothing else."""

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bokeh.embed import components
from bokeh.model import Model
from bokeh.resources import Resources

from tfp_vae_cli.actions.report.text_tables import blocks

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; break-after: avoid; }
p, li { max-width: 45rem; }
img { max-width: 100%; height: auto; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.15rem 0.8rem 0.15rem 0; text-align: left; vertical-align: top; }
td { text-align: right; white-space: nowrap; }
.values { display: inline-block; text-align: left; }
thead th { border-bottom: 1px solid color-mix(in srgb, CanvasText 40%, Canvas); }
thead th:not(:first-child) { text-align: right; }
tbody th { font-weight: normal; }
table:has(.values) :is(thead th, td):not(:last-child) { text-align: left; }
.verdicts { padding: 0.6rem 1rem 0.6rem 2rem; border-radius: 6px;
            background: color-mix(in srgb, CanvasText 7%, Canvas); }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; }
.plot { background: white; color: black; color-scheme: light; border-radius: 6px; padding: 0.5rem;
        max-width: 100%; overflow-x: auto; box-sizing: border-box; break-inside: avoid; }
.plots .plot { flex: 1 1 14rem; min-width: 0; }
.pixels { image-rendering: pixelated; background: white; vertical-align: middle; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } dd { margin-left: 1rem; }
                            table { font-size: 0.8rem; } th, td { padding-right: 0.5rem; } }
@media print { :root { color-scheme: light; } body { max-width: none; } }
"""


@dataclass(frozen=True)
class Section:
    """A section of a report.

    Attributes:
      title: Its heading.
      text: Tables of text and sentences, with empty lines between.
      remark: A sentence below them, such as why there are none.
      plot: A PNG file, or None.
      explorable: Bokeh models, shown instead of the PNG file.
      table: A table in HTML.
      verdict: A sentence that the report begins with.
    """

    title: str
    text: str = ""
    remark: str = ""
    plot: Path | None = None
    explorable: Sequence[Model] = field(default=())
    table: str = ""
    verdict: str = ""


def page(title: str, facts: Sequence[tuple[str, str]], sections: Sequence[Section]) -> str:
    """Returns the HTML of a report, with its plots embedded.

    Args:
      title: The heading.
      facts: Names and values, listed under the heading and the verdicts.
      sections: The sections, in order.
    """
    models = [model for section in sections for model in section.explorable]
    script, placed = components(models) if models else ("", ())
    library = Resources(mode="inline", components=["bokeh", "bokeh-widgets"]).render_js()
    divs = iter(placed)
    body = "".join(
        _section(section, [next(divs) for _ in section.explorable]) for section in sections
    )
    listed = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>\n" for name, value in facts
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n"
        f"{library if models else ''}</head>\n<body>\n<h1>{html.escape(title)}</h1>\n"
        f"{_verdicts(sections)}<dl>\n{listed}</dl>\n{body}{script}</body>\n</html>\n"
    )


def _verdicts(sections: Sequence[Section]) -> str:
    found = [section.verdict for section in sections if section.verdict]
    if not found:
        return ""
    items = "".join(f"<li>{html.escape(verdict)}</li>\n" for verdict in found)
    return f'<ul class="verdicts">\n{items}</ul>\n'


def _section(section: Section, divs: Sequence[str]) -> str:
    parts = [f"<h2>{html.escape(section.title)}</h2>\n"]
    if section.text:
        parts.append(blocks(section.text))
    if section.remark:
        parts.append(f"<p>{html.escape(section.remark)}</p>\n")
    parts.append(section.table)
    if divs:
        shown = "".join(f'<div class="plot">{div}</div>\n' for div in divs)
        parts.append(f'<div class="plots">\n{shown}</div>\n')
    elif section.plot is not None:
        encoded = base64.b64encode(section.plot.read_bytes()).decode("ascii")
        parts.append(
            f'<div class="plot"><img alt="{html.escape(section.title)}" '
            f'src="data:image/png;base64,{encoded}"></div>\n'
        )
    return "".join(parts)
