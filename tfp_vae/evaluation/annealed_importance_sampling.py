"""Annealed importance sampling: from the prior to the posterior in small steps."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_probability import bijectors as tfb

from tfp_vae import seeds, stateless_random
from tfp_vae.model import VAE
from tfp_vae.model.batch_distributions import BatchDistributions

LEAPFROG_STEPS = 10
"""The steps of one Hamiltonian trajectory."""

_STEEPNESS = 4.0
_TARGET_ACCEPTANCE = 0.65
_GAIN = 0.2
_FIRST_STEP_SIZE = 0.1

Densities = tuple[tf.Tensor, tf.Tensor]


def temperatures(count: int) -> np.ndarray:
    """Returns a path of `count` inverse temperatures above 0, rising to 1, and 0 before them.

    It is the sigmoidal path of Wu et al. (2017), whose steps are small at both ends.
    """
    line = np.linspace(-_STEEPNESS, _STEEPNESS, count + 1)
    sigmoid = 1.0 / (1.0 + np.exp(-line))
    return (sigmoid - sigmoid[0]) / (sigmoid[-1] - sigmoid[0])


def check_latents_are_unbounded(vae: VAE) -> None:
    """Checks that Hamiltonian trajectories can move through the latents.

    Raises:
      ValueError: If the prior does not spread over all real latents.
    """
    prior = vae.prior()
    try:
        bijector = prior.experimental_default_event_space_bijector()
    except NotImplementedError:
        return
    if not isinstance(bijector, tfb.Identity):
        raise ValueError(
            '`method` must be "importance_sampling" for a prior on a part of the real numbers, '
            f"which Hamiltonian trajectories would leave; got 'ais' and a {type(prior).__name__}."
        )


def annealed_log_weights(
    vae: VAE,
    x: tf.Tensor,
    seed: tf.Tensor,
    chains: int,
    path: tf.Tensor,
    condition: tf.Tensor | None,
) -> tf.Tensor:
    """Returns the logarithms of weights whose expectation is p(x), `[chains, B]`.

    The intermediate density at the inverse temperature b is p(z) p(x|z)^b, so the encoder plays no
    part. A pilot run, with noise of its own, tunes the step size of the trajectories to every row
    and temperature; the run that counts takes them as given, which keeps its weights unbiased.

    Args:
      vae: The model.
      x: Data, `[B, *event]`.
      seed: A stateless seed, `[2]`.
      chains: The number of independent chains for every row.
      path: Inverse temperatures from 0 to 1, `[T + 1]`.
      condition: y, `[B, ...]`, or None.
    """
    pilot_seed, run_seed = seeds.split(seed, 2)
    batch = vae.distributions(x, seeds.independent_seed(seed), condition)
    steps = tf.shape(path)[0] - 1
    start = tf.fill([steps, tf.shape(x)[0]], tf.constant(_FIRST_STEP_SIZE, batch.posterior.dtype))
    step_sizes, _ = _annealed(batch, pilot_seed, chains, path, start, _GAIN)
    return _annealed(batch, run_seed, chains, path, step_sizes, 0.0)[1]


def _annealed(
    batch: BatchDistributions,
    seed: tf.Tensor,
    chains: int,
    path: tf.Tensor,
    step_sizes: tf.Tensor,
    gain: float,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the step size at every temperature, `[T, B]`, and the log weights, `[chains, B]`.

    With a gain the step sizes follow the acceptance of the chains, and only the first are used.
    """
    rows = tf.shape(batch.x)[0]
    start_seed, seed = seeds.split(seed, 2)
    z = batch.prior.sample([chains, rows], seed=start_seed)
    path = tf.cast(path, z.dtype)
    steps = tf.shape(path)[0] - 1

    def anneal(index: tf.Tensor, z: tf.Tensor, log_weights: tf.Tensor, sizes: tf.Tensor) -> Any:
        log_weights += (path[index + 1] - path[index]) * _log_likelihood(batch, z)
        step_size = sizes[index]
        first, second = stateless_random.uniform_pair(tf.shape(z), seed, index)
        momentum = tf.cast(np.sqrt(2.0) * tf.math.erfinv(2.0 * first - 1.0), z.dtype)
        z, accepted = hamiltonian_transition(
            lambda z: _tempered(batch, z, path[index + 1]),
            z,
            step_size,
            momentum,
            tf.cast(second[..., 0], z.dtype),
        )
        if gain:
            acceptance = tf.reduce_mean(accepted, axis=0)
            following = step_size * tf.exp(gain * (acceptance - _TARGET_ACCEPTANCE))
            later = tf.minimum(index + 1, steps - 1)
            sizes = tf.tensor_scatter_nd_update(sizes, [[later]], following[tf.newaxis])
        return index + 1, z, log_weights, sizes

    nothing = tf.zeros([chains, rows], z.dtype)
    _, _, log_weights, sizes = tf.while_loop(
        lambda index, *_: index < steps,
        anneal,
        (tf.constant(0), z, nothing, step_sizes),
        parallel_iterations=1,
    )
    return sizes, log_weights


