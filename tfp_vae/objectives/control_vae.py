"""The ELBO whose KL weight a controller adjusts until the KL has a wanted value."""

from collections.abc import Callable
from typing import Any, Self

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, replica_context
from tfp_vae.objectives import schedules
from tfp_vae.objectives.base import Objective
from tfp_vae.objectives.likelihood_fn import LikelihoodFn
from tfp_vae.objectives.sampled_bound import sampled_bound
from tfp_vae.objectives.schedules import AnySchedule
from tfp_vae.objectives.terms import ObjectiveTerms


@keras.saving.register_keras_serializable(package="tfp_vae.objectives")
class ControlVAE(Objective):
    """The objective of Shao et al. (2020): a controlled KL weight brings the KL to a target.

    "ControlVAE: Controllable variational autoencoder", algorithm 1. The objective is
    E[log p(x|z)] - beta KL. After every batch in training a controller sets beta from the error
    e = `kl_target` - KL, where KL is the mean over the batch:

        I ← I - `integral_gain` e,   beta = `least_weight` + `proportional_gain` / (1 + exp(e)) + I,

    where I stays between 0 and `greatest_weight` - `least_weight`, so that it turns at once when
    the error does. A KL above the target raises beta, one below lowers it. With a small `kl_target`
    the latents carry few nats; with a large one they cannot collapse.

    A model has a controller of its own: `vae.objective` is a copy, whose beta is in its
    `kl_weight`, is logged under that name, and is saved with the model. Where no model has trained
    with it, beta is `least_weight`.

    Args:
      kl_target: The wanted mean KL, in nats: a number, or a schedule, called with the training
        step.
      proportional_gain: The gain of the proportional part, which is the most that it adds to beta.
      integral_gain: The gain of the integral part: by how much a KL one nat from the target changes
        beta, per step.
      least_weight: The least beta.
      greatest_weight: The greatest beta.
      sample_size: The number of draws from the posterior for every example.

    Call with:
      x, posterior, prior, likelihood_fn, seed, step: As of `Objective`.

    Returns:
      `ObjectiveTerms`, `[B]` each, in nats.

    Raises:
      TypeError: If an argument is neither a number nor, for `kl_target`, a schedule.
      ValueError: If a number is negative, `greatest_weight` not above `least_weight`, or
        `sample_size` not positive.

    Example:
      >>> vae.objective = objectives.ControlVAE(kl_target=2.0)
      >>> vae.compile("adam", jit_compile=False)
      >>> history = vae.fit(x, epochs=2, verbose=0)
      >>> float(vae.objective.kl_weight) > 0.0
      True
    """

    def __init__(
        self,
        kl_target: float | AnySchedule,
        proportional_gain: float = 0.01,
        integral_gain: float = 0.001,
        least_weight: float = 0.0,
        greatest_weight: float = 100.0,
        sample_size: int = 1,
    ) -> None:
        self.kl_target = schedules.number_or_schedule(kl_target, "kl_target")
        self.proportional_gain = checks.finite_number(
            proportional_gain, "proportional_gain", minimum=0.0
        )
        self.integral_gain = checks.finite_number(integral_gain, "integral_gain", minimum=0.0)
        self.least_weight = checks.finite_number(least_weight, "least_weight", minimum=0.0)
        self.greatest_weight = checks.finite_number(greatest_weight, "greatest_weight", minimum=0.0)
        if self.least_weight >= self.greatest_weight:
            raise ValueError(
                "`least_weight` must be below `greatest_weight`; got "
                f"{self.least_weight:g} and {self.greatest_weight:g}."
            )
        self.sample_size = checks.positive_int(sample_size, "sample_size")

    @property
    def kl_weight(self) -> tf.Tensor:
        """The current beta, a float scalar."""
        if isinstance(self.state, _Controller):
            return tf.convert_to_tensor(self.state.weight)
        return tf.constant(self.least_weight)

    def for_model(self, latent_size: int, dtype: str) -> Self:
        """Returns a copy with a controller of its own."""
        del latent_size
        return self._with_state(_Controller(self.least_weight, dtype))

    def terms(
        self,
        x: tf.Tensor,
        posterior: tfd.Distribution,
        prior: tfd.Distribution,
        likelihood_fn: LikelihoodFn,
        seed: tf.Tensor,
        step: int | tf.Tensor | None,
    ) -> ObjectiveTerms:
        """Computes the bound, and the objective with the current weight."""
        del step
        terms = sampled_bound(x, posterior, prior, likelihood_fn, self.sample_size, seed).terms
        weight = tf.cast(self.kl_weight, terms.kl_divergence.dtype)
        return terms._replace(objective=terms.log_likelihood - weight * terms.kl_divergence)

    def categorical_cost(
        self,
        posterior: distributions.OneHotCategorical,
        prior: distributions.OneHotCategorical,
        step: int | tf.Tensor | None,
    ) -> tf.Tensor:
        """Returns the weighted KL of the categorical latents, `[B]`."""
        kl_divergence = super().categorical_cost(posterior, prior, step)
        return tf.cast(self.kl_weight, kl_divergence.dtype) * kl_divergence

    def learn(
        self,
        posterior: tfd.Distribution,
        terms: ObjectiveTerms,
        seed: tf.Tensor,
        step: int | tf.Tensor | None,
    ) -> None:
        """Sets beta from the mean KL of the batch."""
        del posterior, seed
        if not isinstance(self.state, _Controller):
            return
        kl_divergence = tf.stop_gradient(terms.kl_divergence)
        total, rows = replica_context.all_reduce_sum(
            [tf.reduce_sum(kl_divergence), tf.reduce_sum(tf.ones_like(kl_divergence))]
        )
        mean = total / rows
        self.state.move(schedules.value_at(self.kl_target, step, mean.dtype) - mean, self)

    @property
    def schedules(self) -> dict[str, AnySchedule]:
        """The target, if it follows a schedule."""
        return {"kl_target": self.kl_target} if isinstance(self.kl_target, AnySchedule) else {}

    @property
    def learned_weights(self) -> dict[str, Callable[[Any], tf.Tensor]]:
        """The current beta, for the log."""
        return {} if self.state is None else {"kl_weight": lambda _: self.kl_weight}

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal objective."""
        return {
            "kl_target": schedules.serialized(self.kl_target),
            "proportional_gain": self.proportional_gain,
            "integral_gain": self.integral_gain,
            "least_weight": self.least_weight,
            "greatest_weight": self.greatest_weight,
            "sample_size": self.sample_size,
        }

    def shown_arguments(self) -> dict[str, Any]:
        """Returns the arguments, with a schedule as an object."""
        return {**self.get_config(), "kl_target": self.kl_target}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ControlVAE":
        """Makes an objective of what `get_config` returned."""
        return cls(**{**config, "kl_target": schedules.deserialized(config["kl_target"])})


class _Controller(keras.layers.Layer):
    """The state of a controller: beta, and its integral part.

    Args:
      weight: The first beta.
      dtype: The dtype of both.
    """

    def __init__(self, weight: float, dtype: str) -> None:
        super().__init__(name="controller", dtype=dtype)
        self.weight, self.integral = (
            self.add_weight(
                name=name,
                shape=(),
                initializer=keras.initializers.Constant(value),
                trainable=False,
                autocast=False,
                aggregation="mean",
            )
            for name, value in (("weight", weight), ("integral", 0.0))
        )
        self.built = True

    def move(self, error: tf.Tensor, gains: ControlVAE) -> None:
        """Sets beta from the error, target less KL, in nats."""
        error = tf.cast(error, self.variable_dtype)
        integral = tf.clip_by_value(
            tf.convert_to_tensor(self.integral) - gains.integral_gain * error,
            0.0,
            gains.greatest_weight - gains.least_weight,
        )
        added = gains.proportional_gain * tf.sigmoid(-error) + integral
        self.integral.assign(integral)
        self.weight.assign(tf.minimum(gains.least_weight + added, gains.greatest_weight))
