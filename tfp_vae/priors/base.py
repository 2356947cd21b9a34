"""What every prior p(z) has in common."""

import abc
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import supports


class Prior(keras.layers.Layer, abc.ABC):
    """A layer that holds the prior p(z).

    It is built for the event shape of the posterior, and then makes its distribution whenever
    `distribution` is called: a layer cannot be called without an input, so this one has a method.
    To add one, write a subclass that implements `distribution` (and `build`, if it has weights),
    and register it with `keras.saving.register_keras_serializable`.

    Args:
      **kwargs: The usual arguments of a Keras layer.

    Example:
      >>> @keras.saving.register_keras_serializable("mine")
      ... class Wide(priors.Prior):
      ...     def distribution(self):
      ...         loc = tf.zeros(self.event_shape)
      ...         return tfd.MultivariateNormalDiag(loc, tf.fill(self.event_shape, 9.0))
      >>> prior = Wide()
      >>> prior.build([2])
      >>> prior.distribution().event_shape
      TensorShape([2])
    """

    event_shape: tuple[int, ...]
    """The shape of one draw, known once the layer is built."""

    latent_space: supports.LatentSpace | None = supports.REAL_VECTORS
    """The set that the latents lie in, or None if it is the posterior's, whatever that is."""

    def take_encoder(
        self,
        encode: Callable[[tf.Tensor], tfd.Distribution],
        row_shape: tuple[int, ...],
        support: supports.Support | supports.Columns,
    ) -> None:
        """Is given the encoder by the model before `build`; a prior made of posteriors keeps it.

        Args:
          encode: From rows `[N, *row_shape]` to their posteriors, batch `[N]`, as outside
            training. It is a function, so that Keras takes the encoder's weights for the model's
            and not for the prior's too.
          row_shape: The shape of one row of data, as the encoder sees it.
          support: The values that data may take.
        """
        del encode, row_shape, support

    def check_conditional(self) -> None:
        """Refuses to be the prior of a model with a condition, if it makes no sense as one.

        Raises:
          ValueError: With the reason.
        """

    @property
    def rows_wanted(self) -> int:
        """How many rows of data the prior wants to begin at before training, here none."""
        return 0

    def adapt(self, x: Any) -> None:
        """Is given rows of data before training, if it wants any.

        Args:
          x: Data as the encoder sees it, `[N, *row]`.
        """
        del x

    def build(self, event_shape: Any) -> None:
        """Takes note of the event shape, `[latent_size]`."""
        self.event_shape = tuple(event_shape)
        self.built = True

    def compute_output_shape(self, event_shape: Any) -> tuple[int, ...]:
        """Returns the shape of one draw, `[latent_size]`."""
        return tuple(event_shape)

    @abc.abstractmethod
    def distribution(self) -> tfd.Distribution:
        """Makes the prior: batch `[]`, event `event_shape`."""

    def call(self, inputs: Any) -> None:
        """Refuses: a prior has no input."""
        del inputs
        raise TypeError("A prior takes no input: call its method `distribution()`.")
