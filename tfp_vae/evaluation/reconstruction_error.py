"""Reconstruction error, in units of the data."""

import math
from typing import Any, NamedTuple

import numpy as np

from tfp_vae import likelihoods, seeds
from tfp_vae.evaluation.row_batches import checked_rows, row_batches
from tfp_vae.evaluation.text_tables import standard_error, table, with_error
from tfp_vae.model import VAE


class ReconstructionError(NamedTuple):
    """The reconstruction error of every row, as the mean over its observed values.

    Attributes:
      squared: The mean squared error, `[N]`; for class codes the error rate.
      absolute: The mean absolute error, `[N]`; for class codes the error rate.
      squared_of_mean: The squared error of predicting the mean of all rows, or for class codes the
        most frequent one, `[N]`.

    Example:
      >>> error = evaluation.reconstruction_error(vae, x)
      >>> error.squared.shape, bool(error.mean_squared == error.squared.mean())
      ((20,), True)
      >>> error.mean_squared_standard_error > 0.0, error.mean_absolute_standard_error > 0.0
      (True, True)
      >>> bool(error.mean_absolute**2 <= error.mean_squared), error.explained < 1.0
      (True, True)
    """

    squared: np.ndarray
    absolute: np.ndarray
    squared_of_mean: np.ndarray

    @property
    def mean_squared(self) -> float:
        """The mean over the rows of the mean squared error, in squared units of the data."""
        return float(self.squared.mean())

    @property
    def mean_absolute(self) -> float:
        """The mean over the rows of the mean absolute error, in units of the data."""
        return float(self.absolute.mean())

    @property
    def mean_squared_standard_error(self) -> float:
        """The standard error of `mean_squared`, from the spread over the rows; NaN for one row."""
        return standard_error(self.squared)

    @property
    def mean_absolute_standard_error(self) -> float:
        """The standard error of `mean_absolute`."""
        return standard_error(self.absolute)

    @property
    def explained(self) -> float:
        """The share of variance explained, 1 - squared error / squared error of the mean."""
        total = self.squared_of_mean.sum()
        return float(1.0 - self.squared.sum() / total) if total > 0.0 else math.nan

    def __str__(self) -> str:
        return table(
            [
                [f"{len(self.squared)} rows", ""],
                [
                    "mean squared error",
                    with_error(self.mean_squared, self.mean_squared_standard_error),
                ],
                [
                    "mean absolute error",
                    with_error(self.mean_absolute, self.mean_absolute_standard_error),
                ],
                ["variance explained", f"{self.explained:.1%}"],
            ]
        )


def reconstruction_error(
    vae: VAE,
    x: Any,
    seed: seeds.Seed = seeds.EVALUATION,
    batch_size: int = 500,
    condition: Any = None,
) -> ReconstructionError:
    """Measures the error of `vae.predict(x)`, in units of the data.

    The reconstruction is the mean of p(x|z) at the posterior mean, or for class codes the most
    probable one. It ignores the KL, so that it does not measure a model's likelihood: it decreases
    with every latent that is added.

    Args:
      vae: The model.
      x: Data, `[N, *event]`; missing values are ignored. With a preprocess layer the error is that
        of its outputs.
      seed: The seed of a random preprocess layer.
      batch_size: The number of rows reconstructed at once.
      condition: y, `[N, ...]`, for a model of p(x|y).

    Returns:
      A `ReconstructionError` of arrays `[N]`; print it. Rows without observed values are left out.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` does not fit the model, or `batch_size` is not positive.

    Example:
      >>> evaluation.reconstruction_error(vae, x).squared.shape
      (20,)
    """
    rows = checked_rows(vae, x, batch_size, condition)
    scored, predicted, known = [], [], []
    for batch in row_batches(rows, batch_size, seeds.as_seed(seed), condition):
        prepared, observed = vae.pipeline.prepared(batch.x, batch.seed)
        reconstruction = vae.reconstruct(batch.x, batch.seed, batch.condition)
        scored.append(prepared.numpy())
        predicted.append(vae.decoder.likelihood.prediction(reconstruction).numpy())
        known.append(np.ones(prepared.shape, bool) if observed is None else observed.numpy())
    x_scored, prediction, counts = (
        np.concatenate(part).reshape(len(rows), -1) for part in (scored, predicted, known)
    )
    values, prediction = x_scored.astype(np.float64), prediction.astype(np.float64)
    codes = _class_codes(vae.decoder.likelihood, values.shape[1])
    error = _errors(values, prediction, codes)
    weights = counts.astype(np.float64)
    some = weights.sum(axis=1) > 0.0
    squared, absolute, baseline = (
        (weights * each)[some].sum(axis=1) / weights[some].sum(axis=1)
        for each in (error**2, error, _errors(values, _centre(values, counts, codes), codes) ** 2)
    )
    return ReconstructionError(squared, absolute, baseline)


def _class_codes(likelihood: likelihoods.Likelihood, size: int) -> np.ndarray:
    """Returns which values of a row are class codes, `[size]`."""
    if isinstance(likelihood, (likelihoods.AutoregressiveCategorical, likelihoods.Categorical)):
        return np.ones(size, bool)
    codes = np.zeros(size, bool)
    if isinstance(likelihood, likelihoods.Product):
        for columns, part in zip(likelihood.columns, likelihood.parts, strict=True):
            codes[list(columns)] = _class_codes(part, len(columns))
    return codes


def _errors(values: np.ndarray, prediction: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Returns the absolute error of every value, and for class codes whether it is wrong."""
    error = np.abs(values - prediction)
    errors: np.ndarray = np.where(codes, (error > 0.5).astype(np.float64), error)
    return errors


def _centre(values: np.ndarray, counts: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Returns the mean of the observed values of every column, of codes the most frequent one."""
    centre = np.zeros(values.shape[1])
    for column, (all_values, observed) in enumerate(zip(values.T, counts.T, strict=True)):
        seen = all_values[observed]
        if not len(seen):
            continue
        if codes[column]:
            found, frequency = np.unique(seen, return_counts=True)
            centre[column] = found[np.argmax(frequency)]
        else:
            centre[column] = seen.mean()
    return centre
