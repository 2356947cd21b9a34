"""The ELBO less the total correlation of the latents, which a network estimates."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, seeds
from tfp_vae.objectives.base import Objective
from tfp_vae.objectives.density_ratio import DensityRatio
from tfp_vae.objectives.gradient_estimators import check_reparameterized
from tfp_vae.objectives.likelihood_fn import LikelihoodFn
from tfp_vae.objectives.sampled_bound import sampled_bound
from tfp_vae.objectives.terms import ObjectiveTerms


@keras.saving.register_keras_serializable(package="tfp_vae.objectives")
class FactorVAE(Objective):
    """The objective of Kim & Mnih (2018): the ELBO less a multiple of the total correlation.

    "Disentangling by factorising", equation 2: E[log p(x|z)] - KL(q(z|x)‖p(z)) - gamma TC, where
    TC = KL(q(z)‖Π q(zⱼ)) is the total correlation of the aggregate posterior. A network, the
    discriminator, estimates the log-ratio of the two densities at the draws: after every batch in
    training it takes a step, with an optimizer of its own, towards telling new draws from those
    with permuted latents. The paper's has six hidden layers of 1,000 units, and permutes the draws
    of another batch.

    A model has a discriminator of its own: `vae.objective` is a copy, whose `state` is saved with
    the model. Where no model has trained with it, the estimate is 0. `BetaTCVAE` weighs the same
    total correlation, estimated from the densities of the batch, without a network.

    Args:
      total_correlation_weight: gamma.
      units: The width of each hidden layer of the discriminator.
      learning_rate: The learning rate of the discriminator.
      sample_size: The number of draws from the posterior for every example.

    Call with:
      x, posterior, prior, likelihood_fn, seed, step: As of `Objective`.

    Returns:
      `ObjectiveTerms`, `[B]` each, in nats.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If the weight is negative, or another number not positive; in a model, if the
        latents are categorical.

    Example:
      >>> vae.objective = objectives.FactorVAE(total_correlation_weight=10.0, units=[32, 32])
      >>> vae.compile("adam", jit_compile=False)
      >>> history = vae.fit(x, epochs=1, verbose=0)
      >>> vae.objective.state(vae.encode(x)).shape  # log q(z) / Π q(zⱼ), as estimated
      TensorShape([20])
    """

    learns_across_rows: ClassVar[bool] = True

    def __init__(
        self,
        total_correlation_weight: float = 10.0,
        units: Sequence[int] = (256, 256, 256),
        learning_rate: float = 1e-4,
        sample_size: int = 1,
    ) -> None:
        self.total_correlation_weight = checks.finite_number(
            total_correlation_weight, "total_correlation_weight", minimum=0.0
        )
        self.units = checks.positive_ints(units, "units")
        self.learning_rate = checks.finite_number(
            learning_rate, "learning_rate", minimum=0.0, exclusive=True
        )
        self.sample_size = checks.positive_int(sample_size, "sample_size")

    def for_model(self, latent_size: int, dtype: str) -> Self:
        """Returns a copy with a discriminator of its own."""
        return self._with_state(DensityRatio(latent_size, self.units, self.learning_rate, dtype))

    def terms(
        self,
        x: tf.Tensor,
        posterior: tfd.Distribution,
        prior: tfd.Distribution,
        likelihood_fn: LikelihoodFn,
        seed: tf.Tensor,
        step: int | tf.Tensor | None,
    ) -> ObjectiveTerms:
        """Computes the bound, and the estimated total correlation of the same draws."""
        del step
        z, _, terms = sampled_bound(x, posterior, prior, likelihood_fn, self.sample_size, seed)
        if not isinstance(self.state, DensityRatio):
            return terms
        total_correlation = tf.reduce_mean(self.state(z), axis=0)
        return terms._replace(
            objective=terms.elbo - self.total_correlation_weight * total_correlation
        )

    def learn(
        self,
        posterior: tfd.Distribution,
        terms: ObjectiveTerms,
        seed: tf.Tensor,
        step: int | tf.Tensor | None,
    ) -> None:
        """Takes a step of the discriminator on new draws of the batch."""
        del terms, step
        if isinstance(self.state, DensityRatio):
            of_draws, of_order = seeds.split(seed, 2)
            self.state.learn(tf.stop_gradient(posterior.sample(seed=of_draws)), of_order)

    def check_pair(self, posterior: tfd.Distribution, prior: tfd.Distribution) -> None:
        """Checks that the latents are drawn.

        Raises:
          ValueError: If the posterior is not reparameterised.
        """
        super().check_pair(posterior, prior)
        check_reparameterized(posterior)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal objective."""
        return {
            "total_correlation_weight": self.total_correlation_weight,
            "units": self.units,
            "learning_rate": self.learning_rate,
            "sample_size": self.sample_size,
        }
