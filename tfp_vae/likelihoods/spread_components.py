"""Equal logistics at even distances, which together have the variance of one."""

import numpy as np

from tfp_vae.likelihoods.location_scale_marginals import LEAST_LOGISTIC_SCALE

_SHARES = (0.01, 0.5, 0.8, 0.95)
_MOST_CELLS = 2_000_000


def standardised_places(components: int) -> np.ndarray:
    """Returns numbers at even distances, of mean 0 and variance 1, `[K]`; a zero for one."""
    places = np.arange(components) - 0.5 * (components - 1)
    return places / max(float(np.std(places)), 1e-30)


def best_share(
    counts: np.ndarray, loc: np.ndarray, scale: np.ndarray, components: int
) -> np.ndarray:
    """Returns which share of the variance lies between the components, of a few the likeliest.

    It is never zero where there are several: equal components would have equal gradients for ever.

    Args:
      counts: How often every level occurs, `[*event, levels]`.
      loc: The location of one logistic for every column, in levels, `[*event]`.
      scale: Its scale in levels.
      components: The number of components.

    Returns:
      Shares, `[*event]`.
    """
    if components == 1:
        return np.zeros(loc.shape)
    columns = counts.reshape(-1, counts.shape[-1])
    step = max(_MOST_CELLS // (counts.shape[-1] * components), 1)
    found = [
        _of_columns(columns[rows], loc.ravel()[rows], scale.ravel()[rows], components)
        for rows in (slice(start, start + step) for start in range(0, len(columns), step))
    ]
    return np.concatenate(found).reshape(loc.shape)


def _of_columns(
    counts: np.ndarray, loc: np.ndarray, scale: np.ndarray, components: int
) -> np.ndarray:
    ends = np.arange(counts.shape[-1] - 1) + 0.5
    scores = []
    for share in _SHARES:
        between = scale * np.pi / np.sqrt(3.0) * np.sqrt(share)
        centres = loc[:, None] + between[:, None] * standardised_places(components)
        within = np.maximum(scale * np.sqrt(1.0 - share), LEAST_LOGISTIC_SCALE)[:, None, None]
        standardised = (ends - centres[:, :, None]) / within
        below = np.mean(0.5 * (1.0 + np.tanh(0.5 * standardised)), axis=1)
        mass = np.diff(below, axis=1, prepend=0.0, append=1.0)
        scores.append(np.sum(counts * np.log(np.maximum(mass, 1e-30)), axis=1))
    best: np.ndarray = np.asarray(_SHARES)[np.argmax(scores, axis=0)]
    return best
