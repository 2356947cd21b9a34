"""Medians of the measures over tables, and the standing of our estimator among its peers."""

from collections.abc import Mapping
from statistics import median
from typing import Any, NamedTuple

from benchmarks.table_peers.methods import OURS

_SYNTHESIZERS = (OURS, "GaussianCopula", "TVAE", "CTGAN")

CONTESTS: dict[str, tuple[str, ...]] = {
    "marginals": _SYNTHESIZERS,
    "dependence": _SYNTHESIZERS,
    "regression": _SYNTHESIZERS,
    "imputation": (OURS, "IterativeImputer", "KNNImputer"),
    "anomalies": (OURS, "IsolationForest"),
}
"""The methods that a measure compares, by the measure's name."""

HIGHER_IS_BETTER = ("anomalies",)

FIRST_IN = 3
"""The goal: first in so many of the five measures, and last in none."""


class Standing(NamedTuple):
    """How our estimator stands in a measure.

    Attributes:
      tables: The number of tables in which every method has a figure.
      medians: The median over these of every method that has it, references too, by name.
      rank: Our place by the medians, 1 for the first.
      of: The number of methods.
      firsts: In how many tables no other method is better.
      lasts: In how many all are.
    """

    tables: int
    medians: dict[str, float]
    rank: int
    of: int
    firsts: int
    lasts: int

    @property
    def is_first(self) -> bool:
        """Whether no other method is better in the median."""
        return self.rank == 1

    @property
    def is_last(self) -> bool:
        """Whether all others are better in the median."""
        return self.rank == self.of


def standing(measure: str, sets: Mapping[str, Any]) -> Standing | None:
    """Returns our standing in a measure, or None if no table has a figure of every method.

    Args:
      measure: One of `CONTESTS`.
      sets: What is stored of every table, by its name.
    """
    contest = CONTESTS[measure]
    rows = [
        {name: found[measure] for name, found in each["methods"].items() if measure in found}
        for each in sets.values()
    ]
    rows = [row for row in rows if all(name in row for name in contest)]
    if not rows:
        return None
    names = [name for name in rows[0] if all(name in row for row in rows)]
    medians = {name: median(row[name] for row in rows) for name in names}
    ranks = [rank(measure, row) for row in rows]
    return Standing(
        len(rows),
        medians,
        rank(measure, medians),
        len(contest),
        ranks.count(1),
        ranks.count(len(contest)),
    )


def rank(measure: str, figures: Mapping[str, float]) -> int:
    """Returns our place: one more than the number of peers that are better."""
    sign = 1.0 if measure in HIGHER_IS_BETTER else -1.0
    ours = sign * figures[OURS]
    return 1 + sum(sign * figures[name] > ours for name in CONTESTS[measure] if name != OURS)


def verdict(standings: Mapping[str, Standing], complete: bool) -> str:
    """Returns a sentence on the goal.

    Args:
      standings: Our standings, by measure.
      complete: Whether all tables are measured.
    """
    firsts = sum(each.is_first for each in standings.values())
    lasts = [name for name, each in standings.items() if each.is_last]
    met = firsts >= FIRST_IN and not lasts and len(standings) == len(CONTESTS)
    last_in = f"last in {', '.join(lasts)}" if lasts else "last in none"
    return (
        f"The goal is to be first in at least {FIRST_IN} of the {len(CONTESTS)} measures in the "
        f"median, and last in none: `{OURS}` is first in {firsts}, and {last_in}; the goal is "
        f"{'met' if met else 'missed'}{'' if complete else ' so far'}."
    )
