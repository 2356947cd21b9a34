"""Imputation of missing values by importance sampling, with the encoder as the proposal."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, seeds, stateless_random
from tfp_vae.row_chunks import row_chunks

if TYPE_CHECKING:
    from tfp_vae.model.vae import VAE

_ROWS_AT_ONCE = 20
_DRAWS_AT_ONCE = 100


class Imputation(NamedTuple):
    """Rows with their missing values imputed, and the uncertainty of each.

    Attributes:
      mean: The data, `[N, *event]`, with the expectation of every missing value given the observed
        values of its row.
      stddev: The standard deviation of every missing value given the observed values, `[N,
        *event]`; 0 where the value is observed.
      draws: The data with draws of the missing values from p(x_missing|x_observed), `[sample_size,
        N, *event]`: multiple imputations; the values of a row are drawn jointly.
      effective_sample_size: (sum of weights)² / (sum of squared weights), `[N]`: the number of
        draws from the exact posterior that would give about the same precision.
    """

    mean: np.ndarray
    stddev: np.ndarray
    draws: np.ndarray
    effective_sample_size: np.ndarray


def impute(
    vae: "VAE",
    compiled: Callable[..., tuple[tf.Tensor, ...]],
    x: Any,
    sample_size: int,
    importance_sample_size: int,
    seed: tf.Tensor,
    condition: Any = None,
) -> Imputation:
    """Imputes rows in chunks, so that memory does not grow with their number.

    Args:
      vae: The model.
      compiled: `importance_impute` of the model.
      x: Data, `[N, *event]`.
      sample_size: The number of draws of every row.
      importance_sample_size: The number of latents drawn for every row.
      seed: A stateless seed, `[2]` of 32-bit integers.
      condition: y, `[N, ...]`, or None.

    Raises:
      TypeError: If `x` or `condition` holds no real numbers.
      ValueError: If they do not fit the model, or it has no `missing_values`.
    """
    if vae.missing is None:
        raise ValueError(
            "`missing_values` must be given when the model is made, such as "
            "VAE(..., missing_values=np.nan), to impute; got None."
        )
    vae.check_rows(x)
    rows = checks.array(x)
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


class _WeightedSums(NamedTuple):
    """Sums over the latents drawn so far, weighted relative to the largest weight.

    Attributes:
      largest: The largest log-weight, `[B]`, in nats.
      weights: The sum of the weights, `[B]`.
      squared_weights: The sum of their squares, `[B]`.
      first: The weighted sum of deviations from the centre, `[B, *event]`.
      second: The weighted sum of second moments about the centre, `[B, *event]`.
    """

    largest: tf.Tensor
    weights: tf.Tensor
    squared_weights: tf.Tensor
    first: tf.Tensor
    second: tf.Tensor

    @classmethod
    def empty(cls, no_weight: tf.Tensor, no_value: tf.Tensor) -> "_WeightedSums":
        """Returns the sums over no latent, of the shapes of zeros `[B]` and `[B, *event]`."""
        return cls(no_weight - math.inf, no_weight, no_weight, no_value, no_value)

    def merged(
        self, log_weights: tf.Tensor, deviations: tf.Tensor, variances: tf.Tensor
    ) -> "_WeightedSums":
        """Returns the sums with `S` more latents.

        Args:
          log_weights: Their log-weights, `[S, B]`.
          deviations: The mean of p(x|z) minus the centre, `[S, B, *event]`.
          variances: The variance of p(x|z), `[S, B, *event]`.
        """
        largest = tf.maximum(self.largest, tf.reduce_max(log_weights, axis=0))
        weights = tf.exp(log_weights - largest)
        by_value = _per_value(weights, deviations)
        rescaled = tf.exp(self.largest - largest)
        value_rescaled = _per_value(rescaled, self.first)
        second_moments = variances + deviations**2
        return _WeightedSums(
            largest,
            rescaled * self.weights + tf.reduce_sum(weights, axis=0),
            rescaled**2 * self.squared_weights + tf.reduce_sum(weights**2, axis=0),
            value_rescaled * self.first + tf.reduce_sum(by_value * deviations, axis=0),
            value_rescaled * self.second + tf.reduce_sum(by_value * second_moments, axis=0),
        )

    def moments(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the mean minus the centre, and the standard deviation, `[B, *event]` each."""
        total = _per_value(self.weights, self.first)
        shift, second = self.first / total, self.second / total
        return shift, tf.sqrt(tf.maximum(second - shift**2, 0.0))

    def effective_sample_size(self) -> tf.Tensor:
        """Returns (sum of weights)² / (sum of squared weights), `[B]`."""
        return self.weights**2 / self.squared_weights


