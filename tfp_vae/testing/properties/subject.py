"""What a property is asked of: a model and rows that it can score."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae.testing.assertions import assert_close

ROWS_WITH_STATISTICS = 3
"""How many rows the statistical properties look at."""

DRAWS = 1000
"""How many draws they take for each."""


class NotApplicable(Exception):  # noqa: N818 - no error: a property that asks nothing of a model
    """Raised by a property that a model does not have to fulfil; its message is the reason.

    Example:
      >>> from tfp_vae.testing import properties
      >>> try:
      ...     properties.rows_do_not_depend_on_one_another(properties.Subject(vae, x[:1]))
      ... except properties.NotApplicable as reason:
      ...     print(reason)
      x has one row
    """


@dataclass(frozen=True)
class Subject:
    """A model, rows that it can score, and y for a model of p(x|y).

    Attributes:
      vae: A `tfp_vae.VAE`, or another model with latents.
      x: Data, `[B, *event]`.
      condition: y, `[B, ...]`, or None.

    Example:
      >>> from tfp_vae.testing import properties
      >>> subject = properties.Subject(vae, x)
      >>> properties.terms_are_finite(subject)

      What a property of one's own is made of:

      >>> everywhere = subject.everywhere
      >>> terms = subject.elbo(x, everywhere, seed=0)
      >>> subject.expect_close(terms.elbo, terms.log_likelihood - terms.kl_divergence, "elbo")
      >>> bound = subject.objective_on(objectives.IWAE(2), everywhere, seed=0).objective
      >>> bound.shape == subject.distributions(everywhere).posterior.batch_shape
      True
      >>> subject.rows.dtype.name, subject.tolerance, subject.rounding
      ('float32', 0.001, 1e-05)
      >>> subject.copy() is vae, subject.own_classes(), subject.conditions(everywhere)
      (False, {}, None)
    """

    vae: Any
    x: np.ndarray
    condition: np.ndarray | None = None

    @property
    def everywhere(self) -> np.ndarray:
        """The numbers of all rows."""
        return np.arange(len(self.x))

    @property
    def rows(self) -> tf.Tensor:
        """`x` in the model's own dtype."""
        return tf.cast(self.x, self.vae.data_dtype)

    @property
    def tolerance(self) -> float:
        """How far numbers may be apart that are equal but for rounding in the model's dtype."""
        return 1e-9 if self.vae.data_dtype == "float64" else 1e-3

    @property
    def rounding(self) -> float:
        """How exact a single number is, as a share of it, in the model's dtype."""
        return 1e-12 if self.vae.data_dtype == "float64" else 1e-5

    def elbo(self, x: Any, places: Any, **options: Any) -> Any:
        """Returns the terms of the bound, `[B]` each, in nats.

        Args:
          x: Data, `[B, *event]`.
          places: The numbers of the rows whose conditions go with it, `[B]`.
          **options: Arguments of the model's `elbo`.
        """
        return self.vae.elbo(x, condition=self.conditions(places), **options)

    def objective_terms(self, training: bool) -> Any:
        """Returns the terms of the model's own objective, for all rows."""
        return self.vae.objective_terms(
            self.rows, tf.constant([0, 1]), 3, training=training, condition=self.condition
        )

    def objective_on(self, objective: Any, places: Any, seed: int) -> Any:
        """Returns the terms of any objective, `[B]` each, or says that it does not apply.

        Args:
          objective: The objective.
          places: The numbers of the rows, `[B]`.
          seed: The seed of its draws.

        Raises:
          Exception: `NotApplicable`, if the objective refuses the model's distributions.
        """
        batch = self.distributions(places)
        try:
            return objective(
                batch.x,
                posterior=batch.posterior,
                prior=batch.prior,
                likelihood_fn=batch.likelihood_fn,
                seed=seed,
            )
        except ValueError as refusal:
            raise NotApplicable(str(refusal)) from refusal

    def conditions(self, places: Any) -> np.ndarray | None:
        """Returns the conditions of some rows, or None for a model without.

        Args:
          places: The numbers of the rows, `[B]`.
        """
        return None if self.condition is None else self.condition[places]

    def distributions(self, places: Any, training: bool = False) -> Any:
        """Returns the distributions of some rows, a `BatchDistributions`.

        Args:
          places: The numbers of the rows, `[B]`.
          training: Whether the networks run as in training.
        """
        return self.vae.distributions(
            self.x[places], condition=self.conditions(places), training=training
        )

    def copy(self, config: dict[str, Any] | None = None) -> Any:
        """Returns a copy of the model, by its config and its weights.

        Args:
          config: Another config for it.
        """
        config = self.vae.get_config() if config is None else config
        with keras.saving.custom_object_scope(self.own_classes()):
            copy = type(self.vae).from_config(config)
        copy.set_weights(self.vae.get_weights())
        return copy

    def own_classes(self) -> dict[str, type]:
        """Returns the classes in the model that neither Keras nor this library defines.

        They stand under the names that a config has for them.
        """
        parts = [self.vae, getattr(self.vae, "objective", None), *self.vae._flatten_layers()]
        kinds = {type(part) for part in parts if part is not None}
        return {
            keras.saving.get_registered_name(kind): kind
            for kind in kinds
            if kind.__module__.partition(".")[0] not in ("keras", "tfp_vae")
        }

    def expect_close(
        self, actual: Any, expected: Any, name: str, tolerance: float | None = None
    ) -> None:
        """Fails unless two arrays are equal but for rounding, and says by how many nats.

        Args:
          actual: What there is.
          expected: What there should be.
          name: What it is called in the message.
          tolerance: How far they may be apart, also as a share; `tolerance` if not given.

        Raises:
          AssertionError: If they are not.
        """
        tolerance = self.tolerance if tolerance is None else tolerance
        try:
            assert_close(actual, expected, tolerance, tolerance)
        except AssertionError:
            apart = np.max(np.abs(np.asarray(actual) - np.asarray(expected)))
            raise AssertionError(f"{name} is off by up to {apart:g} nats") from None


def expect(truth: Any, otherwise: str) -> None:
    """Fails with a message unless something is true.

    Raises:
      AssertionError: If it is not.
    """
    if not truth:
        raise AssertionError(otherwise)


def needs_no_noise_of_data(subject: Subject) -> None:
    """Leaves out a property that looks at the same data twice.

    Raises:
      NotApplicable: If a preprocess layer may draw.
    """
    if subject.vae.preprocess is not None:
        raise NotApplicable("a preprocess layer may draw")
