"""Comparison of several models on the same rows, by paired standard errors."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tfp_vae import checks, seeds
from tfp_vae.evaluation.row_batches import checked_rows, row_batches
from tfp_vae.evaluation.text_tables import table, with_error
from tfp_vae.model import VAE

ERRORS_OF_A_DIFFERENCE = 3.0
"""A smaller difference, in standard errors, is not significant."""


class Comparison(NamedTuple):
    """ELBOs of M models on the same rows, in nats, the best first.

    Attributes:
      names: The names of the models.
      elbo: The mean evidence lower bound of every model, `[M]`.
      standard_error: Its standard error from the spread over the rows, `[M]`.
      difference: The mean of every model's ELBO minus that of the best, `[M]`.
      difference_standard_error: The standard error of that from the differences row by row, `[M]`.

    Example:
      >>> compared = evaluation.compare({"one": vae, "the same": vae}, x)
      >>> compared.difference, compared.differs
      (array([0., 0.]), array([False, False]))
    """

    names: tuple[str, ...]
    elbo: np.ndarray
    standard_error: np.ndarray
    difference: np.ndarray
    difference_standard_error: np.ndarray

    @property
    def differs(self) -> np.ndarray:
        """Whether a model differs from the best by more than three standard errors, `[M]`."""
        limit = ERRORS_OF_A_DIFFERENCE * self.difference_standard_error
        differs: np.ndarray = np.abs(self.difference) > limit
        return differs

    def __str__(self) -> str:
        rows = [["model", "ELBO (nats)", "difference from the best", ""]]
        for index, name in enumerate(self.names):
            own = with_error(float(self.elbo[index]), float(self.standard_error[index]))
            paired = with_error(
                float(self.difference[index]), float(self.difference_standard_error[index])
            )
            finding = "worse" if self.differs[index] else "not significant"
            rows.append([name, own, paired, finding] if index else [name, own, "", "best"])
        return table(rows)


def compare(
    models: Mapping[str, VAE],
    x: Any,
    sample_size: int = 1,
    seed: seeds.Seed = 0,
    batch_size: int = 500,
) -> Comparison:
    """Compares the evidence lower bounds of several models on the same rows.

    The likelihoods of all models must be densities, or all probabilities: their nats are not
    comparable otherwise.

    Args:
      models: Two models or more, by their names.
      x: Data, `[N, *event]`, at least two rows.
      sample_size: The number of draws from the posterior for every row.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed; the same for all models.
      batch_size: The number of rows scored at once.

    Returns:
      A `Comparison`, in nats, the best model first; print it.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If there are fewer than two models or rows, or `x` does not fit a model.

    Example:
      >>> models = {"one": tfp_vae.VAE.for_data(x, latent_size=1), "two": vae}
      >>> evaluation.compare(models, x).elbo.shape
      (2,)
    """
    checks.instance_of(models, Mapping, "models", "{'small': vae, 'large': other_vae}")
    if len(models) < 2:
        raise ValueError(f"`models` must hold two models or more; got {len(models)}.")
    sample_size = checks.positive_int(sample_size, "sample_size")
    key = seeds.as_seed(seed)
    bounds = []
    for vae in models.values():
        rows = checked_rows(vae, x, batch_size, None)
        if len(rows) < 2:
            raise ValueError("`x` must hold at least two rows, for a standard error; got one.")
        parts = [
            vae.elbo(batch.x, sample_size, batch.seed).elbo.numpy()
            for batch in row_batches(rows, batch_size, key, None)
        ]
        bounds.append(np.concatenate(parts).astype(np.float64))
    bound = np.stack(bounds)
    order = np.argsort(-bound.mean(axis=1), kind="stable")
    bound = bound[order]
    difference = bound - bound[0]
    scale = math.sqrt(bound.shape[1])
    return Comparison(
        names=tuple(np.array(list(models))[order].tolist()),
        elbo=bound.mean(axis=1),
        standard_error=bound.std(axis=1, ddof=1) / scale,
        difference=difference.mean(axis=1),
        difference_standard_error=difference.std(axis=1, ddof=1) / scale,
    )
