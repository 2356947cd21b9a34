"""Ranking of held-out items: recall and normalised discounted cumulative gain."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tfp_vae import checks
from tfp_vae.evaluation.text_tables import standard_error, table, with_error


class Ranking(NamedTuple):
    """How well scores rank held-out items, over users.

    Attributes:
      k: The lengths of the lists, `[K]`.
      recall: The mean share of a user's held-out items among the first k, of at most k, `[K]`.
      recall_standard_error: Their standard errors over users, `[K]`.
      ndcg: The mean normalised discounted cumulative gain of the first k, `[K]`.
      ndcg_standard_error: Their standard errors over users, `[K]`.
      users: The number of users with a held-out item, of whom the means are.

    Example:
      >>> scores, held_out = [[0.9, 0.1, 0.5], [0.2, 0.3, 0.1]], [[0, 0, 1], [0, 1, 0]]
      >>> found = evaluation.ranking(scores, held_out, k=[1, 2])
      >>> found.recall.tolist(), found.users
      ([0.5, 1.0], 2)
    """

    k: np.ndarray
    recall: np.ndarray
    recall_standard_error: np.ndarray
    ndcg: np.ndarray
    ndcg_standard_error: np.ndarray
    users: int

    def __str__(self) -> str:
        rows = [["k", "recall@k", "nDCG@k"]]
        for place, k in enumerate(self.k):
            recall = with_error(self.recall[place], self.recall_standard_error[place])
            ndcg = with_error(self.ndcg[place], self.ndcg_standard_error[place])
            rows.append([str(k), recall, ndcg])
        return table(rows)


def ranking(
    scores: Any, held_out: Any, seen: Any = None, k: Sequence[int] = (20, 50, 100)
) -> Ranking:
    """Scores a ranking of items by those that a user took and the ranking did not see.

    Recall@k is the number of held-out items among the first k, divided by k or by the number of
    held-out items, the smaller of both. The discounted cumulative gain is the sum over the hits of
    1 / log2(rank + 1), and nDCG@k is it divided by that of the best ranking. Of equal scores the
    item with the lower index comes first.

    Args:
      scores: Scores of items for every user, `[N, items]`, such as `vae.predict(seen)`.
      held_out: The held-out items, numbers above 0 where a user took one, `[N, items]`.
      seen: The items that the scores are computed from, in the same form, which are left out of
        the ranking; or None. None of them may be held out.
      k: The lengths of the lists, positive ints of at most the number of items.

    Returns:
      A `Ranking`; print it. Users without a held-out item do not count.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If the shapes differ, a score is not finite, a count is negative, no user has a
        held-out item, or an item is both seen and held out.

    Example:
      >>> evaluation.ranking([[0.9, 0.1, 0.5]], [[0, 0, 1]], seen=[[1, 0, 0]], k=[1]).ndcg
      array([1.])

    Source: Liang et al. (2018), "Variational autoencoders for collaborative filtering", section
    4.2.
    """
    values = checks.array(scores, "scores").astype(np.float64)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"`scores` must have shape [N, items]; got shape {list(values.shape)}.")
    checks.finite(values, "scores")
    wanted = _taken(held_out, "held_out", values.shape)
    known = np.zeros(values.shape, bool) if seen is None else _taken(seen, "seen", values.shape)
    if (wanted & known).any():
        user, item = np.argwhere(wanted & known)[0]
        raise ValueError(
            f"`held_out` must have no item that is seen; got item {item} in row {user} in both."
        )
    lengths = checks.positive_ints(k, "k")
    if not lengths or max(lengths) > values.shape[1]:
        raise ValueError(
            f"`k` must hold ints of at most {values.shape[1]}, the number of items; got {list(k)}."
        )
    counted = wanted.any(axis=1)
    if not counted.any():
        raise ValueError("`held_out` must have an item in some row; got none.")
    order = np.argsort(np.where(known, np.inf, -values), axis=1, kind="stable")[counted]
    hits = np.take_along_axis(wanted[counted], order, axis=1)[:, : max(lengths)]
    discounts = 1.0 / np.log2(np.arange(2, max(lengths) + 2))
    items = wanted[counted].sum(axis=1)
    recall, ndcg = [], []
    for length in lengths:
        best = np.minimum(items, length)
        recall.append(hits[:, :length].sum(axis=1) / best)
        ideal = np.cumsum(discounts)[best - 1]
        ndcg.append((hits[:, :length] * discounts[:length]).sum(axis=1) / ideal)
    return Ranking(
        k=np.array(lengths),
        recall=np.array([each.mean() for each in recall]),
        recall_standard_error=np.array([standard_error(each) for each in recall]),
        ndcg=np.array([each.mean() for each in ndcg]),
        ndcg_standard_error=np.array([standard_error(each) for each in ndcg]),
        users=int(counted.sum()),
    )


def _taken(x: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Returns which items users took, booleans of `shape`."""
    values = checks.array(x, name)
    if values.shape != shape:
        raise ValueError(
            f"`{name}` must have the shape of `scores`, {list(shape)}; got shape "
            f"{list(values.shape)}."
        )
    checks.finite(values, name)
    if (values < 0).any():
        raise ValueError(f"`{name}` must hold numbers of at least 0; got {values.min():g}.")
    return values > 0
