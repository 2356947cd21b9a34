"""Forecasts of a variational RNN: the series itself, then its own draws, carry the state."""

from typing import TYPE_CHECKING, Any

import tensorflow as tf

from tfp_vae import seeds, stateless_random
from tfp_vae.model.imputation import moments

if TYPE_CHECKING:
    from tfp_vae.model.vae import VAE


def recurrent_forecast(
    vae: "VAE",
    x: tf.Tensor,
    steps: int,
    sample_size: int,
    seed: tf.Tensor,
    condition: tf.Tensor | None = None,
) -> tuple[tf.Tensor, ...]:
    """Returns mean and standard deviation, `[B, H, *values]`, and draws, with S in front.

    Mean and variance are those of each step given the draws of the steps before, over all draws.

    Args:
      vae: A `VariationalRNN`.
      x: Series, `[B, T, *values]`.
      steps: The number of steps H.
      sample_size: The number S of draws of every series.
      seed: A stateless seed, `[2]` of 32-bit integers.
      condition: None.
    """
    del condition
    likelihood: Any = vae.decoder.likelihood
    known_seed, later_seed, data_seed = seeds.split(seed, 3)
    prepared, observed = vae.pipeline.prepared(x)
    known = vae.distributions(x).posterior.sample(sample_size, seed=known_seed)
    shape = tf.concat([tf.shape(known)[:-1], [steps * likelihood.state_size]], axis=0)
    later = stateless_random.normal(shape, later_seed, known.dtype)
    series = likelihood.distribution(tf.concat([known, later], axis=-1))
    if observed is None:
        observed = tf.ones_like(prepared, tf.bool)
    length = likelihood.event_shape[0]
    seen = likelihood.observed_steps(observed)
    seen = tf.pad(seen, [[0, 0], [0, steps]])
    begun = tf.pad(prepared, [[0, 0], [0, steps], *[[0, 0]] * len(likelihood.values_shape)])
    drawn = series.given_observed(begun, seen).sample(seed=data_seed)
    of_steps = series.conditionals(drawn)
    means, variances = (
        part[:, :, length:] for part in moments(of_steps, seeds.fold_in(data_seed, 0))
    )
    mean = tf.reduce_mean(means, axis=0)
    spread = tf.reduce_mean(tf.square(means - mean), axis=0)
    stddev = tf.sqrt(tf.reduce_mean(variances, axis=0) + spread)
    return mean, stddev, drawn[:, :, length:]
