"""A warning of posterior collapse during training."""

import warnings
from collections.abc import Mapping
from typing import Any

import keras

from tfp_vae import checks, divergences

_MOST_ROWS = 1000


class PosteriorCollapseWarning(keras.callbacks.Callback):
    """Warns once when no latent is active, and says what to try.

    Args:
      x: Rows to check, `[N, *event]`, at least two; only the first 1,000 are used.
      every: The number of epochs between checks.
      start_from_epoch: The number of epochs to wait: at the beginning no latent is active.
      condition: y of the rows, `[N, ...]`, for a model of p(x|y).

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If there are fewer than two rows or a number is too small; in `fit`, if `x` does
        not fit the model.

    Warns:
      UserWarning: In `fit`, if the posterior has collapsed.

    Example:
      >>> x = np.array([[0, 1, 1], [1, 0, 1]])
      >>> collapse_warning = callbacks.PosteriorCollapseWarning(x, every=5)

    Source: Burda et al. (2015), "Importance weighted autoencoders", section 5 (active units).
    """

    state_names = ("collapsed_at",)

    def __init__(
        self, x: Any, every: int = 1, start_from_epoch: int = 5, condition: Any = None
    ) -> None:
        super().__init__()
        rows = checks.array(x)
        if rows.ndim < 1 or len(rows) < 2:
            raise ValueError(
                "`x` must hold at least two rows, whose posteriors can differ; got shape "
                f"{list(rows.shape)}."
            )
        self.rows = rows[:_MOST_ROWS]
        self.condition = None
        if condition is not None:
            given = checks.array(condition, "condition")
            if given.ndim < 1 or len(given) != len(rows):
                raise ValueError(
                    f"`condition` must have one row for each of {len(rows)} rows of `x`; got shape "
                    f"{list(given.shape)}."
                )
            self.condition = given[:_MOST_ROWS]
        self.every = checks.positive_int(every, "every")
        self.start_from_epoch = checks.finite_number(
            start_from_epoch, "start_from_epoch", minimum=0.0
        )
        self.collapsed_at: int | None = None

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Checks that the rows fit the model, and resets the warning."""
        del logs
        self.model.check_rows(self.rows)
        self.model.check_condition(self.condition, len(self.rows))
        self.collapsed_at = None

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Counts the active units, if a check is due."""
        del logs
        due = epoch >= self.start_from_epoch and (epoch + 1) % self.every == 0
        if self.collapsed_at is not None or not due:
            return
        means = self.model.posterior(self.rows, condition=self.condition).mean().numpy()
        if not divergences.active_units(means).any():
            self.collapsed_at = epoch + 1
            advice = divergences.POSTERIOR_COLLAPSE_ADVICE
            warnings.warn(f"After epoch {epoch + 1}: {advice}", stacklevel=2)
