"""Unsupervised disentanglement ranking: models whose latents other runs find again are better."""

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import checks, divergences, seeds
from tfp_vae.evaluation.disentanglement_scores.records import UnsupervisedDisentanglementRanking
from tfp_vae.evaluation.disentanglement_scores.relative_strength import (
    SIMILARITIES,
    relative_strength,
)
from tfp_vae.evaluation.row_batches import checked_rows, row_batches
from tfp_vae.model import VAE

_INFORMATIVE_NATS = 0.01
"""The mean KL from which a latent is informative, as of Duan et al. (2020)."""


def unsupervised_disentanglement_ranking(
    vaes: Sequence[VAE],
    x: Any,
    similarity: str = "lasso",
    seed: seeds.Seed = 0,
    batch_size: int = 500,
    condition: Any = None,
) -> UnsupervisedDisentanglementRanking:
    """Ranks models by disentanglement without known factors.

    Disentangled models of the same data are alike up to the order and the signs of their latents;
    entangled ones differ from run to run. The models should be of one kind, trained from different
    seeds: five or more, since the score is a median over the others. It finds the better of two
    kinds, or of two settings, by the scores within each.

    Latents are compared by their posterior means. Those with a mean KL of at most 0.01 nats are
    left out; where the KL does not factorise over the latents, those that are not active.

    Args:
      vaes: Two models or more.
      x: Data, `[N, *event]`, at least two rows.
      similarity: "lasso", the weights of a sparse linear regression of one model's latents on the
        other's, by which equal latents score 0.9; or "spearman", their rank correlation.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed, for a random `preprocess`.
      batch_size: The number of rows encoded at once.
      condition: y, `[N, ...]`, for models of p(x|y).

    Returns:
      An `UnsupervisedDisentanglementRanking`; print it.

    Raises:
      ImportError: If scikit-learn is not installed.
      TypeError: If an argument is of the wrong kind.
      ValueError: If there are fewer than two models or rows, `x` does not fit a model, or
        `similarity` is unknown.

    Example:
      >>> ranking = evaluation.unsupervised_disentanglement_ranking([vae, vae], x, "spearman")
      >>> bool(ranking.score[0] == ranking.score[1])
      True

    Source: Duan et al. (2020), "Unsupervised model selection for variational disentangled
    representation learning".
    """
    checks.instance_of(vaes, Sequence, "vaes", "[vae, other_vae]")
    if len(vaes) < 2:
        raise ValueError(f"`vaes` must hold two models or more; got {len(vaes)}.")
    for place, vae in enumerate(vaes):
        checks.instance_of(vae, VAE, f"vaes[{place}]", "tfp_vae.VAE.for_data(x)")
    if importlib.util.find_spec("sklearn") is None:
        raise ImportError(
            "evaluation.unsupervised_disentanglement_ranking needs scikit-learn: pip install "
            "'tfp-vae[sklearn]'."
        )
    similar = SIMILARITIES[checks.one_of(similarity, SIMILARITIES, "similarity")]
    key = seeds.as_seed(seed)
    latents = [_informative_means(vae, x, key, batch_size, condition) for vae in vaes]
    pairwise = np.full([len(vaes), len(vaes)], np.nan)
    for one, other in np.argwhere(np.isnan(pairwise)):
        if one != other:
            pairwise[one, other] = _pair_score(similar, latents[other], latents[one])
    return UnsupervisedDisentanglementRanking(
        score=np.nanmedian(pairwise, axis=1),
        pairwise_score=pairwise,
        informative_latents=np.array([each.shape[1] for each in latents]),
    )


def _pair_score(
    similar: Callable[[np.ndarray, np.ndarray], np.ndarray], one: np.ndarray, other: np.ndarray
) -> float:
    if not one.shape[1] or not other.shape[1]:
        return 0.0
    return relative_strength(similar(one, other))


def _informative_means(
    vae: VAE, x: Any, key: tf.Tensor, batch_size: int, condition: Any
) -> np.ndarray:
    """Returns the posterior means of the informative latents, `[N, A]`."""
    rows = checked_rows(vae, x, batch_size, condition)
    if len(rows) < 2:
        raise ValueError("`x` must hold at least two rows, to compare latents; got one.")
    means, kls = [], []
    for batch in row_batches(rows, batch_size, key, condition):
        known = vae.distributions(batch.x, seeds.split(batch.seed, 2)[0], batch.condition)
        means.append(known.posterior.mean().numpy())
        kls.append(divergences.kl_divergence_per_dimension(known.posterior, known.prior))
    mean = np.concatenate(means).astype(np.float64)
    known_kls = [kl.numpy() for kl in kls if kl is not None]
    if len(known_kls) < len(kls):
        return mean[:, divergences.active_units(mean)]
    return mean[:, np.concatenate(known_kls).mean(axis=0) > _INFORMATIVE_NATS]
