"""Chooses a likelihood for data by held-out evidence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfp_vae.likelihoods import column_types
from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.candidates import Candidate, candidates, checked, levels, of_type
from tfp_vae.likelihoods.column_types import CODES
from tfp_vae.likelihoods.evidence import MIN_ROWS, held_out_scores
from tfp_vae.likelihoods.product import Product

_LEAST_GAIN = 0.01
"""Nats for each value: a ratio of 1.01 in density, which the noise of a quick fit exceeds."""

_COLUMNS_SHOWN = 8
"""How many columns a reason lists."""

_WIDE = 100
_FEW_BINARY = 0.05
"""In a row of at least a hundred values between 0 and 1, such as pixels, up to 5 % of the columns
may hold only 0 and 1 by chance."""


@dataclass(frozen=True)
class Evidence:
    """A candidate and what it is worth on rows held out.

    Attributes:
      columns: The columns that it is for; None for all.
      name: The likelihood.
      nats: The mean ELBO of the rows held out after a quick fit, in nats; None if the fit failed or
        there was nothing to choose.
      standard_error: Its standard error, or None.
      reason: Why it may suit the data.

    Example:
      >>> likelihoods.suggest(np.array([[0, 1], [1, 1]])).table[0].name
      'Bernoulli'
    """

    columns: tuple[int, ...] | None
    name: str
    nats: float | None
    standard_error: float | None
    reason: str


@dataclass(frozen=True)
class Suggestion:
    """A likelihood for some data; printed, it is the table of all candidates.

    Attributes:
      likelihood: The likelihood, ready for a `Decoder`.
      reason: Why this one, in sentences for the reader of a report.
      table: Every candidate with its evidence, the chosen one first in each group of columns.

    Example:
      >>> suggestion = likelihoods.suggest(np.array([[0, 1], [1, 1]]))
      >>> type(suggestion.likelihood).__name__, suggestion.reason[:18]
      ('Bernoulli', 'The data is binary')
      >>> suggestion.compared
      False
    """

    likelihood: Likelihood
    reason: str
    table: tuple[Evidence, ...] = ()

    @property
    def compared(self) -> bool:
        """Whether there were candidates to choose from."""
        return any(each.nats is not None for each in self.table)

    def __str__(self) -> str:
        """Returns the table of the candidates."""
        lines = [f"{'likelihood':30} {'held-out nats':>20}  reason"]
        for each in self.table:
            known = each.nats is not None
            nats = f"{each.nats:.2f} ± {each.standard_error:.2f}" if known else "-"
            where = "" if each.columns is None else f"{_named(each.columns)}: "
            lines.append(f"{each.name:30} {nats:>20}  {where}{each.reason}")
        return "\n".join(lines)


def suggest(x: npt.ArrayLike) -> Suggestion:
    """Chooses the likelihood with the best held-out evidence among those whose support holds data.

    Each candidate gets a quick fit of a model with linear networks on a part of the rows, and the
    ELBO of other rows decides: the plainest candidate is taken that is within one standard error,
    or 0.01 nats a value, of the best. The columns of a table may be of different kinds (binary,
    values in [0, 1], class codes, counts, real values); the choice is then made for each kind, and
    the likelihood is their `Product`. With fewer than 30 rows the plainest candidate is taken.

    Args:
      x: Data, `[N, ...]` of numbers or booleans, at least two rows.

    Returns:
      A `Suggestion`: `.likelihood`, `.reason`, and `.table`, which `print` shows.

    Raises:
      TypeError: If `x` holds no real numbers.
      ValueError: If `x` has fewer than two rows, no columns, or values that are not finite.

    Example:
      >>> likelihoods.suggest(np.array([[0, 1], [1, 1]])).reason
      'The data is binary, every value is 0 or 1: a Bernoulli likelihood.'
    """
    values = checked(x)
    if values.shape[0] < 2:
        raise ValueError("`x` must hold at least two rows to choose a likelihood from; got one.")
    groups = _groups(values)
    if len(groups) == 1:
        columns, choices = groups[0]
        best, table = _compared(choices, values, None)
        likelihood = best.make(values.shape[1:])
        return Suggestion(likelihood, _reason(best, table), table)
    chosen: dict[str, tuple[Candidate, list[int]]] = {}
    rows: list[Evidence] = []
    for columns, choices in groups:
        best, table = _compared(choices, values[:, columns], columns)
        key = f"{best.name} {columns}" if best.name == "Categorical" else best.name
        chosen.setdefault(key, (best, []))[1].extend(columns)
        rows += table
    parts = [
        (sorted(columns), candidate.make((len(columns),))) for candidate, columns in chosen.values()
    ]
    listed = "; ".join(
        f"{candidate.name} for {_named(columns)}: {candidate.reason}"
        for candidate, columns in chosen.values()
    )
    reason = f"The columns are of different kinds, each under its own likelihood. {listed}."
    return Suggestion(Product(parts), reason, tuple(rows))


Group = tuple[list[int], list[Candidate]]
"""Columns of one kind, and the candidates for them."""


def _groups(x: np.ndarray) -> list[Group]:
    """Returns the groups of columns that are chosen for together; images are one group."""
    everything = list(range(x.shape[1]))
    if x.ndim > 2 or x.dtype == bool or levels(x) is not None or _is_unit_interval(x):
        return [(everything, candidates(x))]
    values = x.astype(np.float64)
    groups: list[Group] = []
    for kind, columns in column_types.grouped(values):
        split = [[column] for column in columns] if kind == CODES else [columns]
        groups += [(group, of_type(kind, values[:, group])) for group in split]
    return groups


def _is_unit_interval(x: np.ndarray) -> bool:
    """Returns whether all values lie in [0, 1], as those of pixels do."""
    if x.min() < 0.0 or x.max() > 1.0 or np.isin(x, (0, 1)).all():
        return False
    binary = np.isin(x, (0, 1)).all(axis=0) & (x.min(axis=0) < x.max(axis=0))
    return not binary.any() or (x.shape[1] >= _WIDE and binary.mean() <= _FEW_BINARY)


def _compared(
    choices: Sequence[Candidate], x: np.ndarray, columns: list[int] | None
) -> tuple[Candidate, tuple[Evidence, ...]]:
    """Returns the plainest of the best candidates for rows, and the table, this one first.

    The difference to the best has a standard error over the rows, which both scored: Breiman et al.
    (1984), "Classification and regression trees", section 3.4.3, the rule of one standard error.
    """
    named = None if columns is None else tuple(columns)
    scores = [
        held_out_scores(each.make(x.shape[1:]), x)
        for each in choices
        if len(choices) > 1 and len(x) >= MIN_ROWS
    ]
    table = [
        evidence_of(named, each, scores[place] if scores else None)
        for place, each in enumerate(choices)
    ]
    chosen = plainest(scores, x[0].size)
    if chosen is None:
        return choices[0], tuple(table)
    order = sorted(
        range(len(table)),
        key=lambda place: (place != chosen, -_number(table[place].nats)),
    )
    return choices[chosen], tuple(table[place] for place in order)


def plainest(scores: Sequence[np.ndarray], size: int) -> int | None:
    """Returns which candidate is the plainest of the best, or None if no score is finite.

    Args:
      scores: For each candidate, the plainest first, the scores of the same rows, `[M]`, in nats.
      size: The number of values that a score is of.
    """
    nats = np.array([float(own.mean()) for own in scores])
    if not np.isfinite(nats).any():
        return None
    nats = np.where(np.isfinite(nats), nats, -np.inf)
    highest = int(np.argmax(nats))
    return next(
        place
        for place, own in enumerate(scores)
        if place == highest
        or nats[highest] - nats[place]
        <= max(_standard_error(scores[highest] - own), _LEAST_GAIN * size)
    )


def _number(nats: float | None) -> float:
    return -np.inf if nats is None else nats


def evidence_of(
    columns: tuple[int, ...] | None, candidate: Candidate, scores: np.ndarray | None
) -> Evidence:
    """Returns a candidate with its scores `[M]`, or with none where they are not finite."""
    if scores is None or not np.isfinite(scores.mean()):
        return Evidence(columns, candidate.name, None, None, candidate.reason)
    nats, error = float(scores.mean()), _standard_error(scores)
    return Evidence(columns, candidate.name, nats, error, candidate.reason)


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def _reason(best: Candidate, table: Sequence[Evidence]) -> str:
    plain = f"{best.reason[0].upper()}{best.reason[1:]}: a {best.name} likelihood."
    if table[0].nats is None:
        return plain
    return (
        f"{plain} Of {len(table)} candidates it is the plainest within one standard error of the "
        f"best held-out ELBO after a quick fit: {table[0].nats:.2f} ± "
        f"{table[0].standard_error:.2f} nats."
    )


def _named(columns: Sequence[int]) -> str:
    if len(columns) == 1:
        return f"column {columns[0]}"
    shown = ", ".join(str(column) for column in columns[:_COLUMNS_SHOWN])
    more = len(columns) - _COLUMNS_SHOWN
    return f"columns {shown} and {more} more" if more > 0 else f"columns {shown}"
