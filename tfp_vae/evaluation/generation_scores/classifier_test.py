"""Classifier two-sample test: whether a classifier tells draws from data."""

import math
from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn.ensemble import RandomForestClassifier


class ClassifierTest(NamedTuple):
    """The accuracy of a classifier on rows and draws that it was not trained on.

    Attributes:
      accuracy: The share of them that it tells right; 0.5 is chance.
      standard_error: The standard error of `accuracy` for a trained classifier.
      p_value: The probability of as high an accuracy if the two distributions are equal.
    """

    accuracy: float
    standard_error: float
    p_value: float


def classifier_test(
    x: np.ndarray, draws: np.ndarray, generator: np.random.Generator
) -> ClassifierTest:
    """Trains a random forest to tell draws from rows, and tests it on the other half of both.

    As many rows as draws are taken, the surplus of either is left out. If the distributions are
    equal, which of the held-out points are draws is independent of the classifier's answers, so
    that the number of draws among those that it calls draws is hypergeometric: the p-value is that
    of Fisher's exact test, for any sample size.

    Args:
      x: Features of rows, `[N, D]`, at least four.
      draws: Features of draws, `[M, D]`, at least four.
      generator: Splits the rows, and seeds the classifier.

    Source: Lopez-Paz & Oquab (2017), "Revisiting classifier two-sample tests".
    """
    count = min(len(x), len(draws))
    trained = count // 2
    samples = [each[generator.permutation(len(each))[:count]] for each in (x, draws)]
    forest = RandomForestClassifier(random_state=int(generator.integers(2**31)))
    forest.fit(
        np.concatenate([each[:trained] for each in samples]), np.repeat([False, True], trained)
    )
    called_x, called_draws = (int(forest.predict(each[trained:]).sum()) for each in samples)
    tested = count - trained
    accuracy = (called_draws + tested - called_x) / (2 * tested)
    return ClassifierTest(
        accuracy=accuracy,
        standard_error=math.sqrt(accuracy * (1.0 - accuracy) / (2 * tested)),
        p_value=float(
            stats.hypergeom.sf(called_draws - 1, 2 * tested, tested, called_x + called_draws)
        ),
    )