class _ResampledLatents(NamedTuple):
    """The latents with the largest noisy log-weight so far.

    Attributes:
      scores: Log-weight plus Gumbel noise, `[sample_size, B]`.
      z: The latents, `[sample_size, B, L]`.
    """

    scores: tf.Tensor
    z: tf.Tensor

    def merged(self, scores: tf.Tensor, z: tf.Tensor) -> "_ResampledLatents":
        """Returns the better of these latents and others of the same shapes."""
        better = scores > self.scores
        return _ResampledLatents(
            tf.where(better, scores, self.scores), tf.where(better[..., None], z, self.z)
        )


def importance_impute(
    vae: "VAE",
    x: tf.Tensor,
    sample_size: int,
    draws: tf.Tensor,
    seed: tf.Tensor,
    condition: tf.Tensor | None = None,
) -> tuple[tf.Tensor, ...]:
    """Returns mean and standard deviation, `[B, *event]`, draws and effective sample size.

    Latents are drawn in blocks, so that memory does not grow with their number. A resampled latent
    is the one with the largest log-weight plus Gumbel noise, which has the probabilities of the
    normalised weights and needs no second pass (Yellott 1977).

    Args:
      vae: The model.
      x: Data, `[B, *event]`.
      sample_size: The number of latents to resample for every row.
      draws: The number of draws from the posterior, an integer scalar.
      seed: A stateless seed, `[2]` of 32-bit integers.
      condition: y, `[B, ...]`, or None.
    """
    batch = vae.distributions(x, condition=condition)
    observed = vae.pipeline.prepared(x)[1]

    def completed(z: tf.Tensor) -> tfd.Distribution:
        return vae.decoder.likelihood.given_observed(batch.decoder_fn(z), batch.x, observed)

    draw_seed, gumbel_seed, value_seed = seeds.split(seed, 3)
    rows, dtype = tf.shape(batch.x)[0], batch.posterior.dtype
    no_latents = tf.zeros([sample_size, rows, vae.latent_size], dtype)
    # The variance is summed about a centre, lest two large numbers cancel.
    centre = moments(completed(no_latents[:1]), value_seed)[0][0]

    def with_next_block(
        block: tf.Tensor, sums: _WeightedSums, resampled: _ResampledLatents
    ) -> tuple[tf.Tensor, _WeightedSums, _ResampledLatents]:
        z = batch.posterior.sample(_DRAWS_AT_ONCE, seed=seeds.fold_in(draw_seed, block))
        wanted = block * _DRAWS_AT_ONCE + tf.range(_DRAWS_AT_ONCE) < draws
        log_weights = tf.where(wanted[:, None], batch.log_weights(z), -math.inf)
        mean, variance = moments(completed(z), seeds.fold_in(value_seed, block))
        best = _largest_of(log_weights, z, sample_size, seeds.fold_in(gumbel_seed, block))
        return (
            block + 1,
            sums.merged(log_weights, mean - centre, variance),
            resampled.merged(*best),
        )

    start = (
        tf.constant(0),
        _WeightedSums.empty(tf.zeros([rows], dtype), tf.zeros_like(centre)),
        _ResampledLatents(no_latents[..., 0] - math.inf, no_latents),
    )
    _, sums, resampled = tf.while_loop(
        lambda block, *_: block * _DRAWS_AT_ONCE < draws,
        with_next_block,
        start,
        parallel_iterations=1,
    )
    shift, stddev = sums.moments()
    values = completed(resampled.z).sample(seed=value_seed)
    return centre + shift, stddev, values, sums.effective_sample_size()


def _per_value(weights: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Returns weights `[..., B]` with an axis of size 1 for every axis of the event of `values`."""
    event_axes = len(values.shape) - len(weights.shape)
    return tf.reshape(weights, tf.concat([tf.shape(weights), [1] * event_axes], axis=0))


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


def moments(likelihood: tfd.Distribution, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns mean and variance; without a closed form, a single draw and 0.

    Args:
      likelihood: p(x|z), of any batch.
      seed: A stateless seed, `[2]` of 32-bit integers.
    """
    try:
        return likelihood.mean(), likelihood.variance()
    except NotImplementedError:
        draw = likelihood.sample(seed=seed)
        return draw, tf.zeros_like(draw)
