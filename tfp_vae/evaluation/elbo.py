"""The evidence lower bound of a data set, with its standard error."""

import math
from typing import Any, NamedTuple

import numpy as np

from tfp_vae import checks, seeds
from tfp_vae.model import VAE


class ELBOSummary(NamedTuple):
    """Means over the rows of a data set, in nats.

    Attributes:
      elbo: The mean evidence lower bound; higher is better.
      log_likelihood: Its first term.
      kl_divergence: Its second term.
      standard_error: The standard error of `elbo`, from its spread over the rows.
      event_size: How many values a row has.

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
        """The negative bound in bits for every value of a row; lower is better."""
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
      batch_size: How many rows are scored at once.
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
    checks.instance_of(vae, VAE, "vae", "tfp_vae.VAE.for_data(x)")
    batch_size = checks.positive_int(batch_size, "batch_size")
    rows = checks.array(x)
    vae.check_rows(rows)
    vae.check_condition(condition, len(rows))
    y = None if condition is None else checks.array(condition, "condition")
    key = seeds.as_seed(seed)
    parts = []
    for start in range(0, len(rows), batch_size):
        own = slice(start, start + batch_size)
        given = None if y is None else y[own]
        parts.append(vae.elbo(rows[own], sample_size, seeds.fold_in(key, start), given))
    bound, log_likelihood, kl_divergence = (
        np.concatenate([part[term].numpy() for part in parts]).astype(np.float64)
        for term in range(3)
    )
    spread = bound.std(ddof=1) if len(bound) > 1 else math.nan
    return ELBOSummary(
        elbo=float(bound.mean()),
        log_likelihood=float(log_likelihood.mean()),
        kl_divergence=float(kl_divergence.mean()),
        standard_error=float(spread / math.sqrt(len(bound))),
        event_size=math.prod(vae.event_shape),
    )
