"""Disentanglement: whether single latents follow single known factors of the data."""

import importlib.util
import math
import warnings
from typing import Any

import numpy as np

from tfp_vae import checks, divergences, seeds
from tfp_vae.evaluation.disentanglement_scores.beta_vae_score import beta_vae_score
from tfp_vae.evaluation.disentanglement_scores.dci import DCI, dci
from tfp_vae.evaluation.disentanglement_scores.explicitness import explicitness
from tfp_vae.evaluation.disentanglement_scores.factor_vae_score import factor_vae_score
from tfp_vae.evaluation.disentanglement_scores.interventional_robustness import (
    interventional_robustness,
)
from tfp_vae.evaluation.disentanglement_scores.jackknife import jackknife_standard_error
from tfp_vae.evaluation.disentanglement_scores.modularity import modularity
from tfp_vae.evaluation.disentanglement_scores.mutual_information_gap import (
    FEWEST_ROWS,
    mutual_information_gap,
)
from tfp_vae.evaluation.disentanglement_scores.records import NEEDS_SCIKIT_LEARN, Disentanglement
from tfp_vae.evaluation.disentanglement_scores.separated_attribute_predictability import (
    separated_attribute_predictability,
)
from tfp_vae.evaluation.row_batches import checked_rows, row_batches
from tfp_vae.model import VAE


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

    The mutual information, of which the gap and the modularity are made, is that of a factor and
    one draw z from q(z|x) for every row, in 20 bins of equal width, with the bias correction of
    Miller (1955). It uses a draw, not the posterior mean, since a latent that is mostly noise
    carries little information however exactly its mean follows a factor. All other scores are of
    the posterior means.

    For every vote of the factor score, rows are drawn in which one random factor has one value;
    the vote goes to the active latent whose mean varies least, relative to its standard deviation
    over all rows. The factor that each latent stands for is decided on a separate set of as many
    votes. So is the classifier of the beta-VAE score trained, whose votes are pairs of rows.

    DCI, separated attribute predictability and explicitness train classifiers on a random half of
    the rows, and test them on the other half. DCI is that of random forests, as in its source;
    Locatello et al. (2019) used boosted trees.

    Args:
      vae: The model.
      x: Data, `[N, *event]`.
      factors: The factors of every row, `[N, F]`, each with a few values; they should be
        independent of one another in the data.
      votes: The number of votes for the factor score, and for the beta-VAE score.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.
      batch_size: The number of rows encoded at once.
      condition: y, `[N, ...]`, for a model of p(x|y).

    Returns:
      A `Disentanglement`; print it. Without scikit-learn the scores that need it are NaN, and a
      warning says so.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` does not fit the model, there are fewer than two latents or than forty
        rows, `factors` has another shape, or a factor has one value or as many as rows.

    Example:
      >>> rows = np.tile(x, [3, 1])
      >>> evaluation.disentanglement(vae, rows, factors=rows > 0.0).mutual_information.shape
      (2, 3)

    Source: Chen et al. (2018), "Isolating sources of disentanglement in variational autoencoders",
    equation 6 (the gap); Kim & Mnih (2018), "Disentangling by factorising", section 4 (the factor
    score); Higgins et al. (2017), "beta-VAE: Learning basic visual concepts with a constrained
    variational framework" (the beta-VAE score); Eastwood & Williams (2018), "A framework for the
    quantitative evaluation of disentangled representations" (DCI); Kumar et al. (2018),
    "Variational inference of disentangled latent concepts from unlabeled observations" (separated
    attribute predictability); Ridgeway & Mozer (2018), "Learning deep disentangled embeddings with
    the F-statistic loss" (modularity and explicitness); Suter et al. (2019), "Robustly disentangled
    causal mechanisms" (interventional robustness); Locatello et al. (2019), "Challenging common
    assumptions in the unsupervised learning of disentangled representations" (20 bins).
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
    known = mutual_information_gap(z, codes, generator)
    factor_score = factor_vae_score(mean, codes, votes, generator)
    # In a latent without information, what remains of the noise is as good as on one factor.
    active = divergences.active_units(mean)[:, None]
    return Disentanglement(
        mutual_information=known.information,
        entropy=known.entropy,
        gap=known.gap,
        mutual_information_gap=float(known.gap.mean()),
        mutual_information_gap_standard_error=known.standard_error,
        factor_score=factor_score,
        factor_score_standard_error=_share_standard_error(factor_score, votes),
        modularity=modularity(known.information * active),
        modularity_standard_error=jackknife_standard_error(
            [modularity(each * active) for each in known.leave_one_out]
        ),
        interventional_robustness=interventional_robustness(mean, codes),
        **_by_classifiers(mean, codes, votes, generator),
    )


def _by_classifiers(
    mean: np.ndarray, codes: np.ndarray, votes: int, generator: np.random.Generator
) -> dict[str, Any]:
    """Returns the scores that need scikit-learn, by their names; NaN where it is not installed."""
    if importlib.util.find_spec("sklearn") is None:
        warnings.warn(NEEDS_SCIKIT_LEARN, stacklevel=3)
        beta, predictability, explicit = math.nan, (math.nan, math.nan), math.nan
        forests = DCI(np.full([mean.shape[1], codes.shape[1]], math.nan), *[math.nan] * 4)
    else:
        beta = beta_vae_score(mean, codes, votes, generator)
        forests = dci(mean, codes, generator)
        predictability = separated_attribute_predictability(mean, codes, generator)
        explicit = explicitness(mean, codes, generator)
    return {
        "beta_vae_score": beta,
        "beta_vae_score_standard_error": _share_standard_error(beta, votes),
        "importance": forests.importance,
        "dci_disentanglement": forests.disentanglement,
        "dci_completeness": forests.completeness,
        "dci_informativeness": forests.informativeness,
        "dci_informativeness_standard_error": forests.informativeness_standard_error,
        "separated_attribute_predictability": predictability[0],
        "separated_attribute_predictability_standard_error": predictability[1],
        "explicitness": explicit,
    }


def _share_standard_error(share: float, votes: int) -> float:
    return math.sqrt(share * (1.0 - share) / votes)


def _as_codes(factors: Any, rows: int) -> np.ndarray:
    """Returns the factors with their values numbered from 0, `[N, F]`."""
    values = checks.array(factors, "factors")
    if values.ndim != 2 or len(values) != rows or not values.shape[1]:
        raise ValueError(
            f"`factors` must have shape [{rows}, factors], a row for each of `x`; got shape "
            f"{list(values.shape)}."
        )
    if rows < FEWEST_ROWS:
        raise ValueError(f"`x` must hold at least {FEWEST_ROWS} rows; got {rows}.")
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
