"""Halves of the rows, one to train a classifier on and one to test it."""

from typing import NamedTuple

import numpy as np


class Halves(NamedTuple):
    """The row indices of both halves.

    Attributes:
      train: Rows of every value of the factor.
      test: As many of each value, or one less.
    """

    train: np.ndarray
    test: np.ndarray


def stratified_halves(column: np.ndarray, generator: np.random.Generator) -> Halves:
    """Splits the rows of every value of a factor at random into two halves.

    Args:
      column: A factor, whole numbers from 0, `[N]`, with fewer values than rows.
      generator: Draws the order of the rows.
    """
    order = np.lexsort([generator.random(len(column)), column])
    counts = np.bincount(column)
    place = np.arange(len(column)) - np.repeat(np.cumsum(counts) - counts, counts)
    return Halves(train=order[place % 2 == 0], test=order[place % 2 == 1])
