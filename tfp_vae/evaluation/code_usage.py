"""Code usage: how many codes of a vector-quantized model are in use."""

from typing import Any, NamedTuple

import numpy as np

from tfp_vae import distributions, seeds
from tfp_vae.evaluation.row_batches import checked_rows, row_batches
from tfp_vae.evaluation.text_tables import table
from tfp_vae.model import VAE


class CodeUsage(NamedTuple):
    """How often each code of a codebook is used for a data set.

    Attributes:
      counts: How many rows have each code at each position, `[P, K]`.
      rows: The number of rows.

    Example:
      >>> vae = tfp_vae.VAE(
      ...     tfp_vae.Encoder(networks.mlp([8]), posteriors.VectorQuantized(16, 2, positions=2)),
      ...     tfp_vae.Decoder(networks.mlp([8]), likelihoods.Normal([3])),
      ...     prior=priors.VectorQuantized(16, positions=2),
      ... )
      >>> usage = evaluation.code_usage(vae, x)
      >>> usage.counts.shape, usage.rows, 0.0 < usage.share <= 1.0 <= usage.perplexity <= 16.0
      ((2, 16), 20, True)
      >>> usage.perplexity_per_position.shape
      (2,)
    """

    counts: np.ndarray
    rows: int

    @property
    def share(self) -> float:
        """The share of the codes that some row has at some position."""
        return float(np.mean(self.counts.sum(axis=0) > 0))

    @property
    def perplexity(self) -> float:
        """The exponential of the entropy of the codes of all positions together, from 1 to K."""
        return float(_perplexity(self.counts.sum(axis=0)))

    @property
    def perplexity_per_position(self) -> np.ndarray:
        """The exponential of the entropy of the codes at each position, `[P]`."""
        return _perplexity(self.counts)

    def __str__(self) -> str:
        positions, codes = self.counts.shape
        numbers = [
            ("codes in use", f"{round(self.share * codes)} of {codes}"),
            ("perplexity", f"{self.perplexity:.1f}"),
            ("least at a position", f"{self.perplexity_per_position.min():.1f}"),
        ]
        return f"Codes of {self.rows} rows at {positions} positions\n{table(numbers)}"


def code_usage(
    vae: VAE,
    x: Any,
    batch_size: int = 100,
    seed: seeds.Seed = 0,
    condition: Any = None,
) -> CodeUsage:
    """Counts the codes that the encoder gives to rows.

    Args:
      vae: A model with a `posteriors.VectorQuantized`.
      x: Data, `[N, *event]`, at least one row.
      batch_size: The number of rows at a time.
      seed: The seed of a preprocess layer that draws.
      condition: y, `[N, ...]`, for a model of p(x|y).

    Returns:
      A `CodeUsage`; print it.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` does not fit the model, `batch_size` is not positive, or the posterior has
        no codes.

    Example:
      >>> try:
      ...     evaluation.code_usage(vae, x)
      ... except ValueError as error:
      ...     print(str(error)[:52])
      `vae` must have a posteriors.VectorQuantized; got a
    """
    rows = checked_rows(vae, x, batch_size, condition)
    found = []
    for batch in row_batches(rows, batch_size, seeds.as_seed(seed), condition):
        preprocess_seed, _ = seeds.split(batch.seed, 2)
        posterior = vae.posterior(batch.x, preprocess_seed, batch.condition)
        if not isinstance(posterior, distributions.VectorQuantized):
            raise ValueError(
                "`vae` must have a posteriors.VectorQuantized; got a "
                f"{type(vae.encoder.posterior).__name__}, which has no codes."
            )
        found.append(posterior.codes.numpy())
    codes, size = np.concatenate(found), posterior.codebook.shape[0]
    counts = np.stack([np.bincount(each, minlength=size) for each in codes.T])
    return CodeUsage(counts, len(rows))


def _perplexity(counts: np.ndarray) -> np.ndarray:
    """Returns the perplexity of the shares along the last axis."""
    shares = counts / counts.sum(axis=-1, keepdims=True)
    logs = np.log(np.where(shares > 0.0, shares, 1.0))
    perplexity: np.ndarray = np.exp(-(shares * logs).sum(axis=-1))
    return perplexity
