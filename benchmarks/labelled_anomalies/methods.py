"""The methods that say how strange a row is, all with their defaults."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.covariance import EmpiricalCovariance
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor
from sklearn.svm import OneClassSVM

from benchmarks.peers.scikit_learn_tables import Coding
from benchmarks.tables import preparation

OURS = "TableVAE"

Strangeness = Callable[[pd.DataFrame, pd.DataFrame], np.ndarray]
"""Returns, of training rows and rows to score, how strange the latter are, `[N]`."""


def _table_vae(train: pd.DataFrame, scored: pd.DataFrame) -> np.ndarray:
    """Returns -log p; of a row that cannot be of the model, as of a new category, the largest."""
    # The names of the methods are needed without TensorFlow.
    from tfp_vae import tables
    from tfp_vae.sklearn import TableVAE

    model = TableVAE(random_state=0).fit(train)
    known = preparation.taken(scored, functools.partial(tables.rows_of, model.vae_))
    strangeness = np.full(len(scored), np.finfo(np.float64).max)
    if known.any():
        strangeness[known] = -model.score_samples(scored[known].reset_index(drop=True))
    return strangeness


def _of(estimator: Any, score: Callable[[Any, np.ndarray], np.ndarray]) -> Strangeness:
    """Returns a method of scikit-learn, which takes numbers in units of their deviations."""

    def strangeness(train: pd.DataFrame, scored: pd.DataFrame) -> np.ndarray:
        coding = Coding.of(train)
        return score(estimator.fit(coding.encode(train)), coding.encode(scored))

    return strangeness


def _minus_score(model: Any, codes: np.ndarray) -> np.ndarray:
    return -np.asarray(model.score_samples(codes))


METHODS: dict[str, Strangeness] = {
    OURS: _table_vae,
    "IsolationForest": _of(IsolationForest(random_state=0), _minus_score),
    "LocalOutlierFactor": _of(LocalOutlierFactor(novelty=True), _minus_score),
    "OneClassSVM": _of(OneClassSVM(), _minus_score),
    "EmpiricalCovariance": _of(
        EmpiricalCovariance(), lambda model, codes: np.asarray(model.mahalanobis(codes))
    ),
}
"""The methods by name; the last is the distance of a multivariate normal."""
