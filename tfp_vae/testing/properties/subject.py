"""The subject of a property: a model and rows that it can score."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import objectives
from tfp_vae.model import VAE, BatchDistributions
from tfp_vae.testing.assertions import assert_close

ROWS_WITH_STATISTICS = 3
"""The number of rows in the statistical properties."""

DRAWS = 1000
"""The number of draws for each of these rows."""


class NotApplicable(Exception):  # noqa: N818 - not an error
    """Raised by a property that does not apply to a model; the message is the reason.

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
      vae: A `tfp_vae.VAE`.
      x: Data, `[B, *event]`.
      condition: y, `[B, ...]`, or None.

    Example:
      >>> from tfp_vae.testing import properties
      >>> subject = properties.Subject(vae, x)
      >>> properties.terms_are_finite(subject)

      A property of your own uses:

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

    vae: VAE
    x: np.ndarray
    condition: np.ndarray | None = None

    @property
    def everywhere(self) -> np.ndarray:
        """The indices of all rows."""
        return np.arange(len(self.x))

    @property
    def rows(self) -> tf.Tensor:
        """`x` in the model's own dtype."""
        return tf.cast(self.x, self.vae.data_dtype)

    @property
    def tolerance(self) -> float:
        """The tolerance of numbers that are equal to rounding error in the model's dtype."""
        return 1e-9 if self.vae.data_dtype == "float64" else 1e-3

    @property
    def rounding(self) -> float:
        """The relative rounding error of a single number in the model's dtype."""
        return 1e-12 if self.vae.data_dtype == "float64" else 1e-5

    def elbo(self, x: Any, places: np.ndarray, **options: Any) -> objectives.ELBOTerms:
        """Returns the terms of the ELBO, `[B]` each, in nats.

        Args:
          x: Data, `[B, *event]`.
          places: The indices of the rows whose conditions belong to it, `[B]`.
          **options: Arguments of the model's `elbo`.
        """
        return self.vae.elbo(x, condition=self.conditions(places), **options)

    def objective_terms(self, training: bool) -> objectives.ObjectiveTerms:
        """Returns the terms of the model's own objective, for all rows."""
        return self.vae.objective_terms(
            self.rows, tf.constant([0, 1]), 3, training=training, condition=self.condition
        )

    def objective_on(
        self, objective: objectives.Objective, places: np.ndarray, seed: int
    ) -> objectives.ObjectiveTerms:
        """Returns the terms of an objective for some rows, `[B]` each, in nats.

        Args:
          objective: The objective.
          places: The indices of the rows, `[B]`.
          seed: The seed of its draws.

        Raises:
          Exception: `NotApplicable`, if the objective does not accept the model's distributions.
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
        except ValueError as error:
            raise NotApplicable(str(error)) from error

    def conditions(self, places: np.ndarray) -> np.ndarray | None:
        """Returns the conditions of some rows, or None for a model without a condition.

        Args:
          places: The indices of the rows, `[B]`.
        """
        return None if self.condition is None else self.condition[places]

    def distributions(self, places: np.ndarray, training: bool = False) -> BatchDistributions:
        """Returns the distributions of some rows.

        Args:
          places: The indices of the rows, `[B]`.
          training: Whether the networks run as in training.
        """
        return self.vae.distributions(
            self.x[places], condition=self.conditions(places), training=training
        )

    def copy(self, config: dict[str, Any] | None = None) -> VAE:
        """Returns a copy of the model, from its config and weights.

        Args:
          config: The config of the copy, by default the model's.
        """
        config = self.vae.get_config() if config is None else config
        with keras.saving.custom_object_scope(self.own_classes()):
            copy = type(self.vae).from_config(config)
        copy.set_weights(self.vae.get_weights())
        return copy

    def own_classes(self) -> dict[str, type]:
        """Returns the classes in the model that neither Keras nor this library defines.

        The keys are their registered names in a config.
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
        """Asserts that two arrays are equal to rounding error; the message has the difference.

        Args:
          actual: The computed array.
          expected: The expected array.
          name: Its name in the message.
          tolerance: The absolute and relative tolerance, by default the property `tolerance`.

        Raises:
          AssertionError: If they are not.
        """
        tolerance = self.tolerance if tolerance is None else tolerance
        try:
            assert_close(actual, expected, tolerance, tolerance)
        except AssertionError:
            difference = np.max(np.abs(np.asarray(actual) - np.asarray(expected)))
            raise AssertionError(f"{name} is off by up to {difference:g} nats") from None


def expect(condition: Any, message: str) -> None:
    """Asserts a condition, with a message.

    Raises:
      AssertionError: If it is not.
    """
    if not condition:
        raise AssertionError(message)


def needs_no_noise_of_data(subject: Subject) -> None:
    """Skips a property that scores the same data twice.

    Raises:
      NotApplicable: If a preprocess layer may be random.
    """
    if subject.vae.preprocess is not None:
        raise NotApplicable("a preprocess layer may draw")
