"""Rate and distortion of one or several models."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tfp_vae import checks, seeds
from tfp_vae.evaluation.row_batches import checked_rows, row_batches
from tfp_vae.evaluation.text_tables import table, with_error
from tfp_vae.model import VAE


class RateDistortion(NamedTuple):
    """Rate and distortion of M models on the same rows, in nats, the lowest rate first.

    Attributes:
      names: The names of the models.
      rate: The mean KL of q(z|x) from the prior, `[M]`.
      rate_standard_error: Its standard error from the spread over the rows, `[M]`.
      distortion: The mean of -log p(x|z), `[M]`; it can be negative for densities.
      distortion_standard_error: Its standard error, `[M]`.
      elbo_standard_error: The standard error of their sum, `[M]`.

    Example:
      >>> point = evaluation.rate_distortion(vae, x)
      >>> bool(point.elbo == -(point.rate + point.distortion))
      True
    """

    names: tuple[str, ...]
    rate: np.ndarray
    rate_standard_error: np.ndarray
    distortion: np.ndarray
    distortion_standard_error: np.ndarray
    elbo_standard_error: np.ndarray

    @property
    def elbo(self) -> np.ndarray:
        """The evidence lower bound, -(rate + distortion), `[M]`."""
        negative_elbo: np.ndarray = self.rate + self.distortion
        return -negative_elbo

    def __str__(self) -> str:
        columns = (
            (self.rate, self.rate_standard_error),
            (self.distortion, self.distortion_standard_error),
            (self.elbo, self.elbo_standard_error),
        )
        rows = [["model", "rate (nats)", "distortion (nats)", "ELBO (nats)"]] + [
            [name, *(with_error(float(each[m]), float(error[m])) for each, error in columns)]
            for m, name in enumerate(self.names)
        ]
        return table(rows)


def rate_distortion(
    models: Mapping[str, VAE] | VAE,
    x: Any,
    sample_size: int = 1,
    seed: seeds.Seed = 0,
    batch_size: int = 500,
    condition: Any = None,
) -> RateDistortion:
    """Measures the rate, the KL in nats, and the distortion, -log p(x|z) in nats, of models.

    Models of equal ELBO lie on a line of slope -1: at one end autoencoders of a high rate, at the
    other models whose decoder ignores z. Models trained with different `kl_weight` trace the
    rate-distortion curve of their networks.

    Args:
      models: Models by their names, or one model.
      x: Data, `[N, *event]`, at least two rows.
      sample_size: The number of draws from the posterior for every row.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed; the same for all models.
      batch_size: The number of rows scored at once.
      condition: y, `[N, ...]`, for models of p(x|y).

    Returns:
      A `RateDistortion`, in nats; print it.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If there is no model, `x` does not fit one or has one row, or a size is not
        positive.

    Example:
      >>> point = evaluation.rate_distortion(vae, x)
      >>> bool(np.isclose(point.elbo, evaluation.elbo(vae, x).elbo)[0])
      True

    Source: Alemi et al. (2018), "Fixing a broken ELBO", section 3.
    """
    if isinstance(models, VAE):
        models = {"model": models}
    checks.instance_of(models, Mapping, "models", "{'beta 1': vae, 'beta 4': other_vae}")
    if not models:
        raise ValueError("`models` must hold at least one model; got none.")
    sample_size = checks.positive_int(sample_size, "sample_size")
    key = seeds.as_seed(seed)
    means, errors = [], []
    for name, vae in models.items():
        checks.instance_of(vae, VAE, f"models[{name!r}]", "tfp_vae.VAE.for_data(x)")
        rows = checked_rows(vae, x, batch_size, condition)
        if len(rows) < 2:
            raise ValueError("`x` must hold at least two rows, for a standard error; got one.")
        terms = [
            vae.elbo(batch.x, sample_size, batch.seed, batch.condition)
            for batch in row_batches(rows, batch_size, key, condition)
        ]
        rate, log_likelihood = (
            np.concatenate([getattr(each, name).numpy() for each in terms]).astype(np.float64)
            for name in ("kl_divergence", "log_likelihood")
        )
        values = np.stack([rate, -log_likelihood, rate - log_likelihood])
        means.append(values.mean(axis=1))
        errors.append(values.std(axis=1, ddof=1) / np.sqrt(len(rows)))
    mean, error = np.array(means), np.array(errors)
    order = np.argsort(mean[:, 0], kind="stable")
    mean, error = mean[order], error[order]
    return RateDistortion(
        names=tuple(np.array(list(models))[order].tolist()),
        rate=mean[:, 0],
        rate_standard_error=error[:, 0],
        distortion=mean[:, 1],
        distortion_standard_error=error[:, 1],
        elbo_standard_error=error[:, 2],
    )
