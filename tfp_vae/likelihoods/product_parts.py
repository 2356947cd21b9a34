"""The parts of a product: pairs of columns and a likelihood, checked."""

from typing import Any

import numpy as np

from tfp_vae import checks
from tfp_vae.likelihoods.autoregressive_categorical import AutoregressiveCategorical
from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.row_totals import RowTotals

_EXAMPLE = "[([0, 2], likelihoods.Normal([2])), ([1], likelihoods.Bernoulli([1]))]"


def checked_list(parts: Any) -> list[Any]:
    """Returns `parts` as a list that is not empty."""
    if not isinstance(parts, (list, tuple)) or not parts:
        raise TypeError(
            f"`parts` must be a list of columns and likelihoods, such as {_EXAMPLE}; got {parts!r}."
        )
    return list(parts)


def checked_part(part: Any) -> tuple[list[int], Likelihood]:
    """Returns the columns and the likelihood of a part, which fit each other."""
    pair = isinstance(part, (list, tuple)) and len(part) == 2
    is_list = pair and isinstance(part[0], (list, tuple, range, np.ndarray))
    if not is_list or getattr(part[0], "ndim", 1) != 1:
        raise TypeError(
            f"`parts` must hold pairs of columns and a likelihood, such as {_EXAMPLE}; got one "
            f"{part!r}."
        )
    columns, likelihood = list(part[0]), part[1]
    checks.instance_of(likelihood, Likelihood, "parts", _EXAMPLE)
    if isinstance(likelihood, AutoregressiveCategorical):
        raise ValueError(
            "`parts` must be likelihoods of independent columns; got an AutoregressiveCategorical, "
            "of a sequence: make a model of the sequence alone."
        )
    if likelihood.conditional or isinstance(likelihood.offsets, RowTotals):
        got = f"a {type(likelihood).__name__} with offset='total' or a dispersion by condition"
        raise ValueError(
            f"`parts` must have likelihoods that depend on z alone, or on an exposure; got {got}."
        )
    for column in columns:
        if isinstance(column, bool) or not hasattr(column, "__index__"):
            raise TypeError(f"`parts` must name columns by ints; got {column!r}.")
    if likelihood.event_shape != (len(columns),):
        raise ValueError(
            f"`parts` must have likelihoods with the event shape of their columns, "
            f"[{len(columns)}] for {columns}; got {type(likelihood).__name__} with "
            f"{list(likelihood.event_shape)}."
        )
    return [int(column) for column in columns], likelihood
