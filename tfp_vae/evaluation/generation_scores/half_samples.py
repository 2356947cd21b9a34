"""Standard errors by half-samples, for statistics of nearest neighbours.

A bootstrap sample has rows twice, whose nearest neighbours are at distance 0. The two halves of a
sample have none, and are independent of each other.
"""

import numpy as np

SPLITS = 20


def half_samples(count: int, generator: np.random.Generator) -> np.ndarray:
    """Returns random halves of `count` rows, each followed by the other half, `[2 SPLITS, count]`.

    Args:
      count: The number of rows, at least two.
      generator: Draws the halves.
    """
    places = np.stack([generator.permutation(count) for _ in range(SPLITS)])
    first = places < count // 2
    halves: np.ndarray = np.stack([first, ~first], axis=1).reshape(2 * SPLITS, count)
    return halves


def half_sample_standard_error(values: np.ndarray) -> float:
    """Returns the standard error of a statistic of a sample, given those of its half-samples.

    Its variance in a half is twice that in the sample, and the difference of two halves has twice
    that again.

    Args:
      values: The statistic of every half-sample, `[2 SPLITS]`.

    Source: McCarthy (1969), "Pseudo-replication: half samples".
    """
    difference = values[::2] - values[1::2]
    return float(np.sqrt(np.mean(difference**2) / 4.0))
