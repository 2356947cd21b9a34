"""How much of the distance from the ELBO to log p(x) is due to the encoder, and to its family."""

from typing import Any, NamedTuple

import numpy as np

from tfp_vae import checks, seeds
from tfp_vae.evaluation.marginal_likelihood import log_marginal_likelihood
from tfp_vae.evaluation.row_batches import checked_rows, row_batches
from tfp_vae.evaluation.text_tables import standard_error, table, with_error
from tfp_vae.model import VAE
from tfp_vae.objectives import ELBO

_ROWS_AT_ONCE = 500


class InferenceGaps(NamedTuple):
    """What inference loses, for every row, in nats.

    Attributes:
      log_marginal_likelihood: An estimate of log p(x), `[N]`.
      refined_elbo: The ELBO of the best posterior of the family that was found for the row, `[N]`.
      elbo: The ELBO of the encoder's posterior, `[N]`.

    Example:
      >>> gaps = evaluation.inference_gaps(vae, x, importance_sample_size=100, steps=5)
      >>> gaps.approximation.shape, gaps.amortization.shape
      ((20,), (20,))
      >>> bool(np.allclose(gaps.approximation + gaps.amortization, gaps.inference))
      True
    """

    log_marginal_likelihood: np.ndarray
    refined_elbo: np.ndarray
    elbo: np.ndarray

    @property
    def approximation(self) -> np.ndarray:
        """What the family of the posterior cannot reach, log p(x) less the refined ELBO, `[N]`."""
        gap: np.ndarray = self.log_marginal_likelihood - self.refined_elbo
        return gap

    @property
    def amortization(self) -> np.ndarray:
        """What the encoder loses in its family, the refined ELBO less the encoder's, `[N]`."""
        gap: np.ndarray = self.refined_elbo - self.elbo
        return gap

    @property
    def inference(self) -> np.ndarray:
        """Both together, log p(x) less the encoder's ELBO, `[N]`."""
        gap: np.ndarray = self.log_marginal_likelihood - self.elbo
        return gap

    def __str__(self) -> str:
        lines = {
            "log p(x)": self.log_marginal_likelihood,
            "ELBO, refined": self.refined_elbo,
            "ELBO, encoder": self.elbo,
            "approximation gap": self.approximation,
            "amortisation gap": self.amortization,
        }
        return table(
            [[f"{len(self.elbo)} rows", "nats per example"]]
            + [
                [name, with_error(float(value.mean()), standard_error(value))]
                for name, value in lines.items()
            ]
        )


def inference_gaps(
    vae: VAE,
    x: Any,
    condition: Any = None,
    *,
    importance_sample_size: int | None = None,
    method: str = "importance_sampling",
    steps: int = 200,
    sample_size: int = 64,
    seed: seeds.Seed = 0,
) -> InferenceGaps:
    """Splits log p(x) less the ELBO into what the posterior's family and what the encoder loses.

    Every row's posterior is refined by `vae.refine`. If the approximation gap is large, a richer
    posterior helps, such as `posteriors.InverseAutoregressiveFlow`; if the amortisation gap is, a
    larger encoder or longer training.

    Args:
      vae: The model.
      x: Data, `[N, *event]`.
      condition: y, `[N, ...]`, for a model of p(x|y).
      importance_sample_size: As of `log_marginal_likelihood`.
      method: As of `log_marginal_likelihood`: "ais" does not rely on the encoder.
      steps: The number of steps of `vae.refine`.
      sample_size: The number of draws of every ELBO, the same for both.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.

    Returns:
      An `InferenceGaps` of arrays `[N]`, in nats; print it.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` does not fit the model, a size is not positive, or the posterior cannot be
        refined.

    Warns:
      UserWarning: As `log_marginal_likelihood` does, of rows whose log p(x) is likely too low.

    Example:
      >>> gaps = evaluation.inference_gaps(vae, x, importance_sample_size=100, steps=5)
      >>> bool(np.all(gaps.amortization > -1.0))
      True

    Source: Cremer et al. (2018), "Inference suboptimality in variational autoencoders".
    """
    rows = checked_rows(vae, x, _ROWS_AT_ONCE, condition)
    objective = ELBO(
        sample_size=checks.positive_int(sample_size, "sample_size"),
        gradient_estimator=vae.encoder.posterior.gradient_estimator,
    )
    key, estimate_seed = seeds.split(seeds.as_seed(seed), 2)
    refined: list[np.ndarray] = []
    amortized: list[np.ndarray] = []
    for batch in row_batches(rows, _ROWS_AT_ONCE, key, condition):
        refine_seed, draw_seed = seeds.split(batch.seed, 2)
        known = vae.distributions(batch.x, condition=batch.condition)
        better = vae.refine(batch.x, batch.condition, steps=steps, seed=refine_seed)
        for bounds, posterior in ((refined, better), (amortized, known.posterior)):
            terms = objective(
                known.x,
                posterior=posterior,
                prior=known.prior,
                likelihood_fn=known.likelihood_fn,
                seed=draw_seed,
            )
            bounds.append(terms.elbo.numpy().astype(np.float64))
    marginal = log_marginal_likelihood(
        vae, rows, importance_sample_size, estimate_seed, condition, method
    )
    return InferenceGaps(marginal.estimate, np.concatenate(refined), np.concatenate(amortized))
