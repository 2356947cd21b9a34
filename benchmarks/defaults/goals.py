"""The goals of the default model, counted from the measured figures."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

MEANS, FACTORS, PCA, GRID = "independent columns", "factor analysis", "PCA", "our grid"
PEERS = ("pythae VAE", "TVAE")
CLOSE_TO_PCA, SHARE_OF_GRID = 1.05, 0.98
EPSILON = 1e-9


@dataclass(frozen=True)
class Goal:
    """A goal and what was reached.

    Attributes:
      title: What is counted.
      count: In how many sets it holds.
      of: In how many sets both methods were measured.
      least: The fewest sets in which it must hold, or None.
      most: The most sets in which it may hold, or None.
      sets: The sets that miss it.
    """

    title: str
    count: int
    of: int
    least: float | None
    most: float | None
    sets: tuple[str, ...]

    @property
    def is_met(self) -> bool:
        """Whether the count is within its bounds."""
        enough = self.least is None or self.count >= self.least - EPSILON
        return enough and (self.most is None or self.count <= self.most)


def rows_on_grid(figures: dict[str, Any]) -> np.ndarray:
    """Returns log p of every held-out row, `[N]`: a density times the steps of its columns."""
    rows = np.array(figures["log_p_of_rows"].split(), np.float64)
    return rows + figures["log_steps"]


def difference(first: dict[str, Any], second: dict[str, Any]) -> tuple[float, float]:
    """Returns the mean over rows of the first's log p less the second's, and its standard error."""
    apart = rows_on_grid(first) - rows_on_grid(second)
    return float(apart.mean()), float(apart.std(ddof=1) / np.sqrt(len(apart)))


def is_comparable(methods: dict[str, Any], name: str) -> bool:
    """Returns whether a method has a log p that was measured for the likelihood of ours."""
    ours, other = methods["ours"], methods.get(name, {})
    return "log_p" in other and ours["discrete_columns"] == other["discrete_columns"]


def close_to_pca(sets: list[dict[str, Any]], method: str) -> tuple[int, int]:
    """Returns in how many sets a method's reconstruction is close to PCA's, and of how many."""
    verdicts = [
        _is_close_to_pca(methods[method], methods[PCA])
        for methods in (each["methods"] for each in sets)
        if "reconstruction" in methods.get(method, {}) and "reconstruction" in methods.get(PCA, {})
    ]
    return sum(verdicts), len(verdicts)


def count(sets: list[dict[str, Any]]) -> list[Goal]:
    """Counts every goal over the data sets in which ours was measured.

    A set in which ours failed misses every goal.
    """
    measured = [each for each in sets if "ours" in each["methods"]]
    return [goal for goal in _all(measured) if goal.of]


def _all(sets: list[dict[str, Any]]) -> list[Goal]:
    def worse_than_means(own: dict[str, Any], means: dict[str, Any]) -> bool:
        return own["reconstruction"] > means["reconstruction"]

    def below(own: dict[str, Any], other: dict[str, Any]) -> bool:
        return difference(own, other)[0] < 0.0

    def within_one_error(own: dict[str, Any], other: dict[str, Any]) -> bool:
        mean, error = difference(own, other)
        return mean >= -error

    def above_by_two_errors(own: dict[str, Any], other: dict[str, Any]) -> bool:
        mean, error = difference(own, other)
        return mean > 2.0 * error

    real = [each for each in sets if each["methods"]["ours"].get("discrete_columns") == 0]
    found = [
        _most("reconstruction worse than the column means'", sets, MEANS, worse_than_means),
        _most("log p below that of independent columns", sets, MEANS, below, True),
        _least(
            "real-valued: log p at or above factor analysis, within one standard error",
            real,
            FACTORS,
            within_one_error,
            1.0,
            True,
        ),
        _least(
            "real-valued: log p above factor analysis by more than two standard errors",
            real,
            FACTORS,
            above_by_two_errors,
            0.5,
            True,
        ),
        _least("reconstruction at most 1.05 times PCA's", sets, PCA, _is_close_to_pca, 0.9),
        _within_of_grid(sets),
    ]
    for peer in PEERS:
        found += [
            _least(
                f"log p above {peer}'s", sets, peer, lambda own, it: not below(own, it), 0.9, True
            ),
            _least(
                f"reconstruction better than {peer}'s",
                sets,
                peer,
                lambda own, it: own["reconstruction"] < it["reconstruction"],
                0.9,
            ),
        ]
    return found


def _is_close_to_pca(own: dict[str, Any], pca: dict[str, Any]) -> bool:
    return bool(own["reconstruction"] <= CLOSE_TO_PCA * pca["reconstruction"])


Holds = Callable[[dict[str, Any], dict[str, Any]], bool]


def _verdicts(
    sets: list[dict[str, Any]], other: str, holds: Holds, if_failed: bool, of_log_p: bool
) -> dict[str, bool]:
    verdicts = {}
    for each in sets:
        methods = each["methods"]
        if "error" in methods["ours"]:
            verdicts[each["name"]] = if_failed
            continue
        key = "log_p" if of_log_p else "reconstruction"
        usable = key in methods.get(other, {})
        if usable and (not of_log_p or is_comparable(methods, other)):
            verdicts[each["name"]] = holds(methods["ours"], methods[other])
    return verdicts


def _most(
    title: str, sets: list[dict[str, Any]], other: str, holds: Holds, of_log_p: bool = False
) -> Goal:
    verdicts = _verdicts(sets, other, holds, True, of_log_p)
    missed = tuple(name for name, holding in verdicts.items() if holding)
    return Goal(title, len(missed), len(verdicts), None, 0, missed)


def _least(
    title: str,
    sets: list[dict[str, Any]],
    other: str,
    holds: Holds,
    share: float,
    of_log_p: bool = False,
) -> Goal:
    return _of_verdicts(title, _verdicts(sets, other, holds, False, of_log_p), share)


def _within_of_grid(sets: list[dict[str, Any]]) -> Goal:
    verdicts = {}
    for each in sets:
        methods = each["methods"]
        if "error" in methods["ours"]:
            verdicts[each["name"]] = False
        elif is_comparable(methods, GRID) and is_comparable(methods, MEANS):
            gained, _ = difference(methods["ours"], methods[MEANS])
            possible, _ = difference(methods[GRID], methods[MEANS])
            verdicts[each["name"]] = gained >= min(SHARE_OF_GRID * possible, possible)
    title = "log p within 2 % of the best of our grid, in nats above independent columns"
    return _of_verdicts(title, verdicts, 0.9)


def _of_verdicts(title: str, verdicts: dict[str, bool], share: float) -> Goal:
    missed = tuple(name for name, holding in verdicts.items() if not holding)
    count = len(verdicts) - len(missed)
    return Goal(title, count, len(verdicts), share * len(verdicts), None, missed)
