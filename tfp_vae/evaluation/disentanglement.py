"""Disentanglement: whether single latents follow single known factors of the data."""

import math
from typing import Any, NamedTuple

import numpy as np

from tfp_vae import checks, divergences, seeds
from tfp_vae.evaluation.row_batches import checked_rows, row_batches
from tfp_vae.evaluation.text_tables import table, with_error
from tfp_vae.model import VAE

_BINS = 20
_BLOCKS = 20
_ROWS_OF_A_VOTE = 64


class Disentanglement(NamedTuple):
    """Disentanglement scores of L latents for F known factors.

    Attributes:
      mutual_information: Of every latent with every factor, in nats, `[L, F]`.
      entropy: Of every factor over the rows, in nats, `[F]`.
      gap: For every factor, the largest mutual information with a latent minus the second largest,
        divided by the factor's entropy, `[F]`; 1 is perfect.
      mutual_information_gap: The mean of `gap` over the factors.
      mutual_information_gap_standard_error: Its standard error, by the jackknife.
      factor_score: The accuracy of predicting the fixed factor from the latent that varies least;
        1 is perfect.
      factor_score_standard_error: Its standard error.

    Example:
      >>> rows = np.tile(x, [3, 1])
      >>> scores = evaluation.disentanglement(vae, rows, rows[:, :1] > 0.0, votes=10)
      >>> scores.mutual_information.shape, scores.gap.shape
      ((2, 1), (1,))
    """

    mutual_information: np.ndarray
    entropy: np.ndarray
    gap: np.ndarray
    mutual_information_gap: float
    mutual_information_gap_standard_error: float
    factor_score: float
    factor_score_standard_error: float

    def __str__(self) -> str:
        best = np.argmax(self.mutual_information, axis=0)
        rows = [["factor", "entropy (nats)", "best latent", "mutual information", "gap"]] + [
            [
                str(factor),
                f"{self.entropy[factor]:.3f}",
                str(latent),
                f"{self.mutual_information[latent, factor]:.3f}",
                f"{self.gap[factor]:.3f}",
            ]
            for factor, latent in enumerate(best)
        ]
        gap = with_error(self.mutual_information_gap, self.mutual_information_gap_standard_error)
        score = with_error(self.factor_score, self.factor_score_standard_error)
        totals = [["mutual information gap", gap], ["factor score", score]]
        return "\n\n".join([table(rows), table(totals)])


def disentanglement(
    vae: VAE,
    x: Any,
    factors: Any,
    votes: int = 800,
    seed: seeds.Seed = 0,
    batch_size: int = 500,
    condition: Any = None,
) -> Disentanglement:
    """Scores how well single latents follow the known factors of the data.

    The mutual information is that of a factor and one draw z from q(z|x) for every row, in 20 bins
    of equal width, with the bias correction of Miller (1955). It uses a draw, not the posterior
    mean, since a latent that is mostly noise carries little information however exactly its mean
    follows a factor.

    For every vote of the factor score, rows are drawn in which one random factor has one value;
    the vote goes to the active latent whose mean varies least, relative to its standard deviation
    over all rows. The factor that each latent stands for is decided on a separate set of as many
    votes.

    Args:
      vae: The model.
      x: Data, `[N, *event]`.
      factors: The factors of every row, `[N, F]`, each with a few values; they should be
        independent of one another in the data.
      votes: The number of votes for the factor score.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.
      batch_size: The number of rows encoded at once.
      condition: y, `[N, ...]`, for a model of p(x|y).

    Returns:
      A `Disentanglement`; print it.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` does not fit the model, there are fewer than two latents or than forty
        rows, `factors` has another shape, or a factor has one value or as many as rows.

    Example:
      >>> rows = np.tile(x, [3, 1])
      >>> evaluation.disentanglement(vae, rows, factors=rows > 0.0).mutual_information.shape
      (2, 3)

    Source: Chen et al. (2018), "Isolating sources of disentanglement in variational autoencoders",
    equation 6 (the gap); Kim & Mnih (2018), "Disentangling by factorising", section 4 (the score);
    Locatello et al. (2019), "Challenging common assumptions in the unsupervised learning of
    disentangled representations" (20 bins).
    """
    votes = checks.positive_int(votes, "votes")
    rows = checked_rows(vae, x, batch_size, condition)
    codes = _as_codes(factors, len(rows))
    if vae.latent_size < 2:
        raise ValueError("`vae` must have at least two latents, to compare them; got one.")
    key = seeds.as_seed(seed)
    drawn, means = [], []
    for batch in row_batches(rows, batch_size, key, condition):
        preprocess_seed, draw_seed = seeds.split(batch.seed, 2)
        posterior = vae.distributions(batch.x, preprocess_seed, batch.condition).posterior
        drawn.append(posterior.sample(seed=draw_seed).numpy())
        means.append(posterior.mean().numpy())
    z, mean = (np.concatenate(part).astype(np.float64) for part in (drawn, means))
    generator = np.random.default_rng(key.numpy().view(np.uint32))
    counts = _counts(_binned(z), codes, generator.permutation(len(rows)) % _BLOCKS)
    information, entropy = _information_and_entropy(counts.sum(axis=0))
    gap = _gap(information, entropy)
    score = _factor_score(mean, codes, votes, generator)
    return Disentanglement(
        mutual_information=information,
        entropy=entropy,
        gap=gap,
        mutual_information_gap=float(gap.mean()),
        mutual_information_gap_standard_error=_jackknife(counts),
        factor_score=score,
        factor_score_standard_error=math.sqrt(score * (1.0 - score) / votes),
    )


