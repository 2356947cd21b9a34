"""The marginal likelihood of every example, by importance sampling."""

import math
import warnings
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfp_vae import checks, seeds
from tfp_vae.model import VAE
from tfp_vae.model.row_blocks import row_blocks

_ROWS_AT_ONCE = 20
_DRAWS_AT_ONCE = 100
_FEWEST_TO_BELIEVE = 10.0


class MarginalLikelihood(NamedTuple):
    """An importance-sampling estimate for every row, in nats.

    Attributes:
      estimate: log p(x), `[N]`. Its expectation is a lower bound, which rises with the sample size.
      standard_error: The standard error of `estimate`, `[N]`, by the delta method. It is too small
        where the effective sample size is.
      effective_sample_size: (sum of weights)² / (sum of squared weights), `[N]`: as many draws from
        the exact posterior would have done as well.
      event_size: How many values a row has.
    """

    estimate: np.ndarray
    standard_error: np.ndarray
    effective_sample_size: np.ndarray
    event_size: int

    @property
    def bits_per_dimension(self) -> np.ndarray:
        """The negative estimate in bits for every value of a row, `[N]`; lower is better."""
        return -self.estimate / self.event_size / math.log(2.0)

    def __str__(self) -> str:
        rows = len(self.estimate)
        error = self.estimate.std(ddof=1) / math.sqrt(rows) if rows > 1 else math.nan
        bits = 1.0 / (self.event_size * math.log(2.0))
        lines = (
            ("rows", f"{rows}"),
            ("mean log p(x), nats", f"{self.estimate.mean():.3f} ± {error:.3f}"),
            ("bits per dimension", f"{-self.estimate.mean() * bits:.4f} ± {error * bits:.4f}"),
            ("standard error of a row, median", f"{np.median(self.standard_error):.3f}"),
            ("effective sample size, median", f"{np.median(self.effective_sample_size):.1f}"),
            ("effective sample size, smallest", f"{self.effective_sample_size.min():.1f}"),
        )
        return "\n".join(f"{name:<33}{value}" for name, value in lines)


def log_marginal_likelihood(
    vae: VAE,
    x: Any,
    importance_sample_size: int = 5000,
    seed: seeds.Seed = 0,
    condition: Any = None,
) -> MarginalLikelihood:
    """Estimates log p(x) of every row, with the posterior as the proposal.

    The draws are taken a few at a time for a few rows at a time, in a compiled loop: memory grows
    neither with the sample size nor with the number of rows.

    A warning says of how many rows the effective sample size is below 10: there a few draws hold
    nearly all the weight, the estimate is probably too low, and its standard error too small.

    Args:
      vae: The model.
      x: Data, `[N, *event]`; of a row with missing values it is p of the observed ones.
      importance_sample_size: The number of draws for every row.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.
      condition: y, `[N, ...]`, for a model of p(x|y), of which it is then the logarithm.

    Returns:
      A `MarginalLikelihood` of arrays `[N]`, in nats.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` does not fit the model, or the sample size is not positive.

    Example:
      >>> vae = tfp_vae.VAE.for_data(np.array([[0, 1, 1], [1, 0, 1]]), latent_size=2)
      >>> evaluation.log_marginal_likelihood(vae, np.array([[0, 1, 1]]), 100).estimate.shape
      (1,)

    Source: Burda et al. (2015), "Importance weighted autoencoders", equation 8; Rezende et al.
    (2014), "Stochastic backpropagation", appendix E.
    """
    checks.instance_of(vae, VAE, "vae", "tfp_vae.VAE.for_data(x)")
    draws = checks.positive_int(importance_sample_size, "importance_sample_size")
    rows = checks.array(x)
    vae.check_rows(rows)
    key = seeds.as_seed(seed)
    vae.check_condition(condition, len(rows))
    y = None if condition is None else np.asarray(condition)
    blocks = []
    for start, count, places in row_blocks(len(rows), _ROWS_AT_ONCE):
        sums = _log_weight_sums(
            vae,
            tf.convert_to_tensor(rows[places]),
            seeds.fold_in(key, start),
            tf.constant(draws),
            None if y is None else tf.convert_to_tensor(y[places]),
        )
        blocks.append([part.numpy().astype(np.float64)[:count] for part in sums])
    log_sum, log_sum_of_squares = (np.concatenate(part) for part in zip(*blocks, strict=True))
    log_size = math.log(draws)
    # The relative variance of a weight, from its first two moments.
    excess = np.exp(log_sum_of_squares + log_size - 2.0 * log_sum) - 1.0
    correction = draws / (draws - 1) if draws > 1 else math.nan
    effective = np.exp(2.0 * log_sum - log_sum_of_squares)
    _warn_of_few(effective, draws)
    return MarginalLikelihood(
        estimate=log_sum - log_size,
        standard_error=np.sqrt(np.maximum(excess, 0.0) * correction / draws),
        effective_sample_size=effective,
        event_size=math.prod(vae.event_shape),
    )


def _warn_of_few(effective: np.ndarray, draws: int) -> None:
    """Warns if the draws of a row are worth too few of the exact posterior to believe them."""
    # Not "few < limit": a weight that is not a number must not pass for a good one.
    few = int(np.sum(~(effective >= _FEWEST_TO_BELIEVE)))
    if few:
        warnings.warn(
            f"The effective sample size is below {_FEWEST_TO_BELIEVE:g} for {few} of "
            f"{len(effective)} rows (the smallest is {effective.min():.1f} of {draws} draws): "
            "their estimates are probably too low and their standard errors too small; raise "
            "`importance_sample_size`.",
            stacklevel=3,
        )


@tf.function(jit_compile=True, reduce_retracing=True, autograph=False)
def _log_weight_sums(
    vae: VAE,
    x: tf.Tensor,
    seed: tf.Tensor,
    draws: tf.Tensor,
    condition: tf.Tensor | None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the logarithms of the sum of the weights and of their squares, `[B]` each."""
    batch = vae.distributions(x, seeds.fold_in(seed, 2**32 - 1), condition)
    nothing = tf.fill(tf.shape(x)[:1], tf.constant(-math.inf, batch.posterior.dtype))

    def more(index: tf.Tensor, log_sum: tf.Tensor, log_squares: tf.Tensor) -> Any:
        z = batch.posterior.sample(_DRAWS_AT_ONCE, seed=seeds.fold_in(seed, index))
        log_weights = batch.log_weights(z)
        wanted = index * _DRAWS_AT_ONCE + tf.range(_DRAWS_AT_ONCE) < draws
        log_weights = tf.where(wanted[:, None], log_weights, -math.inf)
        return (
            index + 1,
            _log_add(log_sum, tf.reduce_logsumexp(log_weights, axis=0)),
            _log_add(log_squares, tf.reduce_logsumexp(2.0 * log_weights, axis=0)),
        )

    _, log_sum, log_squares = tf.while_loop(
        lambda index, *_: index * _DRAWS_AT_ONCE < draws,
        more,
        (tf.constant(0), nothing, nothing),
        parallel_iterations=1,
    )
    return log_sum, log_squares


def _log_add(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    return tf.reduce_logsumexp(tf.stack([first, second]), axis=0)
