"""The marginal likelihood of every row, by importance sampling or annealed importance sampling."""

import math
import warnings
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfp_vae import checks, seeds
from tfp_vae.evaluation.annealed_importance_sampling import (
    annealed_log_weights,
    check_latents_are_unbounded,
    temperatures,
)
from tfp_vae.evaluation.row_batches import checked_rows, read_rows
from tfp_vae.evaluation.text_tables import standard_error, table, with_error
from tfp_vae.model import VAE
from tfp_vae.row_chunks import row_chunks

_ROWS_AT_ONCE = 20
_DRAWS_AT_ONCE = 100
_DRAWS = 5000
_CHAINS = 16
_FEWEST_DRAWS, _LEAST_SHARE = 10.0, 0.1


class MarginalLikelihood(NamedTuple):
    """An importance-sampling estimate for every row, in nats.

    Attributes:
      estimate: log p(x), `[N]`. Its expectation is a lower bound, which rises with the sample size.
      standard_error: The standard error of `estimate`, `[N]`, by the delta method. It is
        underestimated where the effective sample size is small.
      effective_sample_size: (sum of weights)² / (sum of squared weights), `[N]`: the number of
        draws from the exact posterior that are worth as much.
      event_size: The number of values in a row.

    Example:
      >>> found = evaluation.log_marginal_likelihood(vae, x, importance_sample_size=100)
      >>> found.estimate.shape, found.bits_per_dimension.shape
      ((20,), (20,))
      >>> bool(found.mean == found.estimate.mean()), found.mean_standard_error > 0.0
      (True, True)
    """

    estimate: np.ndarray
    standard_error: np.ndarray
    effective_sample_size: np.ndarray
    event_size: int

    @property
    def mean(self) -> float:
        """The mean of the estimates over the rows, in nats."""
        return float(self.estimate.mean())

    @property
    def mean_standard_error(self) -> float:
        """The standard error of `mean`, from the spread over the rows; NaN for one row."""
        return standard_error(self.estimate)

    @property
    def bits_per_dimension(self) -> np.ndarray:
        """The negative of log p(x) in bits per value of a row, `[N]`; lower is better."""
        return -self.estimate / self.event_size / math.log(2.0)

    def __str__(self) -> str:
        sizes = self.effective_sample_size
        bits = 1.0 / self.event_size / math.log(2.0)
        return table(
            [
                [f"{len(self.estimate)} rows", ""],
                ["log p(x), nats per example", with_error(self.mean, self.mean_standard_error)],
                [
                    "bits per dimension",
                    with_error(-bits * self.mean, bits * self.mean_standard_error),
                ],
                ["effective sample size, minimum", f"{sizes.min():.1f}"],
                ["effective sample size, median", f"{np.median(sizes):.1f}"],
            ]
        )


