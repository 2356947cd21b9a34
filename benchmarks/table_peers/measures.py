"""The measures of draws, imputations and scores of a table.

Every one compares with rows that no method has seen, and takes whichever columns a method was
given: numbers as numbers, and words as categories.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import roc_auc_score

from benchmarks.table_peers.choice import is_number

TREES, LEAF = 50, 3
"""The trees of a regressor, and the fewest rows of a leaf; else scikit-learn's defaults."""

MOST_TARGETS, LEAST_VALUES = 5, 10
"""Targets of regressors are the first five columns of numbers with more than ten values."""


def marginals(data: pd.DataFrame, draws: pd.DataFrame) -> float:
    """Returns the mean distance of the columns' marginals, in [0, 1].

    It is that of Kolmogorov and Smirnov for numbers, the largest difference of the distribution
    functions, and the total variation for words, half the sum of the differences of the shares.
    """
    distances = []
    for name in data:
        if is_number(data[name]):
            distances.append(stats.ks_2samp(data[name], draws[name]).statistic)
        else:
            distances.append(total_variation(data[name], draws[name]))
    return float(np.mean(distances))


def total_variation(first: pd.Series, second: pd.Series) -> float:
    """Returns half the sum of the absolute differences of the shares of words, in [0, 1]."""
    shares = [each.value_counts(normalize=True) for each in (first, second)]
    return float(shares[0].sub(shares[1], fill_value=0.0).abs().sum() / 2.0)


def dependence(data: pd.DataFrame, draws: pd.DataFrame) -> float:
    """Returns the mean absolute difference of the correlations of all pairs of columns.

    Numbers count by their ranks, words by an indicator of each category; of a pair of columns the
    differences are averaged over these. A correlation with a constant is 0.
    """
    codes = {name: _indicators(data[name], draws[name]) for name in data}
    names = list(codes)
    places = np.repeat(np.arange(len(names)), [codes[name][0].shape[1] for name in names])
    correlations = [
        _correlations(np.concatenate([codes[name][side] for name in names], axis=1))
        for side in (0, 1)
    ]
    difference = np.abs(correlations[0] - correlations[1])
    pairs = [
        difference[np.ix_(places == first, places == second)].mean()
        for first in range(len(names))
        for second in range(first)
    ]
    return float(np.mean(pairs))


def _indicators(data: pd.Series, draws: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Returns the codes of a column of two frames, `[rows, codes]`."""
    if is_number(data):
        return data.rank().to_numpy()[:, None], draws.rank().to_numpy()[:, None]
    categories = np.array(sorted({*data, *draws}), object)
    first, second = (
        (each.to_numpy(object)[:, None] == categories).astype(np.float64) for each in (data, draws)
    )
    return first, second


def _correlations(codes: np.ndarray) -> np.ndarray:
    centred = codes - codes.mean(axis=0)
    norms = np.sqrt(np.square(centred).sum(axis=0))
    scaled = np.divide(centred, norms, out=np.zeros_like(centred), where=norms > 1e-9)
    return scaled.T @ scaled


def regression_error(train: pd.DataFrame, data: pd.DataFrame, draws: pd.DataFrame) -> float:
    """Returns the error, on data, of regressors that are trained on draws.

    Every target in turn is predicted from all other columns by a random forest. The error is the
    mean squared one relative to that of the training rows' mean, the mean over the targets.
    """
    ratios = []
    for name in targets(train):
        forest = RandomForestRegressor(TREES, min_samples_leaf=LEAF, random_state=0)
        forest.fit(*_regression(draws, name, train))
        features, wanted = _regression(data, name, train)
        simple = np.mean((wanted - train[name].mean()) ** 2)
        ratios.append(np.mean((wanted - forest.predict(features)) ** 2) / simple)
    return float(np.mean(ratios))


def targets(train: pd.DataFrame) -> list[str]:
    """Returns the columns that are predicted."""
    numbers = [name for name in train if is_number(train[name])]
    return [name for name in numbers if train[name].nunique() > LEAST_VALUES][:MOST_TARGETS]


def _regression(
    frame: pd.DataFrame, target: str, train: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the features `[N, coded]` and the target `[N]`."""
    blocks = []
    for name in train.columns.drop(target):
        if is_number(train[name]):
            blocks.append(frame[[name]].to_numpy(np.float64))
        else:
            categories = np.array(sorted(set(train[name])), object)
            blocks.append(frame[[name]].to_numpy(object) == categories)
    return np.concatenate(blocks, axis=1).astype(np.float64), frame[target].to_numpy(np.float64)


def imputation_error(
    train: pd.DataFrame, truth: pd.DataFrame, filled: pd.DataFrame, hidden: pd.DataFrame
) -> float:
    """Returns the error of imputed cells relative to that of the simplest imputation.

    The error of a column of numbers is the mean squared one, beside that of the training rows'
    mean; of words the share that is wrong, beside that of the most frequent one. The result is the
    mean of the ratios over the columns in which the simplest imputation errs.

    Args:
      train: The training rows.
      truth: The held-out rows.
      filled: The held-out rows with the imputed cells.
      hidden: Which of their cells had been made blank, truth values.
    """
    return float(np.mean(list(_ratios(train, truth, filled, hidden))))


def _ratios(
    train: pd.DataFrame, truth: pd.DataFrame, filled: pd.DataFrame, hidden: pd.DataFrame
) -> Iterator[float]:
    for name in truth:
        cells = hidden[name].to_numpy()
        wanted, guess = (each[name].to_numpy()[cells] for each in (truth, filled))
        if is_number(truth[name]):
            own, simple = (wanted - guess) ** 2, (wanted - train[name].mean()) ** 2
        else:
            own, simple = wanted != guess, wanted != train[name].mode()[0]
        if simple.any():
            yield float(own.mean() / simple.mean())


def area_under_curve(strangeness: np.ndarray, anomalous: np.ndarray) -> float:
    """Returns the probability that an anomaly is stranger than another row, a tie counting half."""
    return float(roc_auc_score(anomalous, strangeness))
