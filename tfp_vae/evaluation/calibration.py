"""Calibration of a likelihood: whether central intervals of p(x|z) cover as much as they claim."""

import math
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, likelihoods, seeds, stateless_random
from tfp_vae.evaluation.row_batches import checked_rows, row_batches
from tfp_vae.evaluation.text_tables import table, with_error
from tfp_vae.model import VAE

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
_VERDICT_LEVEL = 0.9
_ERRORS_OF_A_VERDICT = 3.0


class Calibration(NamedTuple):
    """Coverage of central intervals of p(x|z).

    Attributes:
      levels: The nominal levels of the intervals, `[K]`.
      coverage: The share of the data inside each interval, `[K]`.
      coverage_standard_error: Their standard errors, from the spread over the rows, `[K]`.
      residual_spread: The root mean square of (x - mean) / stddev, 1 for a calibrated scale and
        above 1 for one too small; NaN where p(x|z) has no standard deviation.
      residual_spread_standard_error: Its standard error.

    Example:
      >>> calibrated = evaluation.calibration(vae, x, levels=[0.5, 0.9])
      >>> calibrated.coverage_standard_error.shape
      (2,)
      >>> calibrated.verdict.startswith("The intervals of p(x|z) are ")
      True
    """

    levels: np.ndarray
    coverage: np.ndarray
    coverage_standard_error: np.ndarray
    residual_spread: float
    residual_spread_standard_error: float

    @property
    def verdict(self) -> str:
        """Whether spread and shape of the likelihood are calibrated, to three standard errors."""
        index = int(np.argmin(np.abs(self.levels - _VERDICT_LEVEL)))
        level, coverage = self.levels[index], self.coverage[index]
        finding = f"{level:.0%} intervals cover {coverage:.1%} of the values"
        error = self.coverage_standard_error[index]
        if not abs(coverage - level) > _ERRORS_OF_A_VERDICT * error:
            return f"The intervals of p(x|z) are calibrated within the sampling error: {finding}."
        if coverage < level:
            return (
                f"The intervals of p(x|z) are too narrow: {finding}. The model is overconfident; "
                "try fewer epochs, early stopping on held-out data, or a likelihood with heavier "
                "tails."
            )
        if self.residual_spread >= 1.0 - _ERRORS_OF_A_VERDICT * self.residual_spread_standard_error:
            return (
                f"The intervals of p(x|z) are right in spread but not in shape: {finding}, and the "
                "others are outliers. Try a likelihood with heavier tails, such as Student's t."
            )
        return (
            f"The intervals of p(x|z) are too wide: {finding}. Train longer, or take a likelihood "
            "that learns its spread."
        )

    def __str__(self) -> str:
        errors = zip(self.levels, self.coverage, self.coverage_standard_error, strict=True)
        rows = [["level", "coverage"]] + [
            [f"{level:.2f}", with_error(coverage, error)] for level, coverage, error in errors
        ]
        spread = with_error(self.residual_spread, self.residual_spread_standard_error)
        return "\n\n".join(
            [table(rows), table([["RMS of (x - mean) / stddev", spread]]), self.verdict]
        )


