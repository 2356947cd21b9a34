"""Posterior predictive check: a statistic of the data against data sets drawn from the model."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tfp_vae import checks, seeds
from tfp_vae.evaluation.row_batches import checked_rows, read_rows, row_batches
from tfp_vae.evaluation.text_tables import table, with_error
from tfp_vae.model import VAE


class PredictiveCheck(NamedTuple):
    """A statistic of the data and its distribution under the model.

    Attributes:
      observed: The statistic of the data.
      replicated: The statistic of every data set drawn from the model, `[R]`.

    Example:
      >>> check = evaluation.posterior_predictive_check(vae, x + 9.0, np.mean, replicates=20)
      >>> check.replicated.shape, round(check.p_value, 3), round(check.p_value_standard_error, 3)
      ((20,), 0.024, 0.034)
      >>> check.verdict
      'Misfit: the statistic is smaller under the model than in the data.'
    """

    observed: float
    replicated: np.ndarray

    @property
    def p_value(self) -> float:
        """The share of replicated statistics at least as large, the observed one included.

        Near 0 or 1 the model does not fit; a tie counts as half.
        """
        above = np.sum(self.replicated > self.observed)
        ties = np.sum(self.replicated == self.observed)
        return float((above + 0.5 * ties + 0.5) / (len(self.replicated) + 1))

    @property
    def p_value_standard_error(self) -> float:
        """The standard error of `p_value`, from the number of replicated data sets."""
        return math.sqrt(self.p_value * (1.0 - self.p_value) / len(self.replicated))

    @property
    def verdict(self) -> str:
        """Whether the statistic of the data is in the central 95 % of the replicated ones."""
        extreme = min(self.p_value, 1.0 - self.p_value)
        if extreme > 0.025:
            return "No misfit found in this statistic."
        side = "smaller" if self.p_value < 0.5 else "larger"
        return f"Misfit: the statistic is {side} under the model than in the data."

    def __str__(self) -> str:
        low, median, high = np.quantile(self.replicated, [0.025, 0.5, 0.975])
        rows = [
            ["statistic of the data", f"{self.observed:.4g}"],
            [f"median of {len(self.replicated)} replicated data sets", f"{median:.4g}"],
            ["  central 95 %", f"{low:.4g} to {high:.4g}"],
            ["p-value", with_error(self.p_value, self.p_value_standard_error)],
        ]
        return "\n\n".join([table(rows), self.verdict])


def posterior_predictive_check(
    vae: VAE,
    x: Any,
    statistic: Callable[[np.ndarray], Any],
    replicates: int = 200,
    seed: seeds.Seed = 0,
    batch_size: int = 500,
    condition: Any = None,
) -> PredictiveCheck:
    """Compares a statistic of the data with its distribution over data sets of the model.

    Every replicated data set has as many rows as the data, with z drawn from the prior and x from
    p(x|z) at the trained weights. On the training data the p-value is biased towards one half;
    held-out data are a sharper test.

    Args:
      vae: The model.
      x: Data, `[N, *event]`, without missing values.
      statistic: A function of a whole data set, a NumPy array `[N, *event]` after the preprocess
        layer, that returns a number, such as `lambda x: x.sum(axis=1).std()`.
      replicates: The number of data sets drawn.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.
      batch_size: The number of rows preprocessed at once.
      condition: y, `[N, ...]`, for a model of p(x|y); every replicated row has the same y.

    Returns:
      A `PredictiveCheck`; print it.

    Raises:
      TypeError: If an argument is of the wrong kind, or `statistic` returns no number.
      ValueError: If `x` does not fit the model or has missing values, `replicates` is not positive,
        or a statistic is not finite.

    Example:
      >>> check = evaluation.posterior_predictive_check(vae, x, np.mean, replicates=20)
      >>> check.replicated.shape
      (20,)

    Source: Gelman et al. (1996), "Posterior predictive assessment of model fitness via realized
    discrepancies", section 2.
    """
    if not callable(statistic):
        raise TypeError(
            "`statistic` must be a function of a data set, such as np.mean; got a "
            f"{type(statistic).__name__}."
        )
    count = checks.positive_int(replicates, "replicates")
    rows = read_rows(checked_rows(vae, x, batch_size, condition))
    if vae.missing is not None and not vae.missing.observed_in(rows).all():
        raise ValueError(
            "`x` must have no missing values, since replicated data sets have none; got missing "
            "values: impute them, or check the complete rows alone."
        )
    key = seeds.as_seed(seed)
    data_seed, draw_seed = seeds.split(key, 2)
    prepared = np.concatenate(
        [
            vae.prepared(batch.x, batch.seed).numpy()
            for batch in row_batches(rows, batch_size, data_seed, None)
        ]
    )
    observed = _number(statistic(prepared))
    replicated = [
        _number(
            statistic(
                vae.sample(len(rows), seeds.fold_in(draw_seed, index), condition=condition).numpy()
            )
        )
        for index in range(count)
    ]
    return PredictiveCheck(observed, np.array(replicated))


def _number(value: object) -> float:
    found = np.asarray(value)
    if found.shape != () or not (
        np.issubdtype(found.dtype, np.floating) or np.issubdtype(found.dtype, np.integer)
    ):
        raise TypeError(
            "`statistic` must return one real number for a data set; got a "
            f"{type(value).__name__} of shape {list(found.shape)}."
        )
    if not np.isfinite(found):
        raise ValueError(f"`statistic` must return a finite number; got {found}.")
    return float(found)