def hamiltonian_transition(
    log_density_fn: Callable[[tf.Tensor], tf.Tensor],
    z: tf.Tensor,
    step_size: tf.Tensor,
    momentum: tf.Tensor,
    threshold: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Moves every chain along one Hamiltonian trajectory, which leaves the density as it is.

    Args:
      log_density_fn: From z `[C, B, L]` to the logarithm of a density, `[C, B]`.
      z: Where the chains are, `[C, B, L]`.
      step_size: Of the leapfrog steps of every row, `[B]`.
      momentum: Standard normal noise, `[C, B, L]`.
      threshold: Noise uniform on (0, 1), `[C, B]`: a chain moves where it is below the acceptance.

    Returns:
      Where the chains are then, `[C, B, L]`, and the probability with which each was to move,
      `[C, B]`.

    Source: Neal (2011), "MCMC using Hamiltonian dynamics", figure 2.
    """
    size = step_size[:, tf.newaxis]
    log_density, slope = _value_and_gradient(log_density_fn, z)

    def leap(index: tf.Tensor, place: tf.Tensor, speed: tf.Tensor, slope: tf.Tensor) -> Any:
        del slope
        place = place + size * speed
        _, slope = _value_and_gradient(log_density_fn, place)
        weight = tf.where(index + 1 < LEAPFROG_STEPS, size, 0.5 * size)
        return index + 1, place, speed + weight * slope, slope

    _, place, speed, _ = tf.while_loop(
        lambda index, *_: index < LEAPFROG_STEPS,
        leap,
        (tf.constant(0), z, momentum + 0.5 * size * slope, slope),
        parallel_iterations=1,
    )
    kinetic = 0.5 * tf.reduce_sum(momentum**2 - speed**2, axis=-1)
    log_ratio = log_density_fn(place) - log_density + kinetic
    # A trajectory that went to infinity is refused.
    log_ratio = tf.where(tf.math.is_finite(log_ratio), log_ratio, -math.inf)
    acceptance = tf.exp(tf.minimum(log_ratio, 0.0))
    moves = threshold < acceptance
    return tf.where(moves[..., tf.newaxis], place, z), acceptance


def _value_and_gradient(
    log_density_fn: Callable[[tf.Tensor], tf.Tensor], z: tf.Tensor
) -> Densities:
    with tf.GradientTape() as tape:
        tape.watch(z)
        log_density = log_density_fn(z)
    return log_density, tape.gradient(log_density, z)


def _log_likelihood(batch: BatchDistributions, z: tf.Tensor) -> tf.Tensor:
    return batch.likelihood_fn(z).log_prob(batch.x)


def _tempered(batch: BatchDistributions, z: tf.Tensor, inverse_temperature: tf.Tensor) -> tf.Tensor:
    return batch.prior.log_prob(z) + inverse_temperature * _log_likelihood(batch, z)