def calibration(
    vae: VAE,
    x: Any,
    levels: Any = LEVELS,
    seed: seeds.Seed = 0,
    batch_size: int = 500,
    condition: Any = None,
) -> Calibration:
    """Measures the coverage of central intervals of p(x|z), with z drawn from q(z|x).

    If the model is true and the posterior exact, the pair of x and z is a draw of the model, and
    the cumulative distribution function (CDF) of p(x|z) at x is uniform: the coverage of every
    interval is its level. A difference means that the scale, the shape or the posterior is wrong.
    For whole numbers the CDF is randomised over its step at x.

    Args:
      vae: The model, with a likelihood whose values are independent given z and have a scale.
      x: Data, `[N, *event]`, at least two rows, preferably held out from training. Missing
        values are ignored.
      levels: The levels of the intervals, numbers between 0 and 1.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.
      batch_size: The number of rows scored at once.
      condition: y, `[N, ...]`, for a model of p(x|y).

    Returns:
      A `Calibration`; print it.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` does not fit the model or has one row, a level is not between 0 and 1, or
        the likelihood has no scale, or values that depend on each other: Bernoulli, Categorical,
        Product, Multinomial and DirichletMultinomial.

    Example:
      >>> evaluation.calibration(vae, x, levels=[0.5, 0.9]).coverage.shape
      (2,)

    Source: Dawid (1984), "Present position and potential developments: the prequential approach",
    section 5.3; Czado et al. (2009), "Predictive model assessment for count data", section 2.1
    (whole numbers).
    """
    wanted = _as_levels(levels)
    rows = checked_rows(vae, x, batch_size, condition)
    if len(rows) < 2:
        raise ValueError("`x` must hold at least two rows, for a standard error; got one.")
    _check_has_scale(vae.decoder.likelihood)
    held, squares = [], []
    for batch in row_batches(rows, batch_size, seeds.as_seed(seed), condition):
        preprocess_seed, draw_seed, step_seed = seeds.split(batch.seed, 3)
        known = vae.distributions(batch.x, preprocess_seed, batch.condition)
        values = known.decoder_fn(known.posterior.sample(seed=draw_seed)).distribution
        observed = vae.pipeline.prepared(batch.x, preprocess_seed)[1]
        weights = np.ones(known.x.shape) if observed is None else observed.numpy().astype(float)
        whole = vae.decoder.likelihood.support.integers
        transformed = _probability_integral_transform(values, known.x, whole, step_seed)
        level_of = np.abs(2.0 * transformed - 1.0)
        held.append([_row_means(level_of <= level, weights) for level in wanted])
        squares.append(_row_means(_residuals(values, known.x) ** 2, weights))
    inside, square = np.concatenate(held, axis=1), np.concatenate(squares)
    kept = np.isfinite(inside[0])  # NaN where all values of a row are missing.
    inside, square = inside[:, kept], square[kept]
    spread = math.sqrt(square.mean()) if np.isfinite(square).all() else math.nan
    scale = math.sqrt(len(square))
    return Calibration(
        levels=wanted,
        coverage=inside.mean(axis=1),
        coverage_standard_error=inside.std(axis=1, ddof=1) / scale,
        residual_spread=spread,
        # By the delta method, from that of the mean square.
        residual_spread_standard_error=float(square.std(ddof=1) / scale / (2.0 * spread)),
    )


def _as_levels(levels: Any) -> np.ndarray:
    values = checks.array(levels, "levels").astype(np.float64)
    if values.ndim != 1 or not values.size or not ((values > 0.0) & (values < 1.0)).all():
        raise ValueError(
            "`levels` must be a list of numbers between 0 and 1, such as [0.5, 0.9]; got "
            f"{levels!r}."
        )
    return values


def _check_has_scale(likelihood: likelihoods.Likelihood) -> None:
    without = (
        *(likelihoods.Bernoulli, likelihoods.Categorical, likelihoods.Product),
        *(likelihoods.Multinomial, likelihoods.DirichletMultinomial),
        likelihoods.AutoregressiveCategorical,
    )
    if isinstance(likelihood, without):
        raise ValueError(
            "`vae` must have a likelihood with a scale, such as Normal; "
            f"got a {type(likelihood).__name__}."
        )


def _probability_integral_transform(
    values: tfd.Distribution, x: tf.Tensor, whole: bool, seed: tf.Tensor
) -> np.ndarray:
    """Returns the CDF at `x`; for whole numbers, a uniform draw from its step there."""
    cdf: np.ndarray = values.cdf(x).numpy().astype(np.float64)
    if whole:
        share = stateless_random.uniform(tf.shape(x), seed).numpy().astype(np.float64)
        cdf = cdf - share * values.prob(x).numpy().astype(np.float64)
    return cdf


def _residuals(values: tfd.Distribution, x: tf.Tensor) -> np.ndarray:
    """Returns (x - mean) / stddev; NaN for a distribution without these moments."""
    try:
        residuals: np.ndarray = ((x - values.mean()) / values.stddev()).numpy()
    except NotImplementedError:
        return np.full(x.shape, np.nan)
    return residuals.astype(np.float64)


def _row_means(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Returns the mean of every row over the values of weight 1, `[B]`; NaN if there is none."""
    axes = tuple(range(1, values.ndim))
    count = weights.sum(axis=axes)
    total = np.where(weights > 0.0, values, 0.0).sum(axis=axes)
    return np.where(count > 0.0, total / np.maximum(count, 1.0), np.nan)
