"""Draws from the exact posterior p(z|x), by Markov chains of TensorFlow Probability."""

import contextlib
import functools
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from tfp_vae import checks, distributions, seeds
from tfp_vae.model.inference.tracing import traced_unless_eager
from tfp_vae.supports import REAL_VECTORS

if TYPE_CHECKING:
    from tfp_vae.model.vae import VAE

_LEAPFROG_STEPS = 4
_FIRST_STEP_SIZE = 0.3
_TARGET_ACCEPTANCE = 0.8
_LARGEST_R_HAT = 1.05
_LEAST_STDDEV = 1e-3


class PosteriorSamples(NamedTuple):
    """Draws from p(z|x) for B rows, by C chains of S states each, and how far to trust them.

    Attributes:
      samples: `[S, C, B, L]`.
      potential_scale_reduction: R-hat of every latent, `[B, L]`: near 1 where the chains agree.
      effective_sample_size: The number of independent draws that the S C states are worth for the
        mean of every latent, `[B, L]`.
      acceptance_rate: The mean probability of acceptance of every row, `[B]`.

    Example:
      >>> drawn = vae.posterior_samples(x[:2], sample_size=200, warm_up=100)
      >>> drawn.samples.shape, drawn.effective_sample_size.shape
      ((200, 4, 2, 2), (2, 2))
    """

    samples: np.ndarray
    potential_scale_reduction: np.ndarray
    effective_sample_size: np.ndarray
    acceptance_rate: np.ndarray


def posterior_samples(
    vae: "VAE",
    x: Any,
    condition: Any,
    method: str,
    sample_size: int,
    chains: int,
    warm_up: int,
    seed: seeds.Seed,
) -> PosteriorSamples:
    """Draws from p(z|x) of every row.

    Args:
      vae: The model.
      x: An array `[B, *event]`.
      condition: y, `[B, ...]`, or None.
      method: "nuts" or "hmc".
      sample_size: The number S of states of every chain that are kept.
      chains: The number C of chains of every row.
      warm_up: The number of states before, in which the step size is adapted.
      seed: The seed of the chains.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If the data does not fit the model, or latents are on a part of the real numbers.
    """
    checks.one_of(method, ["nuts", "hmc"], "method")
    sample_size = checks.positive_int(sample_size, "sample_size")
    chains = checks.positive_int(chains, "chains")
    warm_up = checks.positive_int(warm_up, "warm_up")
    if chains < 2 or sample_size < 4:
        raise ValueError(
            "`chains` must be at least 2 and `sample_size` at least 4, to compare chains; got "
            f"{chains} and {sample_size}."
        )
    key = seeds.as_seed(seed)
    rows = checks.array(x)
    vae.check_rows(rows)
    vae.check_condition(condition, len(rows))
    y = None if condition is None else checks.array(condition, "condition")
    if not latents_are_unbounded(vae, None if y is None else y[:1]):
        raise ValueError(
            "`vae` must have a prior on all of the real numbers, since Hamiltonian trajectories "
            f"would leave a part of them; got a {type(vae.prior_layer).__name__}."
        )
    run = traced_unless_eager(
        vae, functools.partial(_run, vae, method, sample_size, chains, warm_up)
    )
    found = run(tf.constant(rows), None if y is None else tf.constant(y), key)
    u, samples, acceptance_rate = found
    with _without_casts():
        effective = tfp.mcmc.effective_sample_size(u, cross_chain_dims=1)
    drawn = PosteriorSamples(
        samples=np.asarray(samples),
        potential_scale_reduction=tfp.mcmc.potential_scale_reduction(
            u, independent_chain_ndims=1, split_chains=True
        ).numpy(),
        effective_sample_size=effective.numpy(),
        acceptance_rate=np.asarray(acceptance_rate),
    )
    worst = float(np.max(drawn.potential_scale_reduction))
    if not worst <= _LARGEST_R_HAT:
        warnings.warn(
            f"The chains of a row disagree: its R-hat is {worst:.2f}, where {_LARGEST_R_HAT} is "
            "the most that is trusted. Raise `warm_up` and `sample_size`.",
            stacklevel=3,
        )
    return drawn


@contextlib.contextmanager
def _without_casts() -> Iterator[None]:
    """Leaves out a line of TensorFlow's log: TFP takes the real part of a Fourier transform."""

    def unlike_a_cast(record: logging.LogRecord) -> bool:
        return "You are casting an input of type complex" not in record.getMessage()

    logger = tf.get_logger()
    logger.addFilter(unlike_a_cast)
    try:
        yield
    finally:
        logger.removeFilter(unlike_a_cast)


def latents_are_unbounded(vae: "VAE", condition: Any = None) -> bool:
    """Returns whether the support of the prior is all of the real latents.

    Hamiltonian trajectories would leave a part of them.

    Args:
      vae: The model.
      condition: y of a row, `[1, ...]`, for a model of p(x|y).
    """
    if any(posterior.latent_space != REAL_VECTORS for posterior, _ in vae.latent_pairs):
        return False
    return distributions.is_unbounded(vae.prior(condition))


def _run(
    vae: "VAE",
    method: str,
    sample_size: int,
    chains: int,
    warm_up: int,
    x: tf.Tensor,
    y: tf.Tensor | None,
    key: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns the states, in units of q(z|x) and as latents, `[S, C, B, L]`, and the acceptance."""
    preprocess_seed, start_seed, chain_seed = seeds.split(key, 3)
    batch = vae.distributions(x, preprocess_seed, y)
    start = batch.posterior.sample(chains, seed=start_seed)
    # Trajectories are made in units of q(z|x), so that one step size suits all latents of a row.
    mean, stddev = batch.posterior.mean(), batch.posterior.stddev()
    stddev = tf.maximum(stddev, _LEAST_STDDEV)

    def log_density(u: tf.Tensor) -> tf.Tensor:
        z = mean + stddev * u
        return batch.prior.log_prob(z) + batch.likelihood_fn(z).log_prob(batch.x)

    step_size = tf.fill([1, x.shape[0], 1], tf.constant(_FIRST_STEP_SIZE, start.dtype))
    if method == "hmc":
        kernel = tfp.mcmc.HamiltonianMonteCarlo(
            log_density, step_size=step_size, num_leapfrog_steps=_LEAPFROG_STEPS
        )
    else:
        kernel = tfp.mcmc.NoUTurnSampler(log_density, step_size=step_size)
    adaptive = tfp.mcmc.DualAveragingStepSizeAdaptation(
        kernel, num_adaptation_steps=int(0.8 * warm_up), target_accept_prob=_TARGET_ACCEPTANCE
    )

    def traced(_: tf.Tensor, results: Any) -> tf.Tensor:
        ratio = results.inner_results.log_accept_ratio
        return tf.exp(tf.minimum(ratio, 0.0))

    u, acceptance = tfp.mcmc.sample_chain(
        sample_size,
        (start - mean) / stddev,
        kernel=adaptive,
        num_burnin_steps=warm_up,
        trace_fn=traced,
        seed=chain_seed,
    )
    return u, mean + stddev * u, tf.reduce_mean(acceptance, axis=[0, 1])
