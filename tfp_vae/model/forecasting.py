"""Forecasts of series: states from the posterior, then from the prior, then data."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfp_vae import checks, seeds
from tfp_vae.model.imputation import moments
from tfp_vae.priors import Process
from tfp_vae.row_chunks import row_chunks

if TYPE_CHECKING:
    from tfp_vae.model.vae import VAE

_ROWS_AT_ONCE = 20
_TOLERANCE = 1e-4


class Forecast(NamedTuple):
    """What follows every series, and how sure the model is of it.

    Attributes:
      mean: The expectation of every value, `[N, H, *values]` for H steps of `[*values]` each.
      stddev: The standard deviation of every value, of the same shape.
      draws: Draws of what follows, `[sample_size, N, H, *values]`; the steps of a series are drawn
        jointly.
    """

    mean: np.ndarray
    stddev: np.ndarray
    draws: np.ndarray


def forecast(
    vae: "VAE",
    compiled: Callable[..., tuple[tf.Tensor, ...]],
    x: Any,
    steps: int,
    sample_size: int,
    seed: tf.Tensor,
    condition: Any = None,
) -> Forecast:
    """Forecasts series in chunks, so that memory does not grow with their number.

    Args:
      vae: The model.
      compiled: `sampled_forecast` of the model, or another function of the same arguments.
      x: Series, `[N, T, *values]`.
      steps: The number of steps H.
      sample_size: The number of draws of every series.
      seed: A stateless seed, `[2]` of 32-bit integers.
      condition: y, `[N, ...]`, or None.

    Raises:
      TypeError: If `x` or `condition` holds no real numbers.
      ValueError: If they do not fit the model.
    """
    vae.check_rows(x)
    rows = checks.array(x)
    vae.check_condition(condition, len(rows))
    y = None if condition is None else checks.array(condition, "condition")
    blocks = []
    for start, count, places in row_chunks(len(rows), _ROWS_AT_ONCE):
        parts = compiled(
            tf.convert_to_tensor(rows[places]),
            steps,
            sample_size,
            seeds.fold_in(seed, start),
            None if y is None else tf.convert_to_tensor(y[places]),
        )
        mean, stddev, draws = (part.numpy() for part in parts)
        blocks.append((mean[:count], stddev[:count], draws[:, :count]))
    mean, stddev, draws = (
        np.concatenate(part, axis=axis)
        for part, axis in zip(zip(*blocks, strict=True), (0, 0, 1), strict=True)
    )
    return Forecast(mean, stddev, draws)


def sampled_forecast(
    vae: "VAE",
    x: tf.Tensor,
    steps: int,
    sample_size: int,
    seed: tf.Tensor,
    condition: tf.Tensor | None = None,
) -> tuple[tf.Tensor, ...]:
    """Returns mean and standard deviation, `[B, H, *values]`, and draws, with S in front.

    Args:
      vae: The model.
      x: Series, `[B, T, *values]`.
      steps: The number of steps H.
      sample_size: The number S of draws of every series.
      seed: A stateless seed, `[2]` of 32-bit integers.
      condition: y, `[B, ...]`, or None.
    """
    known_seed, later_seed, data_seed = seeds.split(seed, 3)
    prior: Any = vae.prior_layer
    features = vae.pipeline.features(condition, None)
    states = vae.posterior(x, condition=condition).sample(sample_size, seed=known_seed)
    later = prior.following(states, steps).sample(seed=later_seed)
    # The decoder takes as many steps as a series has: so many windows, the last one padded.
    length, size = prior.time_steps, prior.state_size
    windows = -(-steps // length)
    padded = (windows * length - steps) * size
    padding = tf.zeros_like(later[..., :1]) + tf.zeros([padded], later.dtype)
    later = tf.concat([later, padding], axis=-1)
    shape = tf.concat([tf.shape(later)[:-1], [windows, length * size]], axis=0)
    z = tf.transpose(tf.reshape(later, shape), [2, 0, 1, 3])
    known = vae.decoder.likelihood.known_at(vae.pipeline.exposures_in(condition))
    likelihood = vae.decoded(z, features, known=known)
    means, variances = (
        _in_sequence(part, steps) for part in moments(likelihood, seeds.fold_in(data_seed, 0))
    )
    mean = tf.reduce_mean(means, axis=0)
    spread = tf.reduce_mean(tf.square(means - mean), axis=0)
    stddev = tf.sqrt(tf.reduce_mean(variances, axis=0) + spread)
    draws = _in_sequence(likelihood.sample(seed=data_seed), steps)
    return mean, stddev, draws


def check_forecasts(vae: "VAE") -> None:
    """Checks that a model is one over time, with one decoder for every step.

    Args:
      vae: The model.

    Raises:
      ValueError: If it is not.
    """
    prior = vae.prior_layer
    if not isinstance(prior, Process):
        raise ValueError(
            "`vae` must have a prior over time, such as priors.LinearMarkovChain(time_steps=20), "
            f"to forecast; got a {type(prior).__name__}."
        )
    steps = prior.time_steps
    if vae.event_shape[0] != steps:
        raise ValueError(
            "`vae` must have a likelihood with an axis of time first, [time_steps, ...], to "
            f"forecast; got the event shape {list(vae.event_shape)} and {steps} time steps."
        )
    if vae.preprocess is not None:
        raise ValueError(
            "`vae` must have no preprocess layer, to forecast the data itself; got a "
            f"{type(vae.preprocess).__name__}."
        )
    if not _decodes_steps_alike(vae):
        raise ValueError(
            "`vae` must decode every step by itself and all alike, as tfp_vae.StateSpaceVAE does, "
            "to forecast steps beyond the last one; got a decoder that does not."
        )


def _decodes_steps_alike(vae: "VAE") -> bool:
    """Returns whether states one step later are data one step later.

    The log-probability of a row that is the same at every step then stays as it is.
    """
    prior: Any = vae.prior_layer
    dtype = vae.decoder.variable_dtype
    steps, size = prior.time_steps, prior.state_size
    states = np.random.default_rng(0).normal(size=[1, steps, size])
    width = 0 if vae.condition is None else int(vae.decoder.latent_size or 0) - steps * size
    row = np.broadcast_to(vae.decoder.likelihood.support.inner_value, [1, *vae.event_shape])
    found: list[float] = []
    for each in (states, np.roll(states, 1, axis=1)):
        z = np.concatenate([each.reshape([1, -1]), np.zeros([1, width])], axis=-1)
        likelihood = vae.decoder.of_tensors(tf.constant(z, dtype))
        found.append(float(likelihood.log_prob(tf.constant(row, dtype))[0]))
    now, later = found
    return bool(np.isclose(now, later, rtol=_TOLERANCE, atol=_TOLERANCE))


def _in_sequence(values: tf.Tensor, steps: int) -> tf.Tensor:
    """Returns windows of steps, `[W, S, B, T, *values]`, in sequence, `[S, B, H, *values]`."""
    rank = len(values.shape)
    windows_first = tf.transpose(values, [1, 2, 0, *range(3, rank)])
    shape = tf.shape(windows_first)
    joined = tf.concat([shape[:2], shape[2:3] * shape[3:4], shape[4:]], axis=0)
    return tf.reshape(windows_first, joined)[:, :, :steps]