def _as_codes(factors: Any, rows: int) -> np.ndarray:
    """Returns the factors with their values numbered from 0, `[N, F]`."""
    values = checks.array(factors, "factors")
    if values.ndim != 2 or len(values) != rows or not values.shape[1]:
        raise ValueError(
            f"`factors` must have shape [{rows}, factors], a row for each of `x`; got shape "
            f"{list(values.shape)}."
        )
    if rows < 2 * _BLOCKS:
        raise ValueError(f"`x` must hold at least {2 * _BLOCKS} rows; got {rows}.")
    checks.finite(values, "factors")
    columns = []
    for place, column in enumerate(values.T):
        found, code = np.unique(column, return_inverse=True)
        if not 1 < len(found) <= rows // 2:
            raise ValueError(
                f"`factors` must have from 2 to {rows // 2} values in every column, half as many as"
                f" rows; got {len(found)} in column {place}. Cut a continuous factor into bins."
            )
        columns.append(code)
    return np.stack(columns, axis=1)


def _binned(z: np.ndarray) -> np.ndarray:
    """Returns the bin of every value between the minimum and maximum of its latent, `[N, L]`."""
    lowest, highest = z.min(axis=0), z.max(axis=0)
    width = np.maximum(highest - lowest, np.finfo(np.float64).tiny)
    bins: np.ndarray = np.minimum((_BINS * ((z - lowest) / width)).astype(int), _BINS - 1)
    return bins


def _counts(bins: np.ndarray, codes: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """Returns the contingency tables of every latent's bins and every factor's values, by block.

    Returns:
      `[blocks, L, F, bins, values]`, zero for values that a factor does not have.
    """
    values = codes.max() + 1
    latents, factors = bins.shape[1], codes.shape[1]
    shape = (_BLOCKS, latents, factors, _BINS, values)
    places = np.ravel_multi_index(
        (
            blocks[:, None, None],
            np.arange(latents)[None, :, None],
            np.arange(factors)[None, None, :],
            bins[:, :, None],
            codes[:, None, :],
        ),
        shape,
    )
    return np.bincount(places.ravel(), minlength=math.prod(shape)).reshape(shape)


def _information_and_entropy(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mutual information `[L, F]` and the entropy `[F]` of counts, in nats.

    The entropy of m occupied cells in N rows is biased by -(m - 1) / 2N (Miller 1955, "Note on the
    bias of information estimates"), so that the sum of the three entropies is corrected by
    (m_bins + m_values - m_both - 1) / 2N.
    """
    of_bins, of_values = counts.sum(axis=-1), counts.sum(axis=-2)
    both = counts.reshape(*counts.shape[:2], -1)
    rows = both.sum(axis=-1)
    cells = [(each > 0).sum(axis=-1) for each in (of_bins, of_values, both)]
    entropies = [_entropy(each) for each in (of_bins, of_values, both)]
    plain = entropies[0] + entropies[1] - entropies[2]
    correction = (cells[0] + cells[1] - cells[2] - 1) / (2.0 * rows)
    return np.maximum(plain + correction, 0.0), entropies[1][0]


def _entropy(counts: np.ndarray) -> np.ndarray:
    shares = counts / counts.sum(axis=-1, keepdims=True)
    entropy: np.ndarray = -np.sum(shares * np.log(np.where(shares > 0.0, shares, 1.0)), axis=-1)
    return entropy


def _gap(information: np.ndarray, entropy: np.ndarray) -> np.ndarray:
    second, first = np.sort(information, axis=0)[-2:]
    gap: np.ndarray = (first - second) / entropy
    return gap


def _jackknife(counts: np.ndarray) -> float:
    """Returns the standard error of the mean gap, by the jackknife over blocks of rows."""
    whole = counts.sum(axis=0)
    gaps = [_gap(*_information_and_entropy(whole - block)).mean() for block in counts]
    return math.sqrt((len(gaps) - 1) * float(np.var(gaps)))


def _factor_score(
    mean: np.ndarray, codes: np.ndarray, votes: int, generator: np.random.Generator
) -> float:
    """Returns the share of votes for the factor that was held fixed."""
    active = divergences.active_units(mean)
    if not active.any():
        active[0] = True
    scaled = mean[:, active] / np.maximum(
        mean[:, active].std(axis=0, ddof=1), np.finfo(np.float64).tiny
    )
    rows_of = [
        [np.flatnonzero(column == value) for value in range(column.max() + 1)] for column in codes.T
    ]
    latents, factors = scaled.shape[1], codes.shape[1]
    tallies = np.zeros([2, latents, factors], int)
    for vote in range(2 * votes):
        factor = generator.integers(factors)
        value = codes[generator.integers(len(codes)), factor]
        group = generator.choice(rows_of[factor][value], _ROWS_OF_A_VOTE)
        tallies[vote % 2, np.argmin(scaled[group].var(axis=0)), factor] += 1
    deciding, counted = tallies
    named = np.argmax(deciding, axis=1)
    return float(counted[np.arange(latents), named].sum() / votes)
