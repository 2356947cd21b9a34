"""Agreement of clusters with known classes."""

import math
from decimal import Decimal
from numbers import Number
from types import NoneType
from typing import Any, NamedTuple

import numpy as np

from tfp_vae import checks
from tfp_vae.evaluation.text_tables import table, with_error


class Clustering(NamedTuple):
    """How well clusters agree with known classes.

    Attributes:
      accuracy: The share of rows in the class of their cluster, with the best one-to-one assignment
        of clusters to classes.
      standard_error: The standard error of `accuracy` for a fixed assignment.
      normalized_mutual_information: The mutual information, in nats, divided by the mean of both
        entropies: between 0 and, for perfect agreement, 1.
      adjusted_rand_index: 0 for random clusters in expectation, 1 for perfect agreement.
      counts: The number of rows in every cluster and class, `[K, C]`.
      classes: The classes, in the order of the columns of `counts`, `[C]`.

    Example:
      >>> scores = evaluation.clustering([0, 0, 1, 1], ["a", "a", "b", "a"])
      >>> scores.accuracy, scores.counts.tolist(), scores.clusters_used
      (0.75, [[2, 0], [1, 1]], 2)
    """

    accuracy: float
    standard_error: float
    normalized_mutual_information: float
    adjusted_rand_index: float
    counts: np.ndarray
    classes: np.ndarray

    @property
    def clusters_used(self) -> int:
        """The number of clusters that hold a row."""
        return int((self.counts.sum(axis=1) > 0).sum())

    def __str__(self) -> str:
        return table(
            [
                ["accuracy", with_error(self.accuracy, self.standard_error)],
                ["normalised mutual information", f"{self.normalized_mutual_information:.3f}"],
                ["adjusted Rand index", f"{self.adjusted_rand_index:.3f}"],
                ["clusters used", f"{self.clusters_used} of {len(self.counts)}"],
                ["classes", str(len(self.classes))],
            ]
        )


def clustering(clusters: Any, labels: Any) -> Clustering:
    """Scores clusters against classes that were not used in training.

    Args:
      clusters: Their probabilities for every row, `[N, K]`, as `vae.cluster(x)` returns them: the
        most probable one counts; or the number of each row's cluster, `[N]`, as scikit-learn's
        `KMeans` and `GaussianMixture` predict it.
      labels: The class of every row, numbers or words, `[N]`.

    Returns:
      A `Clustering`; print it.

    Raises:
      ImportError: If scikit-learn is not installed.
      TypeError: If `clusters` holds no real numbers, or `labels` neither numbers nor words.
      ValueError: If there are no rows, the two have different lengths, `clusters` holds a number
        that is not finite, or a cluster that is no whole number of at least 0, or a label is
        missing or infinite.

    Example:
      >>> evaluation.clustering([2, 2, 0, 0], [7, 7, 9, 9]).adjusted_rand_index
      1.0

    Source: Xie et al. (2016), "Unsupervised deep embedding for clustering analysis", equation 10
    (the accuracy); Hubert & Arabie (1985), "Comparing partitions" (the adjusted Rand index).
    """
    try:
        from scipy.optimize import linear_sum_assignment
        from sklearn import metrics
    except ImportError as error:
        raise ImportError(
            "evaluation.clustering needs scikit-learn: pip install 'tfp-vae[sklearn]'."
        ) from error
    assigned, count = _assigned(clusters)
    classes, codes = _codes(labels, len(assigned))
    counts = np.zeros([count, len(classes)], int)
    np.add.at(counts, (assigned, codes), 1)
    accuracy = counts[linear_sum_assignment(-counts)].sum() / len(codes)
    return Clustering(
        accuracy=float(accuracy),
        standard_error=math.sqrt(accuracy * (1.0 - accuracy) / len(codes)),
        normalized_mutual_information=float(metrics.normalized_mutual_info_score(codes, assigned)),
        adjusted_rand_index=float(metrics.adjusted_rand_score(codes, assigned)),
        counts=counts,
        classes=classes,
    )


def _assigned(clusters: Any) -> tuple[np.ndarray, int]:
    """Returns the cluster of every row, `[N]`, and the number of clusters."""
    values = checks.array(clusters, "clusters")
    if values.ndim not in (1, 2) or not values.size:
        raise ValueError(
            "`clusters` must have shape [N, K], probabilities as of vae.cluster(x), or [N]; got "
            f"shape {list(values.shape)}."
        )
    checks.finite(values, "clusters")
    if values.ndim == 2:
        return values.argmax(axis=1), values.shape[1]
    wrong = (values < 0) | (values != np.floor(values))
    if wrong.any():
        raise ValueError(
            f"`clusters` must hold whole numbers of at least 0; got {values[wrong][0]:g}."
        )
    return values.astype(int), int(values.max()) + 1


def _codes(labels: Any, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the classes, and the place of every row's class among them, `[N]`."""
    values = _numbers_or_words(labels)
    if values.shape != (rows,):
        raise ValueError(
            f"`labels` must have shape [{rows}], one for each row of `clusters`; got shape "
            f"{list(values.shape)}."
        )
    missing = np.array([each is None or each != each for each in values.tolist()])
    if values.dtype.kind == "f":
        missing |= np.isinf(values)
    if missing.any():
        row = int(np.argmax(missing))
        raise ValueError(
            f"`labels` must have a class for every row; got {values[row]} in row {row}."
        )
    if values.dtype.kind == "O":
        values = values.astype(str)
    classes, codes = np.unique(values, return_inverse=True)
    return classes, codes


def _numbers_or_words(labels: Any) -> np.ndarray:
    """Returns labels as an array; one of objects holds words, and may hold None."""
    try:
        values = np.asarray(labels)
    except Exception as error:
        # A list of uneven rows, or an object with a conversion of its own, raises any error.
        raise TypeError(
            f"`labels` must be numbers or words, one for each row; got a {type(labels).__name__} "
            "that makes no array of them."
        ) from error
    if values.dtype.kind != "O":
        return values
    wrong = [
        each for each in values.ravel() if not isinstance(each, (str, Number, Decimal, NoneType))
    ]
    if wrong:
        raise TypeError(
            f"`labels` must hold numbers or words; got a {type(wrong[0]).__name__} among them."
        )
    if any(isinstance(each, str) for each in values.ravel()):
        return values
    numbers: np.ndarray = values.astype(np.float64)
    return numbers
