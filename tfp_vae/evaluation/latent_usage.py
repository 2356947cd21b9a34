"""Latent usage: the KL divergence and activity of every latent, and mutual information."""

import math
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, divergences, seeds
from tfp_vae.evaluation.row_batches import checked_rows, row_batches
from tfp_vae.evaluation.text_tables import standard_error, table, with_error
from tfp_vae.model import VAE

_DRAWS_AT_ONCE = 100


class LatentUsage(NamedTuple):
    """The information in the latents about a data set, in nats.

    Attributes:
      kl_per_dimension: The mean over the rows of the KL of every latent, `[L]`; NaN where the prior
        does not factorise over the latents.
      kl_standard_error: Its standard error, `[L]`.
      variance_of_means: The variance over the rows of the posterior's mean of every latent, `[L]`.
      mutual_information: An estimate of the mutual information of a row and its latents. It is at
        most the logarithm of the number of rows, and in expectation at most the mutual information
        under the data distribution.
      mutual_information_standard_error: Its standard error.
      mutual_information_upper: The same with every row left out of its own aggregate: in
        expectation at least the mutual information under the data distribution.
      aggregate_kl: An estimate of the KL of the aggregate posterior, the mean of q(z|x) over the
        rows, from the prior. With the mutual information it sums to the mean KL, up to the errors
        of both.
      aggregate_kl_standard_error: Its standard error.
      rows: The number of rows.

    Example:
      >>> usage = evaluation.latent_usage(vae, x)
      >>> usage.kl_per_dimension.shape, usage.active.shape
      ((2,), (2,))
      >>> usage.collapsed == (usage.active_units == 0), "ollapse" in usage.verdict
      (True, True)
    """

    kl_per_dimension: np.ndarray
    kl_standard_error: np.ndarray
    variance_of_means: np.ndarray
    mutual_information: float
    mutual_information_standard_error: float
    mutual_information_upper: float
    aggregate_kl: float
    aggregate_kl_standard_error: float
    rows: int

    @property
    def active(self) -> np.ndarray:
        """Whether the variance of the mean of a latent is above 0.01, `[L]`."""
        return self.variance_of_means > divergences.ACTIVE_UNIT_VARIANCE

    @property
    def active_units(self) -> int:
        """The number of active latents."""
        return int(self.active.sum())

    @property
    def collapsed(self) -> bool:
        """Whether no latent is active, so that the posterior is the same for every row."""
        return self.active_units == 0

    @property
    def verdict(self) -> str:
        """Whether the posterior has collapsed, and what to try."""
        latents = len(self.variance_of_means)
        if self.collapsed:
            return divergences.POSTERIOR_COLLAPSE_ADVICE
        if self.active_units < latents:
            return (
                f"No collapse: {self.active_units} of {latents} latents are active. The others "
                "carry no information: use fewer latents, or try KL warm-up."
            )
        return f"No collapse: all {latents} latents are active. More latents may raise the ELBO."

    def __str__(self) -> str:
        kl = zip(self.kl_per_dimension, self.kl_standard_error, strict=True)
        latents = [["latent", "KL (nats)", "variance of mean", "active"]] + [
            [str(latent), with_error(value, error), f"{variance:.4f}", "yes" if active else "no"]
            for latent, ((value, error), variance, active) in enumerate(
                zip(kl, self.variance_of_means, self.active, strict=True)
            )
        ]
        information = with_error(self.mutual_information, self.mutual_information_standard_error)
        totals = [
            ["", "nats"],
            ["mutual information", information],
            ["  upper bound in expectation", f"{self.mutual_information_upper:.3f}"],
            ["  limit: log of the number of rows", f"{math.log(self.rows):.3f}"],
            [
                "KL of aggregate posterior",
                with_error(self.aggregate_kl, self.aggregate_kl_standard_error),
            ],
        ]
        return "\n\n".join([table(latents), table(totals), self.verdict])


