"""The section of the page on labelled anomalies."""

from collections.abc import Mapping
from statistics import mean, median
from typing import Any

from benchmarks.labelled_anomalies.methods import METHODS, OURS
from benchmarks.labelled_anomalies.sources import MOST, SOURCES

ABOUT = (
    f"`{OURS}`'s `score_samples` beside methods of scikit-learn, all with their defaults, on real "
    "tables with a class of abnormal rows. As in Zong et al. (2018) and Bergman & Hoshen (2020), "
    "a random half of the normal rows is trained on, and the other half is scored with the "
    f"anomalies, at most {MOST:,} rows of each; no method sees the label. Wine, breast cancer, "
    "biopsy, Pima and digits are, whole or in part, of ODDS (Rayana, 2016). Columns are left out "
    "by the same rule as beside other libraries, and rows with blanks. scikit-learn is given "
    "numbers in units of their standard deviations and an indicator for each word; "
    "EmpiricalCovariance is the distance of a multivariate normal. A row with a category that no "
    f"training row has, or a number outside the support, is refused by `{OURS}`, and counts as the "
    "strangest.",
    "",
    "The figures are areas under the curve, the probability that an anomaly is stranger than a "
    "normal row; higher is better, 0.5 is chance. Bold is the best of a table. Seconds are of the "
    f"processor; those of `{OURS}` hold the compilation. log p is a density per unit of a column: "
    "a class whose cells lie where the values of others are dense looks usual, as bad credit does, "
    "of which half the rows have no assets, the most probable value, and of good credit a quarter.",
    "",
)


def section(measured: dict[str, Any]) -> list[str]:
    """Returns the lines of the section."""
    areas = {
        table: {name: found["area"] for name, found in each["methods"].items()}
        for table, each in measured["sets"].items()
    }
    complete = {table: found for table, found in areas.items() if set(found) == set(METHODS)}
    lines = [*ABOUT, *_tables(measured["sets"], areas), ""]
    if complete:
        lines += [*_medians(complete, measured["sets"]), "", _verdict(complete), ""]
    versions = ", ".join(f"{name} {each}" for name, each in sorted(measured["versions"].items()))
    return [*lines, f"Versions: {versions}."]


def place(name: str, areas: Mapping[str, float]) -> float:
    """Returns the place of a method in a table, 1 for the best, the mean place of ties."""
    better = sum(each > areas[name] for each in areas.values())
    ties = sum(each == areas[name] for each in areas.values())
    return 1.0 + better + (ties - 1) / 2.0


def _tables(sets: Mapping[str, Any], areas: Mapping[str, Mapping[str, float]]) -> list[str]:
    lines = [
        f"| table | anomalies | trained on | normal | abnormal | columns | {_titles()} |",
        "|---|---|" + "---:|" * (4 + len(METHODS)),
    ]
    for table, each in sets.items():
        found = areas[table]
        cells = [_cell(name, found) for name in METHODS]
        sizes = f"{each['train']:,} | {each['normal']:,} | {each['abnormal']:,} | {each['columns']}"
        lines.append(f"| {table} | {SOURCES[table].meaning} | {sizes} | {' | '.join(cells)} |")
    return lines


def _cell(name: str, areas: Mapping[str, float]) -> str:
    """Returns a figure, bold if it is the best; nothing of a method that is not yet measured."""
    if name not in areas:
        return ""
    shown = f"{areas[name]:.3f}"
    return f"**{shown}**" if areas[name] == max(areas.values()) else shown


def _medians(complete: Mapping[str, Mapping[str, float]], sets: Mapping[str, Any]) -> list[str]:
    """Returns the medians and the places over the tables in which every method has a figure."""
    lines = [
        f"| of {len(complete)} tables | median area | mean area | mean place | first in | last in "
        "| median seconds |",
        "|---|" + "---:|" * 6,
    ]
    for name in METHODS:
        own = [areas[name] for areas in complete.values()]
        places = [place(name, areas) for areas in complete.values()]
        firsts = sum(areas[name] == max(areas.values()) for areas in complete.values())
        lasts = sum(areas[name] == min(areas.values()) for areas in complete.values())
        seconds = median(sets[table]["methods"][name]["seconds"] for table in complete)
        lines.append(
            f"| {_title(name)} | {median(own):.3f} | {mean(own):.3f} | {mean(places):.2f} | "
            f"{firsts} | {lasts} | {seconds:,.2f} |"
        )
    return lines


def _verdict(complete: Mapping[str, Mapping[str, float]]) -> str:
    """Returns a sentence on the place of ours by the median and the mean, and in the tables."""
    middle, average = (
        place(OURS, {name: of(areas[name] for areas in complete.values()) for name in METHODS})
        for of in (median, mean)
    )
    better = sum(areas[OURS] > areas["IsolationForest"] for areas in complete.values())
    lasts = [table for table, areas in complete.items() if areas[OURS] == min(areas.values())]
    return (
        f"`{OURS}` is {middle:g} of {len(METHODS)} by the median area and {average:g} by the mean; "
        f"it is better than IsolationForest in {better} of {len(complete)} tables, and last in "
        f"{', '.join(lasts) or 'none'}."
    )


def _title(name: str) -> str:
    return f"`{name}`" if name == OURS else name


def _titles() -> str:
    return " | ".join(_title(name) for name in METHODS)
