"""The mutual information gap: how much more the best latent tells of a factor than the second."""

import math
from typing import NamedTuple

import numpy as np

from tfp_vae.evaluation.disentanglement_scores.jackknife import jackknife_standard_error

_BINS = 20
_BLOCKS = 20

FEWEST_ROWS = 2 * _BLOCKS
"""Two for every block of the jackknife."""


class MutualInformationGap(NamedTuple):
    """The mutual information of latents with factors, in nats, and its gaps.

    Attributes:
      information: Of every latent with every factor, `[L, F]`.
      entropy: Of every factor, `[F]`.
      gap: The two largest of every factor, their difference divided by the entropy, `[F]`.
      standard_error: That of the mean gap.
      leave_one_out: The information without each of the blocks of rows, `[blocks, L, F]`.
    """

    information: np.ndarray
    entropy: np.ndarray
    gap: np.ndarray
    standard_error: float
    leave_one_out: np.ndarray


def mutual_information_gap(
    z: np.ndarray, codes: np.ndarray, generator: np.random.Generator
) -> MutualInformationGap:
    """Returns the mutual information of draws with factors, and its gaps.

    Args:
      z: One draw from the posterior of every row, `[N, L]`, at least `FEWEST_ROWS` rows.
      codes: The factors of every row, whole numbers from 0, `[N, F]`.
      generator: Draws the blocks of the jackknife.

    Source: Chen et al. (2018), "Isolating sources of disentanglement in variational autoencoders",
    equation 6.
    """
    counts = _counts(_binned(z), codes, generator.permutation(len(z)) % _BLOCKS)
    whole = counts.sum(axis=0)
    information, entropy = _information_and_entropy(whole)
    without = [_information_and_entropy(whole - block) for block in counts]
    return MutualInformationGap(
        information=information,
        entropy=entropy,
        gap=_gap(information, entropy),
        standard_error=jackknife_standard_error([float(_gap(*each).mean()) for each in without]),
        leave_one_out=np.stack([each for each, _ in without]),
    )


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
