"""Chooses a likelihood for every column of a table by held-out evidence."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tfp_vae.error_text import described
from tfp_vae.likelihoods.candidates import Candidate, checked
from tfp_vae.likelihoods.conditional_evidence import Group, held_out_conditional_scores
from tfp_vae.likelihoods.evidence import MIN_ROWS
from tfp_vae.likelihoods.product import Product
from tfp_vae.likelihoods.suggest import Evidence, Suggestion, evidence_of, plainest


def suggest_columns(x: npt.ArrayLike, choices: Sequence[Sequence[Candidate]]) -> Suggestion:
    """Chooses one of several candidates for each column of a table, by held-out evidence.

    Each candidate is fitted to its column given a half of the other columns, as a generalised
    linear model, on a part of the rows; all fits run as one, in seconds. Its score is log p of the
    column in other rows, in nats, and the plainest is taken that is within one standard error, or
    0.01 nats, of the best. With fewer than 30 rows each column gets its first candidate.

    Args:
      x: Data, `[N, columns]` of finite numbers in the support of every candidate.
      choices: For each column its candidates, the plainest first. Candidates of equal names are
        taken for equal, and columns that get one share a part of the `Product`.

    Returns:
      A `Suggestion` whose likelihood is a `Product`.

    Raises:
      TypeError: If `x` holds no real numbers, or `choices` is no list of lists of candidates.
      ValueError: If `x` is no table of finite numbers, or has not one list for each column.

    Example:
      >>> heights = np.random.default_rng(0).normal(170.0, 9.0, size=[60, 1])
      >>> found = likelihoods.suggest_columns(heights, [likelihoods.candidates(heights)[:2]])
      >>> found.likelihood.columns, len(found.table)
      ([[0]], 2)
    """
    values = checked(x)
    lists = isinstance(choices, (list, tuple)) and all(
        isinstance(own, (list, tuple)) and all(isinstance(each, Candidate) for each in own)
        for own in choices
    )
    if not lists:
        raise TypeError(
            "`choices` must be lists of candidates, such as [likelihoods.candidates(x)]; got "
            f"{described(choices)}."
        )
    if values.ndim != 2 or len(choices) != values.shape[1] or not all(map(len, choices)):
        raise ValueError(
            "`choices` must have one list of candidates for each column of `x`; got "
            f"{len(choices)} lists for shape {list(values.shape)}."
        )
    scores = _scores(values, choices) if len(values) >= MIN_ROWS else {}
    chosen, table = [], []
    for column, own in enumerate(choices):
        of_own = [scores[column, each.name] for each in own if (column, each.name) in scores]
        best, evidence = _chosen(own, of_own, column)
        chosen.append(best)
        table += evidence
    reason = "; ".join(f"column {at}: {each.name}" for at, each in enumerate(chosen))
    return Suggestion(_product(chosen), f"Each column has its own likelihood. {reason}.", (*table,))


def _scores(
    x: np.ndarray, choices: Sequence[Sequence[Candidate]]
) -> dict[tuple[int, str], np.ndarray]:
    """Returns the scores of held-out rows, `[M]`, by column and name, where there is a choice."""
    groups: dict[str, tuple[Candidate, list[int]]] = {}
    for column, own in enumerate(choices):
        for each in own if len(own) > 1 else ():
            groups.setdefault(each.name, (each, []))[1].append(column)
    if not groups:
        return {}
    found = held_out_conditional_scores(
        x,
        [own[0].make((1,)) for own in choices],
        [Group(columns, each.make((len(columns),))) for each, columns in groups.values()],
    )
    return {
        (column, name): scores[:, at]
        for (name, (_, columns)), scores in zip(groups.items(), found, strict=True)
        for at, column in enumerate(columns)
    }


def _chosen(
    choices: Sequence[Candidate], scores: Sequence[np.ndarray], column: int
) -> tuple[Candidate, list[Evidence]]:
    """Returns the candidate for a column, and the evidence of all, this one first."""
    place = plainest(scores, 1) if scores else None
    table = [
        evidence_of((column,), each, scores[at] if scores else None)
        for at, each in enumerate(choices)
    ]
    first = 0 if place is None else place
    rest = [each for at, each in enumerate(table) if at != first]
    rest.sort(key=lambda each: -np.inf if each.nats is None else each.nats, reverse=True)
    return choices[first], [table[first], *rest]


def _product(chosen: Sequence[Candidate]) -> Product:
    """Returns the product of one candidate for each column, those of a name in one part."""
    groups: dict[str, list[int]] = {}
    for column, each in enumerate(chosen):
        groups.setdefault(each.name, []).append(column)
    return Product(
        [(columns, chosen[columns[0]].make((len(columns),))) for columns in groups.values()]
    )
