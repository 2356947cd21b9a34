"""A schema as a table of text."""

from collections.abc import Sequence

from tfp_vae.tables.column import Column

_WIDEST = 24


def text_of(columns: Sequence[Column]) -> str:
    """Returns a line for every column: its kind, likelihood, blanks, and the reason."""
    has_likelihoods = any(each.likelihood for each in columns)
    head = ["column", "kind", *(["likelihood"] if has_likelihoods else []), "blank", "reason"]
    rows = [head]
    for each in columns:
        name = str(each.name)
        short = name if len(name) <= _WIDEST else f"{name[: _WIDEST - 3]}..."
        likelihood = [each.likelihood or "left out"] if has_likelihoods else []
        unit = f"; {each.encoding.unit}" if each.encoding.unit else ""
        left_out = "" if each.modelled else "left out: "
        blanks = str(each.blanks) if each.blanks else ""
        rows.append([short, str(each.kind), *likelihood, blanks, f"{left_out}{each.reason}{unit}"])
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
