"""What every objective has in common."""

import abc
import copy
from collections.abc import Callable
from typing import Any, ClassVar, Self

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, seeds
from tfp_vae.objectives.enumeration import (
    categorical_pair,
    categorical_part,
    check_summable,
    summed_terms,
)
from tfp_vae.objectives.gradient_estimators import check_reparameterized
from tfp_vae.objectives.likelihood_fn import LikelihoodFn
from tfp_vae.objectives.schedules import AnySchedule
from tfp_vae.objectives.terms import ObjectiveTerms


class Objective(abc.ABC):
    """A function of distributions that training raises.

    To add one, write a subclass that implements `terms` and `get_config`, and register it with
    `keras.saving.register_keras_serializable`. One that training changes, such as `ControlVAE`,
    implements `for_model` and `learn`, too.

    Call with:
      x: Observations, `[B, *event]`.
      posterior: q(z|x), batch `[B]`, event `[L]`.
      prior: p(z), batch `[]` or `[B]`, event `[L]`.
      likelihood_fn: From latents `[S, B, L]` to p(x|z), batch `[S, B]`, event `[*event]`.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.
      step: The training step, an integer scalar; needed where a weight follows a schedule.

    Returns:
      `ObjectiveTerms`, `[B]` each, in nats.

    Raises:
      TypeError: If an argument is no distribution or no function.
      ValueError: If the shapes do not fit one another, or `step` is missing.

    Example:
      >>> @keras.saving.register_keras_serializable("mine")
      ... class Distortion(objectives.Objective):
      ...     def get_config(self):
      ...         return {}
      ...
      ...     def terms(self, x, posterior, prior, likelihood_fn, seed, step):
      ...         bound = objectives.ELBO().terms(x, posterior, prior, likelihood_fn, seed, step)
      ...         return bound._replace(objective=bound.log_likelihood)
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> decoder = lambda z: tfd.MultivariateNormalDiag(z, np.ones([2]))
      >>> terms = Distortion()(
      ...     np.zeros([3, 2]), posterior=q, prior=q[0], likelihood_fn=decoder, seed=0)
      >>> terms.objective.shape
      TensorShape([3])
    """

    rows_are_independent: ClassVar[bool] = True
    """Whether the objective of a row depends on that row alone. Where it does not, it is a property
    of the whole batch and of its size; `elbo`, `log_likelihood` and `kl_divergence` never are."""

    learns_across_rows: ClassVar[bool] = False
    """Whether what the objective learns from a batch depends on its rows other than by a sum."""

    state: keras.layers.Layer | None = None
    """The variables that training changes, of an objective that belongs to a model."""

    def __call__(
        self,
        x: Any,
        *,
        posterior: tfd.Distribution,
        prior: tfd.Distribution,
        likelihood_fn: LikelihoodFn,
        seed: seeds.Seed = None,
        step: Any = None,
    ) -> ObjectiveTerms:
        """Computes the terms of every example.

        Args:
          x: Observations, `[B, *event]`.
          posterior: q(z|x), batch `[B]`, event `[L]`.
          prior: p(z), batch `[]` or `[B]`, event `[L]`.
          likelihood_fn: From latents `[S, B, L]` to p(x|z), batch `[S, B]`, event `[*event]`.
          seed: An int, a `[2]` integer tensor, or None for a fresh seed.
          step: The training step, an integer scalar; needed where a weight follows a schedule.

        Returns:
          `ObjectiveTerms` of `[B]` tensors, in nats.

        Raises:
          TypeError: If an argument is no distribution or no function.
          ValueError: If the shapes do not fit one another, or `step` is missing.
        """
        for name, value in (("posterior", posterior), ("prior", prior)):
            if not isinstance(value, tfd.Distribution):
                raise TypeError(
                    f"`{name}` must be a tfd.Distribution; got a {type(value).__name__}."
                )
        if not callable(likelihood_fn):
            raise TypeError(
                "`likelihood_fn` must be a function from latents to a distribution; got a "
                f"{type(likelihood_fn).__name__}."
            )
        if isinstance(x, keras.KerasTensor):
            raise TypeError("`x` must be an array of numbers; got a KerasTensor, which has none.")
        if not checks.is_symbolic(x):
            values = checks.array(x)
            if np.issubdtype(values.dtype, np.floating):
                checks.finite(values, "x")
            checks.representable(values, posterior.dtype.name, "x")
            x = x if tf.is_tensor(x) else values
        x = tf.convert_to_tensor(x)
        if not x.dtype.is_floating:
            x = tf.cast(x, posterior.dtype)
        if not posterior.event_shape.is_compatible_with(prior.event_shape):
            raise ValueError(
                f"`prior` must have the event shape of `posterior`, {posterior.event_shape}; "
                f"got {prior.event_shape}."
            )
        if posterior.batch_shape.rank != 1 or not posterior.batch_shape.is_compatible_with(
            x.shape[:1]
        ):
            raise ValueError(
                f"`posterior` must have batch shape {x.shape[:1]}, one distribution for every row "
                f"of `x`; got {posterior.batch_shape}."
            )
        if not _broadcasts_to(prior.batch_shape, posterior.batch_shape):
            raise ValueError(
                f"`prior` must have batch shape [] or {posterior.batch_shape}, that of the "
                f"posterior; got {prior.batch_shape}."
            )
        for name in self.schedules:
            if step is None:
                raise ValueError(f"`{name}` follows a schedule: pass the training step as `step`.")
        key = seeds.as_seed(seed)
        if categorical_part(posterior) is None:
            return self.terms(x, posterior, prior, likelihood_fn, key, step)
        if self.draws_categories:
            return self.drawn_terms(x, posterior, prior, likelihood_fn, key, step)
        return summed_terms(self, x, posterior, prior, likelihood_fn, key, step)

    @abc.abstractmethod
    def terms(
        self,
        x: tf.Tensor,
        posterior: tfd.Distribution,
        prior: tfd.Distribution,
        likelihood_fn: LikelihoodFn,
        seed: tf.Tensor,
        step: Any,
    ) -> ObjectiveTerms:
        """Computes the terms; the arguments have been checked, and `seed` is a `[2]` tensor.

        In a model with categorical latents they are those of the continuous ones given each c: all
        batches are then `[K, B]`, or `[K, 1]` of the prior.
        """

    @property
    def draws_categories(self) -> bool:
        """Whether categorical latents are drawn, by `drawn_terms`, and not summed over."""
        return False

    def drawn_terms(
        self,
        x: tf.Tensor,
        posterior: tfd.Distribution,
        prior: tfd.Distribution,
        likelihood_fn: LikelihoodFn,
        seed: tf.Tensor,
        step: Any,
    ) -> ObjectiveTerms:
        """Computes the terms from draws of categorical latents, where `draws_categories`."""
        raise NotImplementedError(f"{type(self).__name__} sums over categorical latents.")

    def categorical_cost(
        self,
        posterior: distributions.OneHotCategorical,
        prior: distributions.OneHotCategorical,
        step: Any,
    ) -> tf.Tensor:
        """Returns what the objective loses by q(c|x), `[B]`: by default KL(q(c|x)‖p(c)), in nats.

        Args:
          posterior: q(c|x), batch `[B]`.
          prior: p(c), batch `[]`.
          step: The training step, or None.
        """
        del step
        return tfd.kl_divergence(posterior, prior)

    def for_model(self, latent_size: int, dtype: str) -> "Objective":
        """Returns the objective that one model trains with: itself, unless training changes it.

        One that training changes returns a copy with a `state` of its own, a layer whose variables
        are not trainable; the model tracks and saves it.

        Args:
          latent_size: The number of latents.
          dtype: The dtype of the model's weights.
        """
        del latent_size, dtype
        return self

    def learn(
        self, posterior: tfd.Distribution, terms: ObjectiveTerms, seed: tf.Tensor, step: Any
    ) -> None:
        """Changes the `state` after a batch in training; by default there is none.

        If the loss or a gradient of the batch is non-finite, the change is undone.

        Args:
          posterior: q(z|x), batch `[B]`.
          terms: The terms of the batch.
          seed: A stateless seed, `[2]`.
          step: The training step.
        """
        del posterior, terms, seed, step

    def _with_state(self, state: keras.layers.Layer) -> Self:
        """Returns a copy whose `state` is the given layer."""
        copied = copy.copy(self)
        copied.state = state
        return copied

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal objective."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Objective":
        """Makes an objective of what `get_config` returned."""
        return cls(**config)

    @property
    def schedules(self) -> dict[str, AnySchedule]:
        """The weights that follow a schedule, by the name under which the log shows them."""
        return {}

    @property
    def learned_weights(self) -> dict[str, Callable[[Any], tf.Tensor]]:
        """The weights that training changes, functions of the step, by their names in the log."""
        return {}

    def shown_arguments(self) -> dict[str, Any]:
        """Returns the arguments as the representation shows them."""
        return self.get_config()

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.shown_arguments().items())
        return f"{type(self).__name__}({arguments})"

    def check_pair(self, posterior: tfd.Distribution, prior: tfd.Distribution) -> None:
        """Refuses a posterior and a prior that a model cannot be trained with on this objective.

        Raises:
          ValueError: If it cannot, with the reason: a posterior that is neither reparameterised
            nor categorical, or what a subclass finds.
        """
        if categorical_part(posterior) is None:
            check_reparameterized(posterior)
            return
        categorical_pair(posterior, prior)
        if not self.draws_categories:
            check_summable(posterior)
        if not self.rows_are_independent:
            raise ValueError(
                "`objective` must be one of single rows with categorical latents, which are summed "
                f"row by row; got {self!r}."
            )
        if isinstance(posterior, distributions.CategoricalJoint):
            c = distributions.support_beside_rows(posterior.categorical)
            check_reparameterized(posterior.continuous_fn(c))


def check_one_prior(prior: tfd.Distribution) -> None:
    """Refuses a prior for every row, where the aggregate posterior is compared with one prior.

    Raises:
      ValueError: If the prior has a batch.
    """
    if prior.batch_shape.rank != 0:
        raise ValueError(
            "`prior` must have batch shape [], since the aggregate posterior of all rows is "
            f"compared with it; got {prior.batch_shape}."
        )


def _broadcasts_to(shape: tf.TensorShape, target: tf.TensorShape) -> bool:
    return shape.rank in (0, None) or shape.is_compatible_with(target)
