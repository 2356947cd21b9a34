"""What every method is given of a table: training rows, rows with blanks, and rows to score."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.peers.table_protocol import Task
from benchmarks.table_peers.choice import is_number
from benchmarks.tables import preparation

MOST_HELD_OUT = 500


class Trial(NamedTuple):
    """A table, prepared.

    Attributes:
      task: What a method is given.
      held_out: The held-out rows as they are.
      hidden: Which of their cells are blank in `task.blanked`, a frame of truth values.
      anomalous: Which rows of `task.scored` are anomalies, `[N]`.
    """

    task: Task
    held_out: pd.DataFrame
    hidden: pd.DataFrame
    anomalous: np.ndarray


def trial(table: pd.DataFrame) -> Trial:
    """Divides a table: a fifth of the rows is held out, at most 500.

    Held-out rows with a word that no training row has are left out. A fifth of the others' cells
    become blank. The rows to score are the held-out rows, and as many anomalies after them.
    """
    train, held_out = preparation.divided(table, len(table), MOST_HELD_OUT)
    known = np.ones(len(held_out), bool)
    for name in table:
        if not is_number(table[name]):
            known &= held_out[name].isin(set(train[name])).to_numpy()
    train, held_out = train.reset_index(drop=True), held_out[known].reset_index(drop=True)
    blanked, hidden = preparation.with_blanks(held_out, list(table))
    scored = pd.concat([held_out, anomalies(train, len(held_out))], ignore_index=True)
    anomalous = np.arange(len(scored)) >= len(held_out)
    return Trial(Task(train, blanked, scored), held_out, hidden, anomalous)


def anomalies(train: pd.DataFrame, count: int, seed: int = 0) -> pd.DataFrame:
    """Returns rows of which every cell is drawn from its column independently of the others."""
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {name: train[name].to_numpy()[generator.integers(len(train), size=count)] for name in train}
    )
