"""Training for a number of epochs, or until the ELBO of held-out rows has converged."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from tfp_vae import callbacks, checks, datasets

_MOST_EPOCHS = 10**6
"""Training converges before."""


class Training(NamedTuple):
    """How a model is trained.

    Attributes:
      rows: The rows of an epoch, `[N, columns]`.
      epochs: The most epochs.
      held_out: The rows to validate on, `[M, columns]`, or None.
      callbacks: What ends training before.
      passes: How often every row stands in `rows`.
    """

    rows: np.ndarray
    epochs: int
    held_out: np.ndarray | None = None
    callbacks: Sequence[keras.callbacks.Callback] = ()
    passes: int = 1


def until_convergence(
    rows: np.ndarray, batch_size: int, validation_fraction: Any, tol: Any, seed: int
) -> Training:
    """Holds out a part of the rows, and trains on the others until convergence.

    Args:
      rows: The data, `[N, columns]`.
      batch_size: The number of rows in a training step.
      validation_fraction: The fraction of the rows to hold out, in (0, 1).
      tol: The smallest rise that counts, as a share of the rise so far.
      seed: The seed of the choice.

    Raises:
      TypeError: If an argument is no number.
      ValueError: If one has a wrong value, or there are no rows to train on.
    """
    fraction = checks.finite_number(
        validation_fraction, "validation_fraction", minimum=0.0, exclusive=True
    )
    if fraction >= 1.0:
        raise ValueError(f"`validation_fraction` must be below 1; got {fraction:g}.")
    convergence = callbacks.Convergence(tolerance=checks.finite_number(tol, "tol", minimum=0.0))
    held_out = max(1, round(fraction * len(rows)))
    if held_out >= len(rows):
        raise ValueError(
            "`X` must have rows to train on beside those held out; got "
            f"n_samples={len(rows)} and `validation_fraction`={fraction:g}. Set `epochs`."
        )
    order = np.random.default_rng(seed).permutation(len(rows))
    train = rows[order[held_out:]]
    repeated = datasets.repeated(train, batch_size)
    passes = len(repeated) // len(train)
    return Training(repeated, _MOST_EPOCHS, rows[order[:held_out]], [convergence], passes)
