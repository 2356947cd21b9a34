"""The likelihood of every column: its kind has the candidates, held-out evidence chooses."""

from collections.abc import Mapping, Sequence

import numpy as np

from tfp_vae import checks, likelihoods
from tfp_vae.likelihoods import Candidate, Likelihood, Suggestion
from tfp_vae.tables.column import Column, Kind

_LARGE_MEAN = 20.0
"""A Poisson count of this mean has a skewness of 1/√20 = 0.22, and a normal is near it."""

_OF_WHOLE_ROWS = (
    "autoregressive_categorical",
    "dirichlet_multinomial",
    "multinomial",
    "product",
)
"""Likelihoods of several columns, of which none is that of one."""

_MOST_LEVELS = 256


def candidates_for(column: Column, x: np.ndarray) -> list[Candidate]:
    """Returns the candidates for a column, the plainest first.

    Args:
      column: The column.
      x: Its floats without blanks, `[N]`.
    """
    kind = column.kind
    if kind is Kind.BINARY:
        return [Candidate("Bernoulli", likelihoods.Bernoulli, column.reason)]
    classes = len(column.categories or ())
    if kind is Kind.CATEGORICAL:
        return [_categorical(classes, column.reason)]
    if kind is Kind.ORDERED:
        found = [_categorical(classes, column.reason)]
        if 2 < classes <= _MOST_LEVELS:
            found.append(_levels(classes, column.reason))
        return found
    normals = [_normal("per_value", column.reason), _normal("learned", column.reason)]
    if kind is Kind.PROPORTION:
        return [
            *normals,
            Candidate("ContinuousBernoulli", likelihoods.ContinuousBernoulli, column.reason),
        ]
    if kind is Kind.COUNT:
        counts = (
            likelihoods.Poisson,
            likelihoods.NegativeBinomial,
            likelihoods.ZeroInflatedNegativeBinomial,
        )
        return [
            *(normals if x.mean() >= _LARGE_MEAN else ()),
            *(Candidate(each.__name__, each, column.reason) for each in counts),
        ]
    heavy = (likelihoods.StudentT, likelihoods.Laplace)
    found = [*normals, *(Candidate(each.__name__, each, column.reason) for each in heavy)]
    if kind is Kind.POSITIVE and x.min() > 0.0:
        found.append(Candidate("Gamma", likelihoods.Gamma, column.reason))
    return found


def chosen_likelihood(
    columns: Sequence[Column], x: np.ndarray, given: Mapping[str | int | float, str]
) -> Suggestion:
    """Chooses a likelihood for every column.

    A blank is filled with a value of another row, for the choice alone.

    Args:
      columns: The columns that are modelled.
      x: Their floats, `[N, columns]`, NaN where a column is blank.
      given: The names of likelihoods that are not to be chosen, by the name of the column.

    Raises:
      ValueError: If a given likelihood is unknown, or its support does not hold the column.
    """
    filled = hot_deck(x)
    choices = [
        [_given(column, given[column.name], filled[:, at])]
        if column.name in given
        else candidates_for(column, filled[:, at])
        for at, column in enumerate(columns)
    ]
    return likelihoods.suggest_columns(filled, choices)


def hot_deck(x: np.ndarray) -> np.ndarray:
    """Returns rows `[N, columns]` with a random value of its column in place of every NaN."""
    generator = np.random.default_rng(0)
    filled = x.copy()
    for column in filled.T:
        blank = np.isnan(column)
        column[blank] = generator.choice(column[~blank], int(blank.sum()))
    return filled


def _given(column: Column, name: str, x: np.ndarray) -> Candidate:
    known = [each for each in likelihoods.registry.NAMES if each not in _OF_WHOLE_ROWS]
    checks.one_of(name, known, "likelihoods")
    values = x[:, None]
    classes = len(column.categories or ())

    def make(shape: tuple[int, ...]) -> Likelihood:
        if name == "categorical" and classes:
            return likelihoods.Categorical(shape, max(classes, 2))
        return likelihoods.for_values(name, np.broadcast_to(values, (len(x), *shape)))

    likelihood = make((1,))
    outside = likelihood.support.outside(values)
    if outside.any():
        raise ValueError(
            f"`likelihoods` must have a support that holds the column: {name} is for values that "
            f"are {likelihood.support.description}; got {values[outside][0]:g} in column "
            f"{column.name!r}, which is {column.kind}."
        )
    label = type(likelihood).__name__
    distinct = f"{label} of {column.name!r}" if name in _OF_ITS_VALUES else label
    return Candidate(distinct, make, "given")


_OF_ITS_VALUES = ("categorical", "discretized_logistic", "discretized_logistic_mixture")
"""Likelihoods with an argument that the values of a column decide."""


def _categorical(classes: int, reason: str) -> Candidate:
    return Candidate(
        f"Categorical({classes})", lambda shape: likelihoods.Categorical(shape, classes), reason
    )


def _levels(count: int, reason: str) -> Candidate:
    return Candidate(
        f"DiscretizedLogistic({count})",
        lambda shape: likelihoods.DiscretizedLogistic(shape, levels=count),
        reason,
    )


def _normal(scale: str, reason: str) -> Candidate:
    return Candidate(
        f"Normal({scale})", lambda shape: likelihoods.Normal(shape, scale=scale), reason
    )
