"""Strategies of data: inside the support of a likelihood, and just outside it."""

import numpy as np
from hypothesis import strategies as st

from tfp_vae.likelihoods import Likelihood
from tfp_vae.supports import Columns, Support
from tfp_vae.testing.strategies.likelihood import LIKELIHOODS


def observations(likelihood: Likelihood, rows: int) -> st.SearchStrategy[np.ndarray]:
    """Draws data in the support of a likelihood.

    For a likelihood of your own it is uniform over a bounded support, and normal otherwise.

    Args:
      likelihood: A `tfp_vae.likelihoods.Likelihood`.
      rows: The number of rows.

    Returns:
      A strategy of float64 arrays `[rows, *event_shape]`.

    Example:
      >>> from hypothesis import find
      >>> from tfp_vae.testing import strategies
      >>> layer = likelihoods.Bernoulli([3])
      >>> x = find(strategies.observations(layer, 2), lambda x: True)
      >>> x.shape, set(np.unique(x)) <= {0.0, 1.0}
      ((2, 3), True)
    """
    return st.integers(0, 2**31).map(lambda seed: observed(likelihood, rows, seed))


def observed(likelihood: Likelihood, rows: int, seed: int = 0) -> np.ndarray:
    """Returns data in the support of a likelihood, as drawn by `observations`.

    Args:
      likelihood: A `tfp_vae.likelihoods.Likelihood`.
      rows: The number of rows.
      seed: The seed of NumPy's generator.

    Returns:
      A float64 array `[rows, *event_shape]`.

    Example:
      >>> from tfp_vae.testing import strategies
      >>> strategies.observed(likelihoods.Poisson([3]), rows=2).shape
      (2, 3)
    """
    rng, shape = np.random.default_rng(seed), [rows, *likelihood.event_shape]
    kind = type(likelihood)
    if kind in LIKELIHOODS:
        return LIKELIHOODS[kind].inside(likelihood, rng, shape)
    return _within(likelihood.support, rng, shape)


def _within(support: Support | Columns, rng: np.random.Generator, shape: list[int]) -> np.ndarray:
    if isinstance(support, Columns):
        x = np.empty(shape)
        for columns, part, _ in support.parts:
            x[..., list(columns)] = _within(part, rng, [*shape[:-1], len(columns)])
        return x
    lower, upper = support.lower, support.upper
    if np.isfinite(lower) and np.isfinite(upper):
        last = 1.0 if support.integers else 0.0
        x = lower + (upper - lower + last) * rng.uniform(size=shape)
    else:
        x = 3.0 * rng.normal(size=shape)
        if np.isfinite(lower):
            x = lower + np.abs(x)
        elif np.isfinite(upper):
            x = upper - np.abs(x)
    return np.floor(x) if support.integers else x


def observations_outside(likelihood: Likelihood, rows: int) -> st.SearchStrategy[np.ndarray]:
    """Draws data with one value outside the support of a likelihood, anywhere in it.

    Args:
      likelihood: A `tfp_vae.likelihoods.Likelihood`.
      rows: The number of rows.

    Returns:
      A strategy of float64 arrays `[rows, *event_shape]`, empty if every finite number is in the
      support.

    Example:
      >>> from hypothesis import find
      >>> from tfp_vae.testing import strategies
      >>> layer = likelihoods.Bernoulli([3])
      >>> x = find(strategies.observations_outside(layer, 2), lambda x: True)
      >>> int(layer.support.outside(x).sum())
      1
    """
    places = _places_outside(likelihood)
    if not places:
        return st.nothing()
    return st.builds(
        _with_value,
        observations(likelihood, rows),
        st.integers(0, rows - 1),
        st.sampled_from(places),
    )


def _places_outside(likelihood: Likelihood) -> list[tuple[tuple[int, ...], float]]:
    """Returns pairs of an index in a row and a number outside the support there."""
    entry = LIKELIHOODS.get(type(likelihood))
    support = likelihood.support
    return [
        (place, number)
        for place in np.ndindex(*likelihood.event_shape)
        for number in (entry.outside if entry and entry.outside else _beyond(support, place))
    ]


def _beyond(support: Support | Columns, place: tuple[int, ...]) -> list[float]:
    if isinstance(support, Columns):
        (part,) = (part for columns, part, _ in support.parts if place[-1] in columns)
        return _beyond(part, place)
    candidates = np.array([support.lower - 1.0, support.upper + 1.0, 0.5])
    candidates = candidates[np.isfinite(candidates)]
    return [float(number) for number in candidates[support.outside(candidates)]]


def _with_value(x: np.ndarray, row: int, place: tuple[tuple[int, ...], float]) -> np.ndarray:
    changed = np.array(x, np.float64)
    changed[(row, *place[0])] = place[1]
    return changed
