"""The records of disentanglement: the scores of a model, and the ranks of several."""

import math
from typing import NamedTuple

import numpy as np

from tfp_vae.evaluation.text_tables import table, with_error

NEEDS_SCIKIT_LEARN = (
    "The beta-VAE score, DCI, separated attribute predictability and explicitness need "
    "scikit-learn: pip install 'tfp-vae[sklearn]'."
)


class Disentanglement(NamedTuple):
    """Disentanglement scores of L latents for F known factors; 1 is perfect for all of them.

    A standard error is that for the same model and other rows, or other votes. Those of the scores
    without one are not known in closed form: train with several seeds. Without scikit-learn the
    scores from `beta_vae_score` on are NaN.

    Attributes:
      mutual_information: Of every latent with every factor, in nats, `[L, F]`.
      entropy: Of every factor over the rows, in nats, `[F]`.
      gap: For every factor, the largest mutual information with a latent minus the second largest,
        divided by the factor's entropy, `[F]`.
      mutual_information_gap: The mean of `gap` over the factors.
      mutual_information_gap_standard_error: Its standard error, by the jackknife.
      factor_score: The accuracy of predicting the fixed factor from the latent that varies least.
      factor_score_standard_error: Its standard error.
      modularity: Whether every latent carries information on one factor alone: 1 minus the squared
        information on the other factors, relative to that on its own; the mean over the latents, of
        which an inactive one counts as 0.
      modularity_standard_error: Its standard error, by the jackknife.
      interventional_robustness: Whether every latent stays where it is while its factor does and
        the others change; 0 is a latent that moves as far as it ever does.
      beta_vae_score: The accuracy of a linear classifier of the fixed factor, from the mean
        absolute differences of the latents.
      beta_vae_score_standard_error: Its standard error.
      importance: Of every latent for the prediction of every factor by a random forest, `[L, F]`.
      dci_disentanglement: Whether every latent is important for one factor alone: 1 minus the
        entropy over the factors, divided by its maximum.
      dci_completeness: Whether every factor has one important latent alone, likewise.
      dci_informativeness: The mean accuracy of the forests on rows that they were not trained on.
      dci_informativeness_standard_error: Its standard error.
      separated_attribute_predictability: The balanced accuracy of the one latent that predicts a
        factor best minus that of the second best; the mean over the factors. It is perfect at 1
        minus the accuracy of chance.
      separated_attribute_predictability_standard_error: Its standard error.
      explicitness: The mean area under the ROC curve of linear classifiers of every value of every
        factor from all latents; 0.5 is chance.

    Example:
      >>> rows = np.tile(x, [3, 1])
      >>> scores = evaluation.disentanglement(vae, rows, rows[:, :1] > 0.0, votes=10)
      >>> scores.mutual_information.shape, scores.gap.shape, scores.importance.shape
      ((2, 1), (1,), (2, 1))
    """

    mutual_information: np.ndarray
    entropy: np.ndarray
    gap: np.ndarray
    mutual_information_gap: float
    mutual_information_gap_standard_error: float
    factor_score: float
    factor_score_standard_error: float
    modularity: float
    modularity_standard_error: float
    interventional_robustness: float
    beta_vae_score: float
    beta_vae_score_standard_error: float
    importance: np.ndarray
    dci_disentanglement: float
    dci_completeness: float
    dci_informativeness: float
    dci_informativeness_standard_error: float
    separated_attribute_predictability: float
    separated_attribute_predictability_standard_error: float
    explicitness: float

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
        totals = [
            [name.replace("_", " ").replace("dci", "DCI").replace("beta vae", "beta-VAE"), cell]
            for name, cell in self._cells().items()
        ]
        missing = [NEEDS_SCIKIT_LEARN] if math.isnan(self.beta_vae_score) else []
        return "\n\n".join([table(rows), table(totals), *missing])

    def _cells(self) -> dict[str, str]:
        """Returns the scores that have a number, each with its standard error."""
        values = self._asdict()
        return {
            name: with_error(value, values.get(f"{name}_standard_error", math.nan))
            for name, value in values.items()
            if isinstance(value, float) and not name.endswith("_standard_error")
            if not math.isnan(value)
        }


class UnsupervisedDisentanglementRanking(NamedTuple):
    """How far the latents of each of M models are those of the others.

    Attributes:
      score: The median of a model's row of `pairwise_score`, `[M]`; 1 is the most.
      pairwise_score: The similarity of every model's latents with those of every other, `[M, M]`;
        NaN for a model with itself. It is 1 if every latent of either has one counterpart alone.
        In row i the latents of model i are predicted from those of the others.
      informative_latents: The number of latents of each model that were compared, `[M]`.

    Example:
      >>> ranking = evaluation.unsupervised_disentanglement_ranking([vae, vae, vae], x)
      >>> ranking.score.shape, ranking.pairwise_score.shape, ranking.best
      ((3,), (3, 3), 0)
    """

    score: np.ndarray
    pairwise_score: np.ndarray
    informative_latents: np.ndarray

    @property
    def best(self) -> int:
        """The place of the model with the highest score among those that were compared."""
        return int(np.argmax(self.score))

    def __str__(self) -> str:
        rows = [["model", "UDR", "informative latents"]] + [
            [str(model), f"{self.score[model]:.3f}", str(self.informative_latents[model])]
            for model in np.argsort(-self.score, kind="stable")
        ]
        return table(rows)
