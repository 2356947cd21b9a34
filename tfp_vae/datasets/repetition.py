"""Repeats small data, so that an epoch has enough steps."""

from typing import Any

import numpy as np

from tfp_vae import checks, shapes

_FEWEST_STEPS = 10


def repeated(x: Any, batch_size: int = 100, steps: int = _FEWEST_STEPS) -> np.ndarray:
    """Returns the rows as often as an epoch of at least `steps` full batches needs.

    What happens between epochs, such as a validation, takes longer than a step of a small model. If
    an epoch of small data is several passes over it, training takes a fraction of the time.

    Args:
      x: Data, `[N, ...]`.
      batch_size: The number of rows in a batch.
      steps: The smallest number of full batches.

    Returns:
      An array `[N * passes, ...]`; large data is returned as it is.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If there are no rows, or a number is not positive.

    Example:
      >>> datasets.repeated(np.zeros([150, 4])).shape
      (1050, 4)
    """
    rows = checks.array(x)
    size = checks.positive_int(batch_size, "batch_size")
    wanted = size * checks.positive_int(steps, "steps")
    if rows.ndim < 1 or not len(rows):
        raise ValueError("`x` must hold at least one row; got none.")
    passes = -(-wanted // len(rows))
    if passes > 1 and passes * rows.size > shapes.LARGEST_SIZE:
        raise ValueError(
            f"`x` must have at most {shapes.LARGEST_SIZE} values in an epoch of {steps} batches of "
            f"{size} rows; got {passes * rows.size}."
        )
    return rows if passes == 1 else np.concatenate([rows] * passes)
