"""The evidence lower bound of a data set, with its standard error."""

import math
from typing import Any, NamedTuple

import numpy as np

from tfp_vae import seeds
from tfp_vae.evaluation.row_batches import checked_rows, row_batches
from tfp_vae.evaluation.text_tables import standard_error
from tfp_vae.model import VAE


class ELBOSummary(NamedTuple):
    """Means over the rows of a data set, in nats.

    Attributes:
      elbo: The mean evidence lower bound; higher is better.
      log_likelihood: Its first term.
      kl_divergence: Its second term.
      standard_error: The standard error of `elbo`, from the spread over the rows.
      event_size: The number of values in a row.

    Example:
      >>> summary = evaluation.elbo(vae, x)
      >>> summary.event_size
      3
      >>> bool(np.isclose(summary.bits_per_dimension, -summary.elbo / 3 / np.log(2.0)))
      True
    """

    elbo: float
    log_likelihood: float
    kl_divergence: float
    standard_error: float
    event_size: int

    @property
    def bits_per_dimension(self) -> float:
        """The negative bound in bits per value of a row; lower is better."""
        return -self.elbo / self.event_size / math.log(2.0)


def elbo(
    vae: VAE,
    x: Any,
    sample_size: int = 1,
    seed: seeds.Seed = 0,
    batch_size: int = 500,
    condition: Any = None,
) -> ELBOSummary:
    """Computes the mean evidence lower bound of a data set.

    Args:
      vae: The model.
      x: Data, `[N, *event]`.
      sample_size: The number of draws from the posterior for every row.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.
      batch_size: The number of rows scored at once.
      condition: y, `[N, ...]`, for a model of p(x|y).

    Returns:
      An `ELBOSummary`, in nats.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` does not fit the model, or a size is not positive.

    Example:
      >>> summary = evaluation.elbo(vae, x, sample_size=10)
      >>> bool(np.isclose(summary.elbo, summary.log_likelihood - summary.kl_divergence, rtol=1e-4))
      True

    Source: Kingma & Welling (2013), equation 3.
    """
    rows = checked_rows(vae, x, batch_size, condition)
    parts = [
        vae.elbo(batch.x, sample_size, batch.seed, batch.condition)
        for batch in row_batches(rows, batch_size, seeds.as_seed(seed), condition)
    ]
    bound, log_likelihood, kl_divergence = (
        np.concatenate([part[term].numpy() for part in parts]).astype(np.float64)
        for term in range(3)
    )
    return ELBOSummary(
        elbo=float(bound.mean()),
        log_likelihood=float(log_likelihood.mean()),
        kl_divergence=float(kl_divergence.mean()),
        standard_error=standard_error(bound),
        event_size=math.prod(vae.event_shape),
    )
