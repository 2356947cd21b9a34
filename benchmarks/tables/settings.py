"""How long a table may be trained and scored."""

from dataclasses import dataclass

_BATCH = 100
_PASSES = 2
"""The estimator trains on every row as it is, and once more with random blanks."""


@dataclass(frozen=True)
class Settings:
    """The budget of a table.

    Attributes:
      name: What it is called.
      steps: About how many training steps are taken, an epoch at least.
      rows: The most rows that are used for training, drawn at random; the schema is that of all.
      held_out: The most rows that are held out to be scored and imputed.
      draws: The importance samples of the score of a row.
      compiled: Whether functions are compiled, as they are for a user, or run eagerly.
      seconds: The most seconds of a table.
    """

    name: str
    steps: int
    rows: int
    held_out: int
    draws: int
    compiled: bool
    seconds: int

    def epochs(self, rows: int) -> int:
        """Returns the epochs that take about `steps` training steps on some rows."""
        steps_of_epoch = -(-_PASSES * rows // _BATCH)
        return max(1, self.steps // steps_of_epoch)


THOROUGH = Settings("thorough", 3000, 100_000, 500, 500, True, 300)
QUICK = Settings("quick", 20, 500, 50, 100, False, 300)
