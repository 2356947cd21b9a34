"""The DIP-VAE objective: the ELBO, with the covariance of the latents drawn to the identity."""

from typing import Any, ClassVar

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks
from tfp_vae.objectives.base import Objective
from tfp_vae.objectives.likelihood_fn import LikelihoodFn
from tfp_vae.objectives.sampled_bound import sampled_bound
from tfp_vae.objectives.terms import ObjectiveTerms


@keras.saving.register_keras_serializable(package="tfp_vae.objectives")
class DIPVAE(Objective):
    """The DIP-VAE of Kumar et al. (2018): the latents' covariance C is drawn to the identity.

    The objective is the evidence lower bound less a Σ_{i≠j} C_ij² + b Σ_i (C_ii - 1)², from
    "Variational inference of disentangled latent concepts from unlabeled observations". C is the
    covariance of the posterior means over the rows of the batch (their DIP-VAE-I), or that of the
    aggregate posterior, which adds the mean of the posteriors' covariances to it (DIP-VAE-II). Sums
    over the batch are divided by B.

    The objective of a row depends on the other rows of the batch; its `elbo` does not. A batch
    should have many more rows than there are latents.

    Args:
      off_diagonal_weight: a, in nats.
      diagonal_weight: b, in nats. The paper uses 10 a for the posterior means, and a for the
        aggregate posterior.
      covariance: "posterior_means" or "aggregate_posterior".
      sample_size: The number of draws from the posterior for every example.

    Call with:
      x, posterior, prior, likelihood_fn, seed, step: As of `Objective`.

    Returns:
      `ObjectiveTerms`, `[B]` each, in nats.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If a weight is negative, `covariance` unknown or `sample_size` not positive; when
        it is called, if the posterior has no mean, or no covariance, in closed form.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> decoder = lambda z: tfd.MultivariateNormalDiag(z, np.ones([2]))
      >>> objective = objectives.DIPVAE(10.0, 10.0, covariance="aggregate_posterior")
      >>> terms = objective(
      ...     np.zeros([3, 2]), posterior=q, prior=q[0], likelihood_fn=decoder, seed=0)
      >>> bool(np.all(terms.objective == terms.elbo))
      True
    """

    rows_are_independent: ClassVar[bool] = False

    def __init__(
        self,
        off_diagonal_weight: float,
        diagonal_weight: float,
        covariance: str = "posterior_means",
        sample_size: int = 1,
    ) -> None:
        self.off_diagonal_weight = checks.finite_number(
            off_diagonal_weight, "off_diagonal_weight", minimum=0.0
        )
        self.diagonal_weight = checks.finite_number(diagonal_weight, "diagonal_weight", minimum=0.0)
        self.covariance = checks.one_of(
            covariance, ["posterior_means", "aggregate_posterior"], "covariance"
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
        """Computes the bound, and the penalty of the batch."""
        del step
        covariance = self._covariance(posterior)
        terms = sampled_bound(x, posterior, prior, likelihood_fn, self.sample_size, seed).terms
        diagonal = tf.linalg.diag_part(covariance)
        off_diagonal = tf.linalg.set_diag(covariance, tf.zeros_like(diagonal))
        penalty = self.off_diagonal_weight * tf.reduce_sum(off_diagonal**2)
        penalty += self.diagonal_weight * tf.reduce_sum((diagonal - 1.0) ** 2)
        return terms._replace(objective=terms.elbo - penalty)

    def check_pair(self, posterior: tfd.Distribution, prior: tfd.Distribution) -> None:
        """Checks that the posterior has the moments that the penalty is made of.

        Raises:
          ValueError: If it has not, or its draws are not reparameterised.
        """
        super().check_pair(posterior, prior)
        self._covariance(posterior)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal objective."""
        return {
            "off_diagonal_weight": self.off_diagonal_weight,
            "diagonal_weight": self.diagonal_weight,
            "covariance": self.covariance,
            "sample_size": self.sample_size,
        }

    def _covariance(self, posterior: tfd.Distribution) -> tf.Tensor:
        """Returns C, `[L, L]`, over the rows of a batch."""
        try:
            means, covariances = posterior.mean(), posterior.covariance()
        except NotImplementedError:
            raise ValueError(
                "`posterior` must have a mean and a covariance in closed form, which the objective "
                f"draws to the identity; got a {type(posterior).__name__}."
            ) from None
        centred = means - tf.reduce_mean(means, axis=0)
        size = tf.cast(tf.shape(means)[0], means.dtype)
        of_means = tf.matmul(centred, centred, transpose_a=True) / size
        if self.covariance == "posterior_means":
            return of_means
        return of_means + tf.reduce_mean(covariances, axis=0)
