"""The ELBO of a data set as a table or as JSON."""

import json
import math

from rich.table import Table

from tfp_vae.evaluation import Baselines, ELBOSummary
from tfp_vae_cli.console import out

_MILLION = 1e6


def counted_rows(count: int) -> str:
    """Returns a number of rows in words: "1 row", "2,000 rows"."""
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def print_summary(summary: ELBOSummary, title: str, caption: str | None = None) -> None:
    """Prints a table of the ELBO and its two terms, in nats and in bits per dimension.

    Bits are a length of code, of which less is better: they count down where nats count up.

    Args:
      summary: The ELBO.
      title: What it is of.
      caption: A sentence below the table.
    """
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("")
    table.add_column("nats per example", justify="right")
    table.add_column("bits per dimension", justify="right")
    bits = 1.0 / (summary.event_size * math.log(2.0))
    error = "" if math.isnan(summary.standard_error) else f" ± {summary.standard_error:.2f}"
    table.add_row("ELBO", f"{summary.elbo:.2f}{error}", f"{-summary.elbo * bits:.4f}")
    table.add_row(
        "log-likelihood", f"{summary.log_likelihood:.2f}", f"{-summary.log_likelihood * bits:.4f}"
    )
    table.add_row(
        "KL divergence", f"{summary.kl_divergence:.2f}", f"{summary.kl_divergence * bits:.4f}"
    )
    out.print(table)
    if caption is not None:
        out.print(caption, soft_wrap=True)


def comparison(summary: ELBOSummary, known: Baselines) -> str:
    """Returns the nats of simple models of the test rows, and a verdict, as text.

    With few rows there is a verdict alone, since the nats say nothing.
    """
    if not known.are_telling:
        return known.verdict(summary)
    simple = f"under independent columns {_nats(known.independent_columns)}"
    if known.factor_analysis is not None:
        simple += f", under factor analysis {_nats(known.factor_analysis)}"
    return (
        f"The {known.rows} test rows have an ELBO of {_nats(summary.elbo)} nats, {simple}. "
        f"{known.verdict(summary)}"
    )


def _nats(value: float) -> str:
    return f"{value:.2f}" if abs(value) < _MILLION else f"{value:.1e}"


def print_json(summary: ELBOSummary, rows: int, **facts: object) -> None:
    """Prints the ELBO and its two terms as one JSON object.

    Args:
      summary: The ELBO.
      rows: The number of rows.
      **facts: Other entries.
    """
    record = {
        **{name: _or_none(value) for name, value in summary._asdict().items()},
        "bits_per_dimension": summary.bits_per_dimension,
        "rows": rows,
        "unit": "nats per example",
        **facts,
    }
    out.print(json.dumps(record), soft_wrap=True)


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
