"""The ELBO whose KL is held at a capacity."""

from typing import Any, ClassVar

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks
from tfp_vae.objectives import schedules
from tfp_vae.objectives.base import Objective
from tfp_vae.objectives.likelihood_fn import LikelihoodFn
from tfp_vae.objectives.sampled_bound import sampled_bound
from tfp_vae.objectives.schedules import AnySchedule
from tfp_vae.objectives.terms import ObjectiveTerms


@keras.saving.register_keras_serializable(package="tfp_vae.objectives")
class CapacityELBO(Objective):
    """The objective of Burgess et al. (2018): the mean KL is held at a capacity C that may grow.

    It is E[log p(x|z)] less gamma times the distance of KL from C ("Understanding disentangling in
    beta-VAE"), where KL is the mean of KL(q(z|x)‖p(z)) over the batch: the nats that the latents
    carry. The paper lets C grow linearly from 0 to 25 nats over 100,000 steps, with gamma = 1,000.

    The objective of a row depends on the other rows of the batch; its `elbo` does not.

    Args:
      capacity: C, in nats: a number, or a schedule, called with the training step.
      weight: gamma.
      sample_size: The number of draws from the posterior for every example.

    Call with:
      x, posterior, prior, likelihood_fn, seed, step: As of `Objective`.

    Returns:
      `ObjectiveTerms`, `[B]` each, in nats.

    Raises:
      TypeError: If an argument is neither a number nor, for `capacity`, a schedule.
      ValueError: If a number is negative, or `sample_size` not positive.

    Example:
      >>> growing = objectives.LinearWarmUp(steps=100_000, end=25.0)
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> decoder = lambda z: tfd.MultivariateNormalDiag(z, np.ones([2]))
      >>> terms = objectives.CapacityELBO(growing)(
      ...     np.zeros([3, 2]), posterior=q, prior=q[0], likelihood_fn=decoder, seed=0, step=0)
      >>> bool(np.all(terms.objective == terms.log_likelihood))
      True
    """

    rows_are_independent: ClassVar[bool] = False

    def __init__(
        self, capacity: float | AnySchedule, weight: float = 1000.0, sample_size: int = 1
    ) -> None:
        self.capacity = schedules.number_or_schedule(capacity, "capacity")
        self.weight = checks.finite_number(weight, "weight", minimum=0.0)
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
        """Computes the bound, and how far the mean KL is from the capacity."""
        terms = sampled_bound(x, posterior, prior, likelihood_fn, self.sample_size, seed).terms
        capacity = schedules.value_at(self.capacity, step, terms.kl_divergence.dtype)
        distance = tf.abs(tf.reduce_mean(terms.kl_divergence) - capacity)
        return terms._replace(objective=terms.log_likelihood - self.weight * distance)

    @property
    def schedules(self) -> dict[str, AnySchedule]:
        """The capacity, if it follows a schedule."""
        return {"capacity": self.capacity} if isinstance(self.capacity, AnySchedule) else {}

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal objective."""
        return {
            "capacity": schedules.serialized(self.capacity),
            "weight": self.weight,
            "sample_size": self.sample_size,
        }

    def shown_arguments(self) -> dict[str, Any]:
        """Returns the arguments, with a schedule as an object."""
        return {**self.get_config(), "capacity": self.capacity}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "CapacityELBO":
        """Makes an objective of what `get_config` returned."""
        return cls(**{**config, "capacity": schedules.deserialized(config["capacity"])})
