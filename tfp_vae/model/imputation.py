"""Imputation of missing values by importance sampling, with the encoder as the proposal."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, seeds, stateless_random
from tfp_vae.row_chunks import row_chunks

_ROWS_AT_ONCE = 20
_DRAWS_AT_ONCE = 100


class Imputation(NamedTuple):
    """Rows with their missing values filled in, and how sure that is.

    Attributes:
      mean: The data, `[N, *event]`, with the expectation of every missing value given the observed
        values of its row.
      stddev: The standard deviation of every missing value given the observed values, `[N,
        *event]`; 0 where the value is observed.
      draws: The data with draws of the missing values from p(x_missing|x_observed), `[sample_size,
        N, *event]`: multiple imputations, in which the values of a row go together.
      effective_sample_size: (sum of weights)² / (sum of squared weights), `[N]`: as many draws from
        the exact posterior would have done as well.
    """

    mean: np.ndarray
    stddev: np.ndarray
    draws: np.ndarray
    effective_sample_size: np.ndarray


def impute(
    vae: Any,
    compiled: Callable[..., tuple[tf.Tensor, ...]],
    x: Any,
    sample_size: int,
    importance_sample_size: int,
    seed: tf.Tensor,
    condition: Any = None,
) -> Imputation:
    """Imputes a few rows at a time: memory does not grow with their number.

    Args:
      vae: The model.
      compiled: `importance_impute` of the model.
      x: Data, `[N, *event]`.
      sample_size: The number of draws of every row.
      importance_sample_size: The number of latents drawn for every row.
      seed: A stateless seed, `[2]` of 32-bit integers.
      condition: y, `[N, ...]`, or None.
    """
    if vae.missing is None:
        raise ValueError(
            "`missing_values` must be given when the model is made, such as "
            "VAE(..., missing_values=np.nan), to impute; got None."
        )
    rows = checks.array(x)
    vae.check_rows(rows)
    vae.check_condition(condition, len(rows))
    y = None if condition is None else checks.array(condition, "condition")
    blocks = []
    for start, count, places in row_chunks(len(rows), _ROWS_AT_ONCE):
        parts = compiled(
            tf.convert_to_tensor(rows[places]),
            sample_size,
            tf.constant(importance_sample_size),
            seeds.fold_in(seed, start),
            None if y is None else tf.convert_to_tensor(y[places]),
        )
        mean, stddev, draws, effective = (part.numpy() for part in parts)
        kept = slice(count)
        blocks.append((mean[kept], stddev[kept], draws[:, kept], effective[kept]))
    mean, stddev, draws, effective = (
        np.concatenate(part, axis=axis)
        for part, axis in zip(zip(*blocks, strict=True), (0, 0, 1, 0), strict=True)
    )
    observed = vae.missing.observed_in(rows)
    return Imputation(
        mean=np.where(observed, rows, mean),
        stddev=np.where(observed, 0.0, stddev),
        draws=np.where(observed, rows, draws),
        effective_sample_size=effective,
    )


def importance_impute(
    vae: Any,
    x: tf.Tensor,
    sample_size: int,
    draws: tf.Tensor,
    seed: tf.Tensor,
    condition: tf.Tensor | None = None,
) -> tuple[tf.Tensor, ...]:
    """Returns mean and standard deviation, `[B, *event]`, draws and effective sample size.

    The draws from the posterior come a few at a time. Sums are kept relative to the largest weight
    so far. A resampled latent is the one with the largest log-weight plus Gumbel noise, which has
    the probabilities of the normalised weights and needs no second pass (Yellott 1977).

    Args:
      vae: The model.
      x: Data, `[B, *event]`.
      sample_size: The number of latents to resample for every row.
      draws: The number of draws from the posterior, an integer scalar.
      seed: A stateless seed, `[2]` of 32-bit integers.
      condition: y, `[B, ...]`, or None.
    """
    batch = vae.distributions(x, condition=condition)
    draw_seed, gumbel_seed, value_seed = seeds.split(seed, 3)
    event_axes = len(vae.event_shape)

    def per_value(weights: tf.Tensor) -> tf.Tensor:
        return tf.reshape(weights, tf.concat([tf.shape(weights), [1] * event_axes], axis=0))

    rows = tf.shape(batch.x)[0]
    no_latents = tf.zeros([sample_size, rows, vae.latent_size], batch.posterior.dtype)
    # The variance is summed about a centre, lest two large numbers cancel.
    centre = _moments(batch.decoder_fn(no_latents[:1]), value_seed)[0][0]

    def more(
        index: tf.Tensor,
        largest: tf.Tensor,
        sums: tuple[tf.Tensor, ...],
        scores: tf.Tensor,
        chosen: tf.Tensor,
    ) -> tuple[Any, ...]:
        z = batch.posterior.sample(_DRAWS_AT_ONCE, seed=seeds.fold_in(draw_seed, index))
        log_weights = batch.log_weights(z)
        wanted = index * _DRAWS_AT_ONCE + tf.range(_DRAWS_AT_ONCE) < draws
        log_weights = tf.where(wanted[:, None], log_weights, -math.inf)
        new_largest = tf.maximum(largest, tf.reduce_max(log_weights, axis=0))
        weights = tf.exp(log_weights - new_largest)
        mean, variance = _moments(batch.decoder_fn(z), seeds.fold_in(value_seed, index))
        deviation = mean - centre
        latest = (
            tf.reduce_sum(weights, axis=0),
            tf.reduce_sum(weights**2, axis=0),
            tf.reduce_sum(per_value(weights) * deviation, axis=0),
            tf.reduce_sum(per_value(weights) * (variance + deviation**2), axis=0),
        )
        shrunk = tf.exp(largest - new_largest)
        factors = (shrunk, shrunk**2, per_value(shrunk), per_value(shrunk))
        sums = tuple(
            factor * so_far + new for factor, so_far, new in zip(factors, sums, latest, strict=True)
        )
        best, best_z = _largest_of(log_weights, z, sample_size, seeds.fold_in(gumbel_seed, index))
        better = best > scores
        return (
            index + 1,
            new_largest,
            sums,
            tf.where(better, best, scores),
            tf.where(better[..., None], best_z, chosen),
        )

    nothing, no_weight = tf.zeros_like(centre), tf.zeros([rows], batch.posterior.dtype)
    start = (
        tf.constant(0),
        no_weight - math.inf,
        (no_weight, no_weight, nothing, nothing),
        no_latents[..., 0] - math.inf,
        no_latents,
    )
    _, _, sums, _, chosen = tf.while_loop(
        lambda index, *_: index * _DRAWS_AT_ONCE < draws, more, start, parallel_iterations=1
    )
    total, squares = sums[:2]
    shift, spread = sums[2] / per_value(total), sums[3] / per_value(total)
    values = batch.decoder_fn(chosen).sample(seed=value_seed)
    stddev = tf.sqrt(tf.maximum(spread - shift**2, 0.0))
    return centre + shift, stddev, values, total**2 / squares


def _largest_of(
    log_weights: tf.Tensor, z: tf.Tensor, sample_size: int, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the largest noisy log-weights, `[sample_size, B]`, and their latents."""
    shape = tf.concat([tf.shape(log_weights)[:1], [sample_size], tf.shape(log_weights)[1:]], axis=0)
    gumbel = -tf.math.log(-tf.math.log(stateless_random.uniform(shape, seed, log_weights.dtype)))
    scores = log_weights[:, None] + gumbel
    rows_first = tf.gather(
        tf.transpose(z, [1, 0, 2]),
        tf.transpose(tf.argmax(scores, axis=0, output_type=tf.int32)),
        batch_dims=1,
    )
    return tf.reduce_max(scores, axis=0), tf.transpose(rows_first, [1, 0, 2])


def _moments(likelihood: tfd.Distribution, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns mean and variance, of a single draw where the distribution knows no formula."""
    try:
        return likelihood.mean(), likelihood.variance()
    except NotImplementedError:
        draw = likelihood.sample(seed=seed)
        return draw, tf.zeros_like(draw)
