"""Annealed importance sampling, with Hamiltonian Monte Carlo as its transition.

Why neither part is TensorFlow Probability's (0.25, measured on two CPU cores under XLA, with the
same linear path, step sizes and 10 leapfrog steps, 9 runs in turn):

- `tfp.mcmc.sample_annealed_importance_chain` takes the log density of a state under the previous
  temperature for that under the present one when it accepts or rejects. On a linear-Gaussian model
  the mean weight is 0.80 of p(x) after 10 temperatures and 0.81 after 40, where it is 1.00 here
  (standard error 0.003). It knows the linear path alone, and one step size for all temperatures.
- `tfp.mcmc.HamiltonianMonteCarlo` in the loop below is as exact and takes 0.82 to 1.17 times as
  long, but the same seed gives other draws eagerly than under XLA: log weights differ by 0.26 nats
  after two temperatures, and by 6e-6 nats, float32 rounding, here.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_probability import math as tfp_math

from tfp_vae import seeds, stateless_random
from tfp_vae.model import VAE, BatchDistributions, latents_are_unbounded

LEAPFROG_STEPS = 10
"""The leapfrog steps of one Hamiltonian trajectory."""

_STEEPNESS = 4.0
_TARGET_ACCEPTANCE = 0.65
_GAIN = 0.2
_FIRST_STEP_SIZE = 0.1


def temperatures(count: int) -> np.ndarray:
    """Returns `count + 1` inverse temperatures that rise from 0 to 1.

    It is the sigmoidal path of Wu et al. (2017), whose steps are small at both ends.
    """
    line = np.linspace(-_STEEPNESS, _STEEPNESS, count + 1)
    sigmoid = 1.0 / (1.0 + np.exp(-line))
    path: np.ndarray = (sigmoid - sigmoid[0]) / (sigmoid[-1] - sigmoid[0])
    return path


def check_latents_are_unbounded(vae: VAE, condition: Any = None) -> None:
    """Checks that the support of the prior is all of the real latents.

    Args:
      vae: The model.
      condition: y of a row, `[1, ...]`, for a model of p(x|y).

    Raises:
      ValueError: If it is a part of them, which Hamiltonian trajectories would leave.
    """
    if not latents_are_unbounded(vae, condition):
        raise ValueError(
            '`method` must be "importance_sampling" for a prior on a part of the real numbers, '
            "which Hamiltonian trajectories would leave; got 'ais' and a "
            f"{type(vae.prior(condition)).__name__}."
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

    The intermediate density at inverse temperature b is p(z) p(x|z)^b, so the encoder is not used.
    A pilot run with independent noise adapts the step size for every row and temperature; the
    second run keeps these step sizes fixed, so that its weights are unbiased.

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

    With a `gain` above 0 the step size adapts to the acceptance rate from the first temperature
    on, and of `step_sizes` only the first is used.
    """
    rows = tf.shape(batch.x)[0]
    start_seed, seed = seeds.split(seed, 2)
    per_row = batch.prior.batch_shape.rank != 0
    z = batch.prior.sample([chains] if per_row else [chains, rows], seed=start_seed)
    path = tf.cast(path, z.dtype)
    steps = tf.shape(path)[0] - 1

    def anneal(
        index: tf.Tensor, z: tf.Tensor, log_weights: tf.Tensor, sizes: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        log_weights += (path[index + 1] - path[index]) * _log_likelihood(batch, z)
        step_size = sizes[index]
        first, second = stateless_random.uniform_pair(tf.shape(z), seed, index)
        momentum = tf.cast(np.sqrt(2.0) * tf.math.erfinv(2.0 * first - 1.0), z.dtype)
        z, acceptance = hamiltonian_transition(
            lambda z: _tempered(batch, z, path[index + 1]),
            z,
            step_size,
            momentum,
            tf.cast(second[..., 0], z.dtype),
        )
        if gain:
            acceptance_rate = tf.reduce_mean(acceptance, axis=0)
            next_size = step_size * tf.exp(gain * (acceptance_rate - _TARGET_ACCEPTANCE))
            next_index = tf.minimum(index + 1, steps - 1)
            sizes = tf.tensor_scatter_nd_update(sizes, [[next_index]], next_size[tf.newaxis])
        return index + 1, z, log_weights, sizes

    _, _, log_weights, sizes = tf.while_loop(
        lambda index, *_: index < steps,
        anneal,
        (tf.constant(0), z, tf.zeros([chains, rows], z.dtype), step_sizes),
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
    """Makes one Hamiltonian Monte Carlo step of every chain, which leaves the density invariant.

    Args:
      log_density_fn: From z `[C, B, L]` to the logarithm of a density, `[C, B]`.
      z: The states of the chains, `[C, B, L]`.
      step_size: The size of the leapfrog steps of every row, `[B]`.
      momentum: Standard normal noise, `[C, B, L]`.
      threshold: Noise uniform on (0, 1), `[C, B]`; a proposal is accepted where it is below the
        acceptance probability.

    Returns:
      The next states, `[C, B, L]`, and the acceptance probabilities, `[C, B]`.

    Source: Neal (2011), "MCMC using Hamiltonian dynamics", figure 2.
    """
    size = step_size[:, tf.newaxis]
    log_density, gradient = tfp_math.value_and_gradient(log_density_fn, z)

    def leapfrog(
        index: tf.Tensor, position: tf.Tensor, velocity: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        position = position + size * velocity
        _, gradient = tfp_math.value_and_gradient(log_density_fn, position)
        weight = tf.where(index + 1 < LEAPFROG_STEPS, size, 0.5 * size)
        return index + 1, position, velocity + weight * gradient

    _, proposal, velocity = tf.while_loop(
        lambda index, *_: index < LEAPFROG_STEPS,
        leapfrog,
        (tf.constant(0), z, momentum + 0.5 * size * gradient),
        parallel_iterations=1,
    )
    kinetic = 0.5 * tf.reduce_sum(momentum**2 - velocity**2, axis=-1)
    log_ratio = log_density_fn(proposal) - log_density + kinetic
    # A trajectory that diverges is rejected.
    log_ratio = tf.where(tf.math.is_finite(log_ratio), log_ratio, -math.inf)
    acceptance = tf.exp(tf.minimum(log_ratio, 0.0))
    accepted = threshold < acceptance
    return tf.where(accepted[..., tf.newaxis], proposal, z), acceptance


def _log_likelihood(batch: BatchDistributions, z: tf.Tensor) -> tf.Tensor:
    return batch.likelihood_fn(z).log_prob(batch.x)


def _tempered(batch: BatchDistributions, z: tf.Tensor, inverse_temperature: tf.Tensor) -> tf.Tensor:
    return batch.prior.log_prob(z) + inverse_temperature * _log_likelihood(batch, z)
