"""The beta-TCVAE objective: the KL is decomposed, with a weight for each part."""

from typing import Any, ClassVar

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, divergences, seeds
from tfp_vae.objectives.base import Objective, check_one_prior
from tfp_vae.objectives.likelihood_fn import LikelihoodFn
from tfp_vae.objectives.sampled_bound import sampled_bound
from tfp_vae.objectives.terms import ObjectiveTerms


@keras.saving.register_keras_serializable(package="tfp_vae.objectives")
class BetaTCVAE(Objective):
    """The beta-TCVAE of Chen et al. (2018): a weight for each of three parts of the KL.

    The objective is E[log p(x|z)] - alpha I(x; z) - beta TC(z) - gamma Σ KL(q(z_j)‖p(z_j)), from
    "Isolating sources of disentanglement in variational autoencoders", equation 4: the mutual
    information of an example and its latents, the total correlation of the latents, and the KL of
    each latent. `divergences.decomposed_kl_divergence` estimates the three from the batch; they add
    up to the KL. The objective is therefore computed as the evidence lower bound, with the exact KL
    if there is one, less (alpha - 1), (beta - 1) and (gamma - 1) times a part: the same in
    expectation, and with all weights 1 the bound itself.

    The objective of a row depends on the other rows and on the batch size; its `elbo` does not. A
    batch must be a random choice of different examples, as `fit` makes it.

    Args:
      data_size: The number of examples N in the training data.
      total_correlation_weight: beta.
      mutual_information_weight: alpha.
      dimension_wise_kl_weight: gamma.
      aggregate_estimator: "minibatch_weighted" (equation 3) or "minibatch_stratified" (after
        appendix C.2), which estimates q(z) without bias.
      sample_size: The number of draws from the posterior for every example.

    Call with:
      x, posterior, prior, likelihood_fn, seed, step: As of `Objective`.

    Returns:
      `ObjectiveTerms`, `[B]` each, in nats.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If a size is not positive, a weight negative or the estimator unknown; when it is
        called, if the latents of the posterior or the prior are not independent, or the prior has
        a batch shape.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> p = tfd.MultivariateNormalDiag(np.zeros([2]), np.ones([2]))
      >>> decoder = lambda z: tfd.MultivariateNormalDiag(z, np.ones([2]))
      >>> objective = objectives.BetaTCVAE(data_size=3, total_correlation_weight=1.0)
      >>> terms = objective(np.zeros([3, 2]), posterior=q, prior=p, likelihood_fn=decoder, seed=0)
      >>> bool(np.all(terms.objective == terms.elbo))
      True
    """

    rows_are_independent: ClassVar[bool] = False

    def __init__(
        self,
        data_size: int,
        total_correlation_weight: float = 6.0,
        mutual_information_weight: float = 1.0,
        dimension_wise_kl_weight: float = 1.0,
        aggregate_estimator: str = "minibatch_weighted",
        sample_size: int = 1,
    ) -> None:
        self.data_size = checks.positive_int(data_size, "data_size")
        self.total_correlation_weight = checks.finite_number(
            total_correlation_weight, "total_correlation_weight", minimum=0.0
        )
        self.mutual_information_weight = checks.finite_number(
            mutual_information_weight, "mutual_information_weight", minimum=0.0
        )
        self.dimension_wise_kl_weight = checks.finite_number(
            dimension_wise_kl_weight, "dimension_wise_kl_weight", minimum=0.0
        )
        self.aggregate_estimator = checks.one_of(
            aggregate_estimator, divergences.AGGREGATE_ESTIMATORS, "aggregate_estimator"
        )
        self.sample_size = checks.positive_int(sample_size, "sample_size")

    def terms(
        self,
        x: tf.Tensor,
        posterior: tfd.Distribution,
        prior: tfd.Distribution,
        likelihood_fn: LikelihoodFn,
        seed: tf.Tensor,
        step: int | tf.Tensor | None,
    ) -> ObjectiveTerms:
        """Computes the bound and the weighted objective from the same draws."""
        del step
        z, _, terms = sampled_bound(x, posterior, prior, likelihood_fn, self.sample_size, seed)
        parts = self._decomposition(posterior, prior, z)
        return terms._replace(
            objective=terms.elbo
            - (self.mutual_information_weight - 1.0) * parts.index_code_mutual_information
            - (self.total_correlation_weight - 1.0) * parts.total_correlation
            - (self.dimension_wise_kl_weight - 1.0) * parts.dimension_wise_kl_divergence,
        )

    def decomposition(
        self, posterior: tfd.Distribution, prior: tfd.Distribution, seed: seeds.Seed = None
    ) -> divergences.KLDecomposition:
        """Estimates the three parts of the KL from the same draws as the objective.

        Args:
          posterior: q(z|x) of a random batch of different examples, batch `[B]`, event `[L]`.
          prior: p(z), batch `[]`, event `[L]`.
          seed: An int, a `[2]` integer tensor, or None for a fresh seed.

        Returns:
          A `divergences.KLDecomposition`, `[B]` each, in nats.

        Raises:
          ValueError: If the latents are not independent, or the prior has a batch shape.

        Example:
          >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
          >>> parts = objectives.BetaTCVAE(data_size=3).decomposition(q, q[0], seed=0)
          >>> parts.total_correlation.shape
          TensorShape([3])
        """
        z = posterior.sample(self.sample_size, seed=seeds.as_seed(seed))
        return self._decomposition(posterior, prior, z)

    def check_pair(self, posterior: tfd.Distribution, prior: tfd.Distribution) -> None:
        """Checks that the latents are independent given x, and under the prior.

        Raises:
          ValueError: If they are not, if the prior has a batch shape, or if the posterior is not
            reparameterised.
        """
        super().check_pair(posterior, prior)
        self._check_parts(posterior, prior)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal objective."""
        return {
            "data_size": self.data_size,
            "total_correlation_weight": self.total_correlation_weight,
            "mutual_information_weight": self.mutual_information_weight,
            "dimension_wise_kl_weight": self.dimension_wise_kl_weight,
            "aggregate_estimator": self.aggregate_estimator,
            "sample_size": self.sample_size,
        }

    def _decomposition(
        self, posterior: tfd.Distribution, prior: tfd.Distribution, z: tf.Tensor
    ) -> divergences.KLDecomposition:
        self._check_parts(posterior, prior)
        return divergences.decomposed_kl_divergence(
            posterior, prior, z, self.data_size, self.aggregate_estimator
        )

    def _check_parts(self, posterior: tfd.Distribution, prior: tfd.Distribution) -> None:
        check_one_prior(prior)
        for name, value in (("posterior", posterior), ("prior", prior)):
            if divergences.latent_factors(value) is None:
                raise ValueError(
                    f"`{name}` must have independent latents, since the objective weighs their "
                    f"total correlation; got a {type(value).__name__}."
                )