def latent_usage(
    vae: VAE,
    x: Any,
    draws: int = 1000,
    seed: seeds.Seed = 0,
    batch_size: int = 500,
    condition: Any = None,
) -> LatentUsage:
    """Measures the information in every latent, and detects posterior collapse.

    The aggregate posterior is that of all rows; its density is estimated at one draw for each of at
    most `draws` random rows.

    Args:
      vae: The model, whose posterior has latents that are independent given x.
      x: Data, `[N, *event]`, at least two rows.
      draws: The number of rows for which z is drawn, to estimate mutual information and aggregate
        KL.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.
      batch_size: The number of rows encoded at once.
      condition: y, `[N, ...]`, for a model of p(x|y).

    Returns:
      A `LatentUsage`, in nats; print it.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` does not fit the model or has one row, `batch_size` is not positive,
        `draws` is less than 2, or the posterior's latents are dependent.

    Example:
      >>> evaluation.latent_usage(vae, x).kl_per_dimension.shape
      (2,)

    Source: Burda et al. (2015), "Importance weighted autoencoders", section 5 (active units);
    Hoffman & Johnson (2016), "ELBO surgery", equation 8 (mutual information and aggregate KL);
    Poole et al. (2019), "On variational bounds of mutual information", section 2.5 (the two sides).
    """
    draws = checks.whole_number(draws, "draws", minimum=2)
    rows = checked_rows(vae, x, batch_size, condition)
    if len(rows) < 2:
        raise ValueError("`x` must hold at least two rows, for a variance; got one.")
    key = seeds.as_seed(seed)
    generator = np.random.default_rng(key.numpy().view(np.uint32))
    chosen = np.sort(generator.permutation(len(rows))[:draws])
    factors, means, divergence, drawn, log_prior = [], [], [], [], []
    for batch in row_batches(rows, batch_size, key, condition):
        preprocess_seed, draw_seed = seeds.split(batch.seed, 2)
        known = vae.distributions(batch.x, preprocess_seed, batch.condition)
        factors.append(_independent_latents(known.posterior))
        means.append(known.posterior.mean().numpy())
        exact = divergences.kl_divergence_per_dimension(known.posterior, known.prior)
        divergence.append(np.full_like(means[-1], np.nan) if exact is None else exact.numpy())
        picked = chosen[(chosen >= batch.own.start) & (chosen < batch.own.stop)] - batch.own.start
        z = known.posterior.sample(seed=draw_seed)
        drawn.append(z.numpy()[picked])
        log_prior.append(known.prior.log_prob(z).numpy()[picked])
    log_posterior, log_aggregate, log_others = _log_densities(
        factors, np.concatenate(drawn), chosen
    )
    kl, mean = (np.concatenate(part).astype(np.float64) for part in (divergence, means))
    information = log_posterior - log_aggregate
    excess = log_aggregate - np.concatenate(log_prior)
    return LatentUsage(
        kl_per_dimension=kl.mean(axis=0),
        kl_standard_error=kl.std(axis=0, ddof=1) / math.sqrt(len(kl)),
        variance_of_means=mean.var(axis=0, ddof=1),
        mutual_information=float(information.mean()),
        mutual_information_standard_error=standard_error(information),
        mutual_information_upper=float(np.mean(log_posterior - log_others)),
        aggregate_kl=float(excess.mean()),
        aggregate_kl_standard_error=standard_error(excess),
        rows=len(rows),
    )


def _independent_latents(posterior: tfd.Distribution) -> tfd.Distribution:
    factors = divergences.latent_factors(posterior)
    if factors is None:
        raise ValueError(
            "`vae` must have a posterior whose latents are independent given x; got a "
            f"{type(posterior).__name__}."
        )
    return factors


def _log_densities(
    factors: list[tfd.Distribution], z: np.ndarray, chosen: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns log densities of draws `[M, L]` under their own posterior and two aggregates, `[M]`.

    The aggregates are the mean of all posteriors, and the mean of all but the draw's own.
    """
    parts = []
    for start in range(0, len(z), _DRAWS_AT_ONCE):
        own = chosen[start : start + _DRAWS_AT_ONCE]
        some = tf.convert_to_tensor(z[start : start + _DRAWS_AT_ONCE])[:, tf.newaxis]
        densities = np.concatenate(
            [tf.reduce_sum(each.log_prob(some), axis=-1).numpy() for each in factors], axis=1
        ).astype(np.float64)
        places = np.arange(len(own))
        log_posterior = densities[places, own]
        size = densities.shape[1]
        log_aggregate = np.logaddexp.reduce(densities, axis=1) - math.log(size)
        densities[places, own] = -math.inf
        log_others = np.logaddexp.reduce(densities, axis=1) - math.log(size - 1)
        parts.append([log_posterior, log_aggregate, log_others])
    log_posterior, log_aggregate, log_others = np.concatenate(parts, axis=1)
    return log_posterior, log_aggregate, log_others
