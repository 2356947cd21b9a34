"""What a log p(x) is of: a density, a probability, and the two on one scale."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tfp_vae import likelihoods

STEPS = (1.0, 0.1, 0.01, 1.0 / 255.0, 0.001, 0.0001)
"""The steps that are looked for; 1/255 is that of bytes divided by 255. None is above 1, the step
of the whole numbers to which a likelihood of counts gives probabilities."""


def step_of(values: np.ndarray) -> float | None:
    """Returns the largest of `STEPS` of which every value is a multiple, or None."""
    values = np.asarray(values, np.float64)
    for step in STEPS:
        multiples = values / step
        whole = np.round(multiples)
        apart = np.abs(multiples - whole) > 1e-4
        if not (apart | ((whole == 0.0) & (values != 0.0))).any():
            return step
    return None


def steps(x: np.ndarray) -> np.ndarray:
    """Returns the step of every value of a row, `[D]`, and NaN where there is none.

    A table has a step for every column, pictures `[N, ...]` have one for all values.
    """
    if x.ndim == 2:
        return np.array([step_of(column) or np.nan for column in x.T])
    return np.full(x[0].size, step_of(x) or np.nan)


def log_steps(x: np.ndarray) -> np.ndarray:
    """Returns the logarithm of every value's step, `[D]`, and 0 where there is none.

    A density times the step is the probability of the value on its grid, as near as the density is
    constant over a step.
    """
    return np.nan_to_num(np.log(steps(x)))


def discrete_columns(likelihood: Any) -> np.ndarray:
    """Returns which values of a row have a probability under a likelihood, and not a density."""
    return _columns_where(likelihood, lambda part: part.support.integers)


def class_columns(likelihood: Any) -> np.ndarray:
    """Returns which values of a row are codes of classes under a likelihood."""
    classes = (likelihoods.Bernoulli, likelihoods.Categorical)
    return _columns_where(likelihood, lambda part: isinstance(part, classes))


def _columns_where(likelihood: Any, holds: Callable[[Any], bool]) -> np.ndarray:
    size = int(np.prod(likelihood.event_shape))
    if not isinstance(likelihood, likelihoods.Product):
        return np.full(size, holds(likelihood))
    found = np.zeros(size, bool)
    for columns, part in zip(likelihood.columns, likelihood.parts, strict=True):
        found[columns] = holds(part)
    return found


def name_of(discrete: np.ndarray) -> str:
    """Returns the measure in words."""
    if discrete.all():
        return "probability"
    if not discrete.any():
        return "density"
    return f"density of {int((~discrete).sum())} columns, probability of {int(discrete.sum())}"
