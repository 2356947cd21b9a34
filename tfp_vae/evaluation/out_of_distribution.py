"""Out-of-distribution scores: whether rows come from the training distribution."""

import math
from typing import Any, NamedTuple

import numpy as np

from tfp_vae import checks, seeds
from tfp_vae.evaluation.row_batches import checked_rows, row_batches
from tfp_vae.evaluation.text_tables import standard_error, table, with_error
from tfp_vae.model import VAE


class OutOfDistribution(NamedTuple):
    """Out-of-distribution scores of every row.

    Attributes:
      elbo: The ELBO of every row, in nats, `[N]`; lower is more likely out of distribution.
      atypicality: The distance of a row's ELBO from the mean of the reference, in nats, `[N]`;
        higher is more likely out of distribution.
      p_value: The share of reference rows at least as atypical, the row itself included, `[N]`.
      reference_elbo: The ELBO of every reference row, in nats, `[M]`.
      reference_atypicality: The distance of each of these from the mean of the others, `[M]`.

    Example:
      >>> scores = evaluation.out_of_distribution(vae, x + 9.0, x)
      >>> scores.area_by_elbo, scores.area_by_atypicality
      (1.0, 1.0)
    """

    elbo: np.ndarray
    atypicality: np.ndarray
    p_value: np.ndarray
    reference_elbo: np.ndarray
    reference_atypicality: np.ndarray

    @property
    def area_by_elbo(self) -> float:
        """AUROC of the negative ELBO, with `x` as the out-of-distribution class; 0.5 is chance."""
        return _area(-self.elbo, -self.reference_elbo)

    @property
    def area_by_atypicality(self) -> float:
        """AUROC of atypicality, with `x` as the out-of-distribution class; 0.5 is chance."""
        return _area(self.atypicality, self.reference_atypicality)

    def __str__(self) -> str:
        rows = [["", "mean ELBO (nats)"]]
        for name, values in (("reference", self.reference_elbo), ("rows", self.elbo)):
            mean = with_error(float(values.mean()), standard_error(values))
            rows.append([f"{len(values)} {name}", mean])
        counts = len(self.elbo), len(self.reference_elbo)
        areas = [["score", "AUROC"]] + [
            [name, with_error(area, _area_standard_error(area, *counts))]
            for name, area in (
                ("negative ELBO", self.area_by_elbo),
                ("atypicality", self.area_by_atypicality),
            )
        ]
        summary = f"{np.mean(self.p_value <= 0.05):.1%} of the rows have a p-value of at most 0.05."
        return "\n\n".join([table(rows), table(areas), summary])


def out_of_distribution(
    vae: VAE,
    x: Any,
    reference: Any,
    sample_size: int = 10,
    seed: seeds.Seed = 0,
    batch_size: int = 500,
) -> OutOfDistribution:
    """Scores rows for being out of the distribution of a reference.

    Low log p(x) alone is unreliable: a model often gives simpler data of another kind a higher
    density than its own, such as smooth images after training on detailed ones (Nalisnick et al.
    2019, "Do deep generative models know what they don't know?"). Atypicality is the typicality
    test for one row: the absolute difference of log p(x) from its mean over the reference. It needs
    neither a second model nor a codec, so that it applies to every kind of data; it cannot detect
    rows whose log p(x) is typical of the reference. The ELBO stands for log p(x) here.

    Args:
      vae: The model.
      x: The rows to score, `[N, *event]`.
      reference: Held-out rows of the training distribution, `[M, *event]`, at least two.
      sample_size: The number of draws from the posterior for every row.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.
      batch_size: The number of rows scored at once.

    Returns:
      An `OutOfDistribution`, in nats; print it.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` or `reference` does not fit the model, there are fewer than two reference
        rows, or a size is not positive.

    Example:
      >>> evaluation.out_of_distribution(vae, x[:1], reference=x[1:]).atypicality.shape
      (1,)

    Source: Nalisnick et al. (2019), "Detecting out-of-distribution inputs to deep generative models
    using typicality", section 3.
    """
    sample_size = checks.positive_int(sample_size, "sample_size")
    known = checked_rows(vae, reference, batch_size, None, "reference")
    if len(known) < 2:
        raise ValueError("`reference` must hold at least two rows, for a standard error; got one.")
    rows = checked_rows(vae, x, batch_size, None)
    row_seed, reference_seed = seeds.split(seeds.as_seed(seed), 2)
    bound, reference_bound = (
        np.concatenate(
            [
                vae.elbo(batch.x, sample_size, batch.seed).elbo.numpy()
                for batch in row_batches(each, batch_size, each_seed, None)
            ]
        ).astype(np.float64)
        for each, each_seed in ((rows, row_seed), (known, reference_seed))
    )
    count, mean = len(reference_bound), reference_bound.mean()
    # For a reference row, the distance from the mean of the other ones.
    reference_atypicality = np.abs(reference_bound - mean) * count / (count - 1)
    atypicality = np.abs(bound - mean)
    at_least = count - np.searchsorted(np.sort(reference_atypicality), atypicality, side="left")
    return OutOfDistribution(
        elbo=bound,
        atypicality=atypicality,
        p_value=(at_least + 1) / (count + 1),
        reference_elbo=reference_bound,
        reference_atypicality=reference_atypicality,
    )


def _area(outlier: np.ndarray, reference: np.ndarray) -> float:
    """Returns the probability that an outlier's score is the higher one, a tie counting as half."""
    reference = np.sort(reference)
    below = np.searchsorted(reference, outlier, side="left")
    not_above = np.searchsorted(reference, outlier, side="right")
    return float(np.mean(below + not_above) / (2.0 * len(reference)))


def _area_standard_error(area: float, outliers: int, references: int) -> float:
    """Returns the standard error of an AUROC by Hanley & McNeil (1982), equations 1 and 2."""
    one, other = area / (2.0 - area), 2.0 * area**2 / (1.0 + area)
    variance = (
        area * (1.0 - area)
        + (outliers - 1) * (one - area**2)
        + (references - 1) * (other - area**2)
    )
    return math.sqrt(max(variance, 0.0) / (outliers * references))
