"""Explicitness: whether a linear classifier of all latents finds the value of a factor."""

import numpy as np

from tfp_vae.evaluation.disentanglement_scores.stratified_halves import stratified_halves


def explicitness(latents: np.ndarray, codes: np.ndarray, generator: np.random.Generator) -> float:
    """Returns the mean area under the ROC curve of a logistic regression for every value.

    The mean is that over the values of a factor, each against all others, and then over the
    factors; half of the rows are trained on, the areas are of the others. A value of which these
    have no row, or nothing else, has no area; without any area the mean is NaN.

    Args:
      latents: The posterior means, `[N, L]`.
      codes: The factors of every row, whole numbers from 0, `[N, F]`.
      generator: Draws the halves.

    Source: Ridgeway & Mozer (2018), "Learning deep disentangled embeddings with the F-statistic
    loss".
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.preprocessing import StandardScaler

    means = []
    for column in codes.T:
        train, test = stratified_halves(column, generator)
        scaler = StandardScaler().fit(latents[train])
        known, held_out = scaler.transform(latents[train]), scaler.transform(latents[test])
        tested, counts = np.unique(column[test], return_counts=True)
        areas = []
        for value in tested[counts < len(test)]:
            classifier = LogisticRegression(solver="newton-cholesky")
            classifier.fit(known, column[train] == value)
            evidence = classifier.decision_function(held_out)
            areas.append(roc_auc_score(column[test] == value, evidence))
        if areas:
            means.append(np.mean(areas))
    return float(np.mean(means)) if means else float("nan")
