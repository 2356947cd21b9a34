"""The rows of a table to train on and to hold out, and cells made blank at random."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

BLANKED = 0.2
"""The share of the cells that are made blank."""

_HELD_OUT = 0.2


class Parts(NamedTuple):
    """The rows of a table.

    Attributes:
      train: The rows to train on.
      held_out: Those held out.
    """

    train: pd.DataFrame
    held_out: pd.DataFrame


def divided(frame: pd.DataFrame, most_train: int, most_held_out: int, seed: int = 0) -> Parts:
    """Divides rows at random: a fifth is held out, at most so many; the others are to train on."""
    order = np.random.default_rng(seed).permutation(len(frame))
    held_out = min(round(_HELD_OUT * len(frame)), most_held_out)
    return Parts(
        frame.iloc[np.sort(order[held_out : held_out + most_train])],
        frame.iloc[np.sort(order[:held_out])],
    )


def with_blanks(
    frame: pd.DataFrame, names: list[Any], seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Makes a fifth of the cells blank, of the columns named.

    Returns:
      The frame with the blanks, and a frame of truth values, True for the cells that had a value.
    """
    generator = np.random.default_rng(seed)
    blanked = frame.copy()
    hidden = pd.DataFrame(False, index=frame.index, columns=frame.columns)
    for name in names:
        chosen = generator.random(len(frame)) < BLANKED
        hidden[name] = chosen & frame[name].notna().to_numpy()
        blanked[name] = frame[name].mask(chosen)
    return blanked, hidden


def taken(frame: pd.DataFrame, take: Callable[[pd.DataFrame], Any]) -> np.ndarray:
    """Returns which rows a function takes, `[N]`; it raises a ValueError at the others."""
    try:
        take(frame)
    except ValueError:
        if len(frame) <= 1:
            return np.zeros(len(frame), bool)
        middle = len(frame) // 2
        return np.concatenate([taken(frame.iloc[:middle], take), taken(frame.iloc[middle:], take)])
    return np.ones(len(frame), bool)
