"""The simplest honest models of the same data: independent columns, and factor analysis."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfp_vae import checks, factor_analysis, likelihoods, supports
from tfp_vae.evaluation.elbo import ELBOSummary
from tfp_vae.evaluation.row_batches import checked_rows, read_rows
from tfp_vae.model import VAE

_ROWS_AT_ONCE = 1000
_LARGE_MEAN = 20.0
_FEWEST_TRAINING_ROWS, _FEWEST_ROWS = 10, 5
"""Of a normal fitted to 10 rows, a new value has 0.3 nats less than of the true one, on average;
of 3 rows and less the average is infinite. Two standard errors of 5 rows cover 88 %."""


class Baselines(NamedTuple):
    """What simple models reach on rows held out, in nats for each row.

    Attributes:
      independent_columns: The mean log-probability of the rows under independent columns, in the
        family of the model's likelihood; of the values that are not missing. Of counts with an
        offset the columns are in proportion to the row's total or exposure.
      factor_analysis: The mean log-density under factor analysis with as many latents as the model;
        None where a value is missing, and unless every column is real-valued, or holds counts of a
        mean of at least 20, of which a density is nearly the probability; and of a likelihood with
        an offset, since it does not know the totals or exposures.
      training_rows: The number of rows that the simple models were fitted to.
      rows: The number of rows held out.

    Example:
      >>> known = evaluation.baselines(vae, x, x)
      >>> known.are_telling
      True
      >>> known.verdict(evaluation.elbo(vae, x)).split(":")[0]
      'The ELBO is below independent columns'
    """

    independent_columns: float
    factor_analysis: float | None
    training_rows: int
    rows: int

    @property
    def are_telling(self) -> bool:
        """Whether there are rows enough to compare, 10 of training and 5 held out."""
        return self.training_rows >= _FEWEST_TRAINING_ROWS and self.rows >= _FEWEST_ROWS

    def verdict(self, summary: ELBOSummary) -> str:
        """Says in words what a model is worth beside them, given its ELBO of the same rows.

        A difference within two standard errors of the ELBO does not count.

        Args:
          summary: The result of `evaluation.elbo`.

        Returns:
          A sentence or two.
        """
        if not self.are_telling:
            return (
                f"There are too few rows to compare the model with simple ones: "
                f"{self.training_rows} of training and {self.rows} held out; it takes "
                f"{_FEWEST_TRAINING_ROWS} and {_FEWEST_ROWS}."
            )
        error = 0.0 if np.isnan(summary.standard_error) else 2.0 * summary.standard_error
        if summary.elbo < self.independent_columns - error:
            return (
                "The ELBO is below independent columns: the model has learned nothing of what the "
                "columns share; train it for longer, or look at its data."
            )
        if summary.elbo <= self.independent_columns + error:
            verdict = "The model is as good as independent columns, and no better."
            if self.factor_analysis is not None and summary.elbo < self.factor_analysis - error:
                verdict += (
                    " Factor analysis, which is linear, is better: train the model for longer, "
                    "until it converges."
                )
            return verdict
        if self.factor_analysis is None:
            return "The model is better than independent columns."
        if summary.elbo < self.factor_analysis - error:
            return (
                "The model is worse than factor analysis, which is linear: train it for longer, "
                "until it converges."
            )
        if summary.elbo <= self.factor_analysis + error:
            return "The model is as good as factor analysis, which is linear."
        return "The model is better than factor analysis and independent columns."


def baselines(
    vae: VAE, x_train: Any, x: Any, condition_train: Any = None, condition: Any = None
) -> Baselines:
    """Fits independent columns and factor analysis to training rows, and scores others.

    Args:
      vae: The model, whose likelihood and number of latents are taken.
      x_train: The rows that the model was trained on, `[N, *event]`.
      x: Rows held out, `[M, *event]`.
      condition_train: The y of `x_train`, `[N, ...]`, for a model of p(x|y). Of y the simple models
        take exposures alone.
      condition: The y of `x`, `[M, ...]`.

    Returns:
      A `Baselines`.

    Raises:
      TypeError: If `vae` is no model, or the data holds no real numbers.
      ValueError: If the data or a condition does not fit the model.

    Example:
      >>> known = evaluation.baselines(vae, x, x)
      >>> bool(known.factor_analysis > known.independent_columns)
      True

    Source: Barber (2012), "Bayesian Reasoning and Machine Learning", chapter 21, for factor
    analysis.
    """
    checks.instance_of(vae, VAE, "vae", "tfp_vae.VAE.for_data(x)")
    (train, seen, given), (rows, observed, exposure) = (
        _prepared(
            vae, read_rows(checked_rows(vae, values, _ROWS_AT_ONCE, y, name, f"condition{end}")), y
        )
        for values, y, name, end in (
            (x_train, condition_train, "x_train", "_train"),
            (x, condition, "x", ""),
        )
    )
    layer = vae.decoder.likelihood
    columns_fn = likelihoods.marginal_distribution_fn(layer, train, seen, given)
    scores = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        x_block, seen_block, exposure_block = (
            None if each is None else tf.convert_to_tensor(each[start : start + _ROWS_AT_ONCE])
            for each in (rows, observed, exposure)
        )
        marginal = columns_fn(layer.known_of(x_block, seen_block, exposure_block))
        if seen_block is not None:
            marginal = layer.of_observed(marginal, seen_block)
        scores.append(marginal.log_prob(x_block).numpy())
    linear = None
    whole = layer.offsets is None and all(
        each is None or bool(each.all()) for each in (seen, observed)
    )
    if whole and _is_real_valued(layer.support, train):
        latents = vae.encoder.posterior.latent_size
        analysis = factor_analysis.fit(train.reshape(len(train), -1), latents)
        linear = float(analysis.log_prob(rows.reshape(len(rows), -1).astype(np.float64)).mean())
    columns_mean = float(np.concatenate(scores).mean(dtype=np.float64))
    return Baselines(columns_mean, linear, len(train), len(rows))


def _prepared(
    vae: VAE, x: np.ndarray, y: Any
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Returns prepared rows, which of their values are observed, and exposures, or None each."""
    prepared, observed = vae.pipeline.prepared(x)
    exposure = vae.pipeline.exposures_in(y)
    seen, given = (None if each is None else each.numpy() for each in (observed, exposure))
    return prepared.numpy(), seen, given


def _is_real_valued(support: supports.Support | supports.Columns, x: np.ndarray) -> bool:
    """Returns whether a density is a fair score of every column of rows `[N, *event]`."""
    if isinstance(support, supports.Columns):
        return all(_is_real_valued(part, x[:, list(columns)]) for columns, part, _ in support.parts)
    if not support.integers:
        return True
    return np.isinf(support.upper) and bool((x.mean(axis=0) >= _LARGE_MEAN).all())
