"""Records of scores, and their standard errors."""

from typing import NamedTuple

import numpy as np

_ERRORS_OF_A_VERDICT = 3.0


class GenerationScore(NamedTuple):
    """A score of draws.

    Attributes:
      value: The score.
      standard_error: Its standard error, for other rows and draws.
      expected: The score to expect of equal distributions: that of rows and draws pooled and
        shuffled.

    Example:
      >>> evaluation.generation(vae, x).classifier_accuracy.expected
      0.5
    """

    value: float
    standard_error: float
    expected: float


class DataCopying(NamedTuple):
    """Whether draws are nearer to the training rows than held-out rows are.

    Attributes:
      share_closer: The share of pairs of a draw and a held-out row in which the draw is closer to
        its nearest training row, a tie counting as half: 1 if draws are copies.
      p_value: The probability of as large a share for draws from the distribution of the data.
      closest_draws: The draws closest to a training row, the closest first, `[C, *event]`.
      nearest_training_rows: The training row nearest to each of these, `[C, *event]`.
      nearest_training_places: Its index in the training data, `[C]`.
      closest_distances: The distance of the two, in units of the features, `[C]`.

    Example:
      >>> copying = evaluation.generation(vae, x, training_data=x[:10]).copying
      >>> copying.closest_draws.shape, copying.nearest_training_rows.shape
      ((10, 3), (10, 3))
      >>> copying.verdict.split(":")[0]
      'No sign of copies'
    """

    share_closer: GenerationScore
    p_value: float
    closest_draws: np.ndarray
    nearest_training_rows: np.ndarray
    nearest_training_places: np.ndarray
    closest_distances: np.ndarray

    @property
    def verdict(self) -> str:
        """Whether `share_closer` differs from 0.5 by more than three standard errors."""
        excess = self.share_closer.value - self.share_closer.expected
        if not abs(excess) > _ERRORS_OF_A_VERDICT * self.share_closer.standard_error:
            return "No sign of copies: held-out rows are as close to the training rows as draws."
        if excess < 0.0:
            return "No sign of copies: held-out rows are closer to the training rows than draws."
        return (
            "Draws are closer to the training rows than held-out rows: compare "
            "`copying.closest_draws` with `copying.nearest_training_rows`."
        )
