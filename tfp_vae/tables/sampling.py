"""Draws from a model of a table, as frames: of whole rows, or given some of the columns."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

from tfp_vae import checks, seeds
from tfp_vae.model import VAE
from tfp_vae.tables.models import schema_of
from tfp_vae.tables.schema import Schema

_ROWS_AT_ONCE = 10_000
_FEWEST = 30.0


def sample(
    vae: VAE,
    sample_size: int,
    given: Mapping[Any, Any] | None = None,
    seed: seeds.Seed = None,
    importance_sample_size: int = 10_000,
) -> pd.DataFrame:
    """Draws rows from a model of a table, with the columns, dtypes and units of the table.

    With `given`, rows are drawn from p(other columns | given ones) by importance resampling: half
    of the proposals come from the posterior of a row of which only the given columns are known,
    half from the prior; each is weighted by p(given columns|z).

    Args:
      vae: A model that was made from a data frame.
      sample_size: The number of rows.
      given: The values of some columns, by name, such as {"country": "FR"}.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.
      importance_sample_size: The number of latents drawn for `given`.

    Returns:
      A `pandas.DataFrame` of `sample_size` rows, without the columns that name a row.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If a size is not positive, the model has no schema, or `given` names a column that
        is not there or a value that does not belong to it.

    Warns:
      UserWarning: If fewer than about 30 of the latents fit what is given, so that rows repeat.

    Example:
      >>> table = tfp_vae.VAE.for_data(people, latent_size=2, verbose=0)
      >>> tables.sample(table, 3, given={"country": "FR"}, seed=0)["country"].tolist()
      ['FR', 'FR', 'FR']

    Source: Rubin (1988), "Using the SIR algorithm to simulate posterior distributions"; Owen & Zhou
    (2000), "Safe and effective importance sampling", for the prior among the proposals.
    """
    schema = schema_of(vae)
    count = checks.positive_int(sample_size, "sample_size")
    proposals = checks.positive_int(importance_sample_size, "importance_sample_size")
    key = seeds.as_seed(seed)
    if given is None or (isinstance(given, Mapping) and not given):
        blocks = [
            vae.sample(min(_ROWS_AT_ONCE, count - start), seed=seeds.fold_in(key, start)).numpy()
            for start in range(0, count, _ROWS_AT_ONCE)
        ]
        return schema.decode(np.concatenate(blocks))
    row = _known_row(schema, given)
    latent_seed, choice_seed, value_seed = seeds.split(key, 3)
    z, log_weights = _weighted_latents(vae, row, proposals, latent_seed)
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    effective = 1.0 / float(np.sum(weights**2))
    if effective < min(_FEWEST, proposals):
        warnings.warn(
            f"What is given fits about {effective:.0f} of the {proposals:,} latents drawn, so that "
            "rows repeat: raise `importance_sample_size`, or give less.",
            stacklevel=2,
        )
    generator = np.random.default_rng(np.asarray(choice_seed).astype(np.uint32))
    chosen = generator.choice(len(z), size=count, p=weights)
    decoded = vae.decoded(tf.convert_to_tensor(z[chosen]))
    values = decoded.sample(seed=value_seed).numpy().astype(np.float64)
    known = ~np.isnan(row)
    values[:, known] = row[known]
    return schema.decode(values)


def _known_row(schema: Schema, given: Mapping[Any, Any]) -> np.ndarray:
    """Returns a row of floats, `[D]`, NaN for what is not given."""
    if not isinstance(given, Mapping):
        raise TypeError(
            '`given` must be a dict from names of columns to values, such as {"country": "FR"}; '
            f"got a {type(given).__name__}."
        )
    row = np.full(len(schema.modelled), np.nan)
    for name, value in given.items():
        place = schema.index(name, "given")
        row[place] = schema.modelled[place].encode(pd.Series([value]), "given")[0]
    return row


def _weighted_latents(
    vae: VAE, row: np.ndarray, count: int, seed: tf.Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """Returns latents `[count, L]` and their log-weights `[count]`, of posterior and prior."""
    batch = vae.distributions(row[None])
    half = -(-count // 2)
    posterior_seed, prior_seed = seeds.split(seed, 2)
    z = tf.concat(
        [
            batch.posterior.sample(half, seed=posterior_seed),
            batch.prior.sample(half, seed=prior_seed)[:, None],
        ],
        axis=0,
    )[:, :, :]
    log_prior = batch.prior.log_prob(z)
    mixture = tf.reduce_logsumexp(tf.stack([batch.posterior.log_prob(z), log_prior]), axis=0)
    log_weights = batch.likelihood_fn(z).log_prob(batch.x) + log_prior - mixture
    return z[:, 0].numpy(), log_weights[:, 0].numpy().astype(np.float64)