def log_marginal_likelihood(
    vae: VAE,
    x: Any,
    importance_sample_size: int | None = None,
    seed: seeds.Seed = 0,
    condition: Any = None,
    method: str = "importance_sampling",
    annealing_steps: int = 500,
) -> MarginalLikelihood:
    """Estimates log p(x) of every row, by importance sampling or by annealed importance sampling.

    With "importance_sampling" the posterior is the proposal. A compiled loop takes a few draws for
    a few rows at a time: memory grows neither with the sample size nor with the number of rows.
    With "ais" chains move from the prior to the exact posterior in small steps, by Hamiltonian
    Monte Carlo. It does not use the encoder, so that it is a check on the first estimate, at a cost
    of about 22 gradients of the decoder for every chain and step. If it is higher by more than the
    errors of both, the encoder is a poor proposal and the first estimate is too low.

    Args:
      vae: The model.
      x: Data, `[N, *event]`; of a row with missing values it is p of the observed ones.
      importance_sample_size: The number of draws for every row, by default 5000; with "ais" the
        number of chains, by default 16.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.
      condition: y, `[N, ...]`, for a model of p(x|y), of which it is then the logarithm.
      method: "importance_sampling" or "ais".
      annealing_steps: The number of steps of "ais" from the prior to the posterior.

    Returns:
      A `MarginalLikelihood` of arrays `[N]`, in nats; print it.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` does not fit the model, a size is not positive, `method` is unknown, or
        `method` is "ais" and the support of the prior is a part of the real numbers.

    Warns:
      UserWarning: If the effective sample size of a row is below 10 and below a tenth of the
        sample size.

    Example:
      >>> evaluation.log_marginal_likelihood(vae, x, 100, seed=0).estimate.shape
      (20,)

    Source: Burda et al. (2015), "Importance weighted autoencoders", equation 8; Rezende et al.
    (2014), "Stochastic backpropagation", appendix E; Neal (2001), "Annealed importance sampling",
    equation 11; Wu et al. (2017), "On the quantitative analysis of decoder-based generative
    models", section 3.
    """
    rows = checked_rows(vae, x, _ROWS_AT_ONCE, condition)
    annealed = checks.one_of(method, ["importance_sampling", "ais"], "method") == "ais"
    if importance_sample_size is None:
        importance_sample_size = _CHAINS if annealed else _DRAWS
    draws = checks.positive_int(importance_sample_size, "importance_sample_size")
    path = tf.constant(temperatures(checks.positive_int(annealing_steps, "annealing_steps")))
    key = seeds.as_seed(seed)
    if annealed:
        first = None if condition is None else checks.array(condition, "condition")[:1]
        check_latents_are_unbounded(vae, first)
    y = None if condition is None else checks.array(condition, "condition")
    weigh = vae.compiled_function(annealed_log_weights if annealed else _log_weight_sums)
    blocks = []
    for start, count, places in row_chunks(len(rows), _ROWS_AT_ONCE):
        own = tf.convert_to_tensor(read_rows(rows, places))
        given = None if y is None else tf.convert_to_tensor(y[places])
        own_seed = seeds.fold_in(key, start)
        if annealed:
            log_weights = weigh(own, own_seed, draws, path, given)
            sums = [tf.reduce_logsumexp(power * log_weights, axis=0) for power in (1.0, 2.0)]
        else:
            sums = weigh(own, own_seed, tf.constant(draws), given)
        blocks.append([part.numpy().astype(np.float64)[:count] for part in sums])
    log_sum, log_squares = (np.concatenate(part) for part in zip(*blocks, strict=True))
    result = _from_weight_sums(log_sum, log_squares, draws, math.prod(vae.event_shape))
    _warn_of_few_draws(result.effective_sample_size, draws)
    return result


def _from_weight_sums(
    log_sum: np.ndarray, log_squares: np.ndarray, draws: int, event_size: int
) -> MarginalLikelihood:
    """Returns the estimate from the logarithms of the sum of weights and of squares, `[N]` each."""
    log_size = math.log(draws)
    # The relative variance of a weight, from its first two moments.
    excess = np.exp(log_squares + log_size - 2.0 * log_sum) - 1.0
    correction = draws / (draws - 1) if draws > 1 else math.nan
    return MarginalLikelihood(
        estimate=log_sum - log_size,
        standard_error=np.sqrt(np.maximum(excess, 0.0) * correction / draws),
        effective_sample_size=np.exp(2.0 * log_sum - log_squares),
        event_size=event_size,
    )


def _warn_of_few_draws(effective_sample_size: np.ndarray, draws: int) -> None:
    least = min(_FEWEST_DRAWS, _LEAST_SHARE * draws)
    # Not "size < least", which is false for NaN.
    few = int((~(effective_sample_size >= least)).sum())
    if few:
        warnings.warn(
            f"{few} of {len(effective_sample_size)} rows have an effective sample size below "
            f"{least:g} of {draws} draws: their log p(x) is likely too low and its standard error "
            "too small. Raise `importance_sample_size`, or compare with "
            'method="ais" and more `annealing_steps`.',
            stacklevel=3,
        )


def _log_weight_sums(
    vae: VAE,
    x: tf.Tensor,
    seed: tf.Tensor,
    draws: tf.Tensor,
    condition: tf.Tensor | None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the logarithms of the sum of the weights and of their squares, `[B]` each."""
    batch = vae.distributions(x, seeds.independent_seed(seed), condition)
    nothing = tf.fill(tf.shape(x)[:1], tf.constant(-math.inf, batch.posterior.dtype))

    def accumulate(
        index: tf.Tensor, log_sum: tf.Tensor, log_squares: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
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
        accumulate,
        (tf.constant(0), nothing, nothing),
        parallel_iterations=1,
    )
    return log_sum, log_squares


def _log_add(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    return tf.reduce_logsumexp(tf.stack([first, second]), axis=0)
