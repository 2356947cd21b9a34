"""Whether rows come from the distribution that a model was trained on."""

import math
from typing import Any, NamedTuple

import numpy as np

from tfp_vae import checks, seeds
from tfp_vae.evaluation.row_batches import checked_rows, row_batches
from tfp_vae.evaluation.text_tables import table, with_error
from tfp_vae.model import VAE


class OutOfDistribution(NamedTuple):
    """Two scores of every row for being out of distribution; of both, higher is stranger.

    Attributes:
      elbo: The bound of log p(x) of every row, in nats, `[N]`. Its negative is the plain score.
      atypicality: How far the bound of a row is from the mean of the reference, in nats, `[N]`: the
        corrected score.
      p_value: The share of reference rows that are at least as atypical, the row among them, `[N]`.
      reference_elbo: The bound of every reference row, in nats, `[M]`.
      reference_atypicality: How far each of these is from the mean of the others, `[M]`.

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
        """The chance that a row's bound is lower than that of a reference row.

        This is the area under the receiver operating characteristic, if all rows are strangers;
        0.5 tells nothing apart.
        """
        return _area(-self.elbo, -self.reference_elbo)

    @property
    def area_by_atypicality(self) -> float:
        """The chance that a row is more atypical than a reference row."""
        return _area(self.atypicality, self.reference_atypicality)

    def __str__(self) -> str:
        strangers, own = len(self.elbo), len(self.reference_elbo)
        rows = [["", "mean ELBO (nats)"]]
        for name, values in (("reference", self.reference_elbo), ("rows", self.elbo)):
            error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
            rows.append([f"{len(values)} {name}", with_error(float(values.mean()), float(error))])
        areas = [["score", "area under the curve"]] + [
            [name, with_error(area, _area_standard_error(area, strangers, own))]
            for name, area in (
                ("ELBO, lower is stranger", self.area_by_elbo),
                ("atypicality", self.area_by_atypicality),
            )
        ]
        said = f"{np.mean(self.p_value <= 0.05):.1%} of the rows have a p-value of at most 0.05."
        return "\n\n".join([table(rows), table(areas), said])


def out_of_distribution(
    vae: VAE,
    x: Any,
    reference: Any,
    sample_size: int = 10,
    seed: seeds.Seed = 0,
    batch_size: int = 500,
) -> OutOfDistribution:
    """Scores rows for being out of the distribution of a reference.

    A low log p(x) alone is a poor sign: a model often gives simpler data of another kind more
    density than its own, as smooth images after training on rich ones (Nalisnick et al. 2019, "Do
    deep generative models know what they don't know?"). The corrected score is the test of
    typicality for one row: the distance of log p(x) from its mean over the reference, to either
    side. It needs no second model and no codec, so that it exists for every kind of data; it is
    blind to strangers whose log p(x) happens to be as large as the reference's. The bound stands
    for log p(x) here.

    Args:
      vae: The model.
      x: The rows to score, `[N, *event]`.
      reference: Rows of the distribution that the model was trained on, but held out from the
        training, `[M, *event]`, at least two.
      sample_size: The number of draws from the posterior for every row.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.
      batch_size: How many rows are scored at once.

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
        raise ValueError("`reference` must hold at least two rows, to tell their spread; got one.")
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
    # Its distance from the mean of the others, for a row that is one of those the mean is of.
    reference_atypicality = np.abs(reference_bound - mean) * count / (count - 1)
    atypicality = np.abs(bound - mean)
    stranger = count - np.searchsorted(np.sort(reference_atypicality), atypicality, side="left")
    return OutOfDistribution(
        elbo=bound,
        atypicality=atypicality,
        p_value=(stranger + 1) / (count + 1),
        reference_elbo=reference_bound,
        reference_atypicality=reference_atypicality,
    )


def _area(strange: np.ndarray, known: np.ndarray) -> float:
    """Returns the chance that a strange score is above a known one, a tie counting as half."""
    known = np.sort(known)
    below = np.searchsorted(known, strange, side="left")
    not_above = np.searchsorted(known, strange, side="right")
    return float(np.mean(below + not_above) / (2.0 * len(known)))


def _area_standard_error(area: float, strange: int, known: int) -> float:
    """Returns the standard error of an area by Hanley & McNeil (1982), equations 1 and 2."""
    one, other = area / (2.0 - area), 2.0 * area**2 / (1.0 + area)
    spread = area * (1.0 - area) + (strange - 1) * (one - area**2) + (known - 1) * (other - area**2)
    return math.sqrt(max(spread, 0.0) / (strange * known))
