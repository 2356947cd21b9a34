"""The score of beta-VAE: which factor is fixed, from the latents' differences between rows."""

import numpy as np

_PAIRS_OF_A_VOTE = 64


def beta_vae_score(
    latents: np.ndarray, codes: np.ndarray, votes: int, generator: np.random.Generator
) -> float:
    """Returns the accuracy of a linear classifier of the factor that both rows of a pair share.

    A vote is the mean of abs(z1 - z2) over 64 pairs of rows, in which one factor is equal and all
    others are as they come. It is the input of the classifier, which is trained on other votes.

    Args:
      latents: The posterior means, `[N, L]`.
      codes: The factors of every row, whole numbers from 0, `[N, F]`.
      votes: The number of votes to train on, and that of votes to test on.
      generator: Draws the pairs.

    Source: Higgins et al. (2017), "beta-VAE: Learning basic visual concepts with a constrained
    variational framework".
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    fixed = generator.integers(codes.shape[1], size=2 * votes)
    first = generator.integers(len(codes), size=[2 * votes, _PAIRS_OF_A_VOTE])
    second = np.empty_like(first)
    for factor, column in enumerate(codes.T):
        own = fixed == factor
        second[own] = _rows_of_equal_value(column, first[own], generator)
    pairs = zip(first, second, strict=True)
    differences = np.stack([np.abs(latents[a] - latents[b]).mean(axis=0) for a, b in pairs])
    known = fixed[:votes]
    if (known == known[0]).all():
        # With one factor, or by chance with a few votes, there is nothing to tell apart.
        return float(np.mean(fixed[votes:] == known[0]))
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    classifier.fit(differences[:votes], known)
    return float(classifier.score(differences[votes:], fixed[votes:]))


def _rows_of_equal_value(
    column: np.ndarray, rows: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Returns a random row for every row, of the same value of a factor; it may be the same."""
    order = np.argsort(column, kind="stable")
    counts = np.bincount(column)
    begin = np.cumsum(counts) - counts
    values = column[rows]
    found: np.ndarray = order[begin[values] + generator.integers(counts[values])]
    return found
