"""Similarities of the latents of two models, and how far each latent has one counterpart alone."""

from collections.abc import Callable

import numpy as np

_LASSO_PENALTY = 0.1
"""As of Duan et al. (2020): of standardised latents, so that equal ones have the weight 0.9."""


def lasso_similarity(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Returns the absolute weights of a sparse linear regression of other latents on some.

    Args:
      one: The posterior means of one model, `[N, A]`.
      other: Those of the other model for the same rows, `[N, B]`.

    Returns:
      `[A, B]`, from 0 to about 1; 0 for a latent that is constant.
    """
    from sklearn.linear_model import Lasso
    from sklearn.preprocessing import StandardScaler

    known, wanted = (StandardScaler().fit_transform(each) for each in (one, other))
    weights = np.zeros([one.shape[1], other.shape[1]])
    varies = np.ptp(other, axis=0) > 0.0
    if varies.any():
        lasso = Lasso(alpha=_LASSO_PENALTY, max_iter=10_000).fit(known, wanted[:, varies])
        weights[:, varies] = np.abs(lasso.coef_.reshape(-1, one.shape[1])).T
    return weights


def spearman_similarity(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Returns the absolute rank correlations of some latents and other ones.

    Args:
      one: The posterior means of one model, `[N, A]`.
      other: Those of the other model for the same rows, `[N, B]`.

    Returns:
      `[A, B]`, from 0 to 1.
    """
    from scipy.stats import rankdata
    from sklearn.preprocessing import StandardScaler

    ranks = [StandardScaler().fit_transform(rankdata(each, axis=0)) for each in (one, other)]
    correlation: np.ndarray = np.abs(ranks[0].T @ ranks[1]) / len(one)
    return correlation


SIMILARITIES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "lasso": lasso_similarity,
    "spearman": spearman_similarity,
}


def relative_strength(similarity: np.ndarray) -> float:
    """Returns the mean of max² / sum over the columns and that over the rows, the mean of both.

    It is 1 if every latent of either model equals one of the other model and resembles no other; a
    latent that resembles none counts as 0.

    Args:
      similarity: Of the latents of two models, `[A, B]`, at least one of each.

    Source: Duan et al. (2020), "Unsupervised model selection for variational disentangled
    representation learning".
    """
    means = []
    for axis in (0, 1):
        total = similarity.sum(axis=axis)
        squared = similarity.max(axis=axis) ** 2
        means.append(np.divide(squared, total, out=np.zeros_like(total), where=total > 0.0).mean())
    return float(np.mean(means))
