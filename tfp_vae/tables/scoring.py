"""How probable the rows of a frame are, and which of their columns make them strange."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from tfp_vae import checks, evaluation, seeds
from tfp_vae.model import VAE
from tfp_vae.tables.frames import as_pandas
from tfp_vae.tables.models import rows_of, schema_of

_QUANTILES = np.linspace(0.0, 1.0, 101)


def score(
    vae: VAE, frame: Any, importance_sample_size: int = 500, seed: seeds.Seed = 0
) -> pd.Series:
    """Estimates log p(x) of every row of a frame; of a row with blanks, p of the other cells.

    Args:
      vae: A model that was made from a data frame.
      frame: A data frame with the columns of that one.
      importance_sample_size: The number of latents drawn for every row.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.

    Returns:
      A `pandas.Series` with the index of the frame, in nats. Densities are per unit of their
      columns, those of dates per day.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If the frame does not fit the model.

    Example:
      >>> table = tfp_vae.VAE.for_data(people, latent_size=2, verbose=0)
      >>> tables.score(table, people, importance_sample_size=10).shape
      (40,)

    Source: Burda et al. (2015), "Importance weighted autoencoders", equation 8.
    """
    table = as_pandas(frame)
    x = rows_of(vae, table)
    return pd.Series(_log_prob(vae, x, importance_sample_size, seed), table.index, name="nats")


def explain(
    vae: VAE, frame: Any, importance_sample_size: int = 500, seed: seeds.Seed = 0
) -> pd.DataFrame:
    """Says which columns make a row strange: log p of each cell given the other cells of its row.

    It is log p(row) less log p(row without the cell), of the same noise. The lowest number of a row
    is the cell that is the most surprising, given all others.

    Args:
      vae: A model that was made from a data frame.
      frame: A data frame with the columns of that one.
      importance_sample_size: The number of latents drawn for every row.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.

    Returns:
      A `pandas.DataFrame` with the index of the frame and its modelled columns, in nats, NaN where
      a cell is blank.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If the frame does not fit the model.

    Example:
      >>> table = tfp_vae.VAE.for_data(people, latent_size=2, verbose=0)
      >>> tables.explain(table, people[:2], importance_sample_size=10).columns.tolist()
      ['age', 'country', 'height']

    Source: Štrumbelj & Kononenko (2014), "Explaining prediction models and individual predictions
    with feature contributions", section 2, for leaving one column out.
    """
    schema = schema_of(vae)
    table = as_pandas(frame)
    x = rows_of(vae, table)
    key = seeds.as_seed(seed)
    whole = _log_prob(vae, x, importance_sample_size, key)
    found = np.full(x.shape, np.nan)
    for place in range(x.shape[1]):
        rows = np.flatnonzero(~np.isnan(x[:, place]))
        without = x.copy()
        without[:, place] = np.nan
        if len(rows):
            # All rows, so that each has the noise that it has in the whole.
            others = _log_prob(vae, without, importance_sample_size, key)
            found[rows, place] = (whole - others)[rows]
    return pd.DataFrame(found, index=table.index, columns=schema.names)


def score_quantiles(vae: VAE, x: Any, importance_sample_size: int = 500) -> list[float]:
    """Returns the 0 %, 1 %, ..., 100 % quantiles of log p(x) of rows `[N, D]`, in nats.

    `percentiles` compares scores with them, once they are in the schema of the model.

    Args:
      vae: A model that was made from a data frame.
      x: Rows, `[N, D]`, as its schema encodes them; those that the model was trained on.
      importance_sample_size: The number of latents drawn for every row.

    Returns:
      A list of 101 numbers.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If the rows do not fit the model.

    Example:
      >>> table = tfp_vae.VAE.for_data(people, latent_size=2, verbose=0)
      >>> len(tables.score_quantiles(table, table.schema.encode(people), 10))
      101
    """
    schema_of(vae)
    vae.check_rows(x)
    scores = _log_prob(vae, checks.array(x), importance_sample_size, 0)
    return [float(each) for each in np.quantile(scores, _QUANTILES)]


def percentiles(vae: VAE, scores: Any) -> np.ndarray:
    """Returns the percentage of the training rows whose score is below each of some scores.

    Args:
      vae: A model that was made from a data frame, and whose schema has `score_quantiles`.
      scores: What `score` returned, `[N]`.

    Returns:
      An array `[N]` of numbers from 0 to 100; 1 is as strange as the strangest hundredth.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If the schema has no quantiles.

    Example:
      >>> table = tfp_vae.VAE.for_data(people, latent_size=2, verbose=0)
      >>> quantiles = tables.score_quantiles(table, table.schema.encode(people), 10)
      >>> table.schema = tables.Schema(table.schema.columns, quantiles)
      >>> tables.percentiles(table, [quantiles[0], quantiles[50], 1e9]).round(1)
      array([  0.,  50., 100.])
    """
    quantiles = schema_of(vae).score_quantiles
    if quantiles is None:
        raise ValueError(
            "`vae` must have a schema with `score_quantiles`, those of its training rows; got None."
        )
    values = checks.array(scores, "scores")
    checks.finite(values, "scores")
    return np.asarray(np.interp(values, quantiles, 100.0 * _QUANTILES))


def _log_prob(vae: VAE, x: np.ndarray, draws: int, seed: seeds.Seed) -> np.ndarray:
    """Returns log p of the observed values of rows `[N, D]`, in nats, `[N]`."""
    scored = np.flatnonzero(~np.isnan(x).all(axis=1))
    # A row of blanks has probability 1.
    found = np.zeros(len(x))
    with warnings.catch_warnings():
        # The strangest rows have the fewest good latents.
        warnings.filterwarnings("ignore", ".*effective sample size", UserWarning)
        if len(scored) == len(x):
            return evaluation.log_marginal_likelihood(vae, x, draws, seed).estimate
        if len(scored):
            filled = np.where(np.isnan(x).all(axis=1)[:, None], x[scored[:1]], x)
            estimate = evaluation.log_marginal_likelihood(vae, filled, draws, seed).estimate
            found[scored] = estimate[scored]
    return found
