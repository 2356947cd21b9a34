"""The base class of priors p(z)."""

import abc
from collections.abc import Callable, Sequence

import keras
import numpy.typing as npt
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import supports


class Prior(keras.layers.Layer, abc.ABC):
    """A layer that holds the prior p(z).

    It is built with the event shape of the posterior; `distribution()` then makes the distribution.
    That is a method, since a Keras layer cannot be called without an input. To add a prior, write a
    subclass that implements `distribution` (and `build`, if it has weights), and register it with
    `keras.saving.register_keras_serializable`.

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
    """The set of possible latents, or None if it is that of the posterior."""

    @property
    def conditional(self) -> bool:
        """Whether it depends on a condition: `distribution` then takes the condition's features."""
        return False

    def take_encoder(
        self,
        encode: Callable[..., tfd.Distribution],
        row_shape: tuple[int, ...],
        support: supports.Support | supports.Columns,
    ) -> None:
        """Receives the encoder from the model, before `build`; a prior made of posteriors keeps it.

        Args:
          encode: From rows `[N, *row_shape]`, and in a model with a condition its features
            `[N, C]`, to their posteriors, batch `[N]`, outside training. It is a function rather
            than a layer, so that Keras does not track the encoder's weights in the prior.
          row_shape: The shape of one row of the encoder's input.
          support: The values that data may take.
        """
        del encode, row_shape, support

    def take_features(self, width: int) -> None:
        """Receives the number of features of a condition, before `build`; by default for nothing.

        Args:
          width: The number of features C; it is called only in a model with a condition.
        """
        del width

    def take_codebook(self, codebook: Callable[[], tf.Tensor]) -> None:
        """Receives the codebook of the posterior, before `build`; by default for nothing.

        Args:
          codebook: A function that returns the code vectors, `[K, D]`; it is called only in a model
            with a `posteriors.VectorQuantized`.
        """
        del codebook

    @property
    def rows_wanted(self) -> int:
        """The number of rows of data for `adapt` before training, by default none."""
        return 0

    def adapt(self, x: npt.ArrayLike) -> None:
        """Initialises the prior from rows of data before training, by default not at all.

        Args:
          x: Rows of the encoder's input, `[N, *row]`.
        """
        del x

    def adapt_to_latents(self, z: npt.ArrayLike, seed: int = 0) -> None:
        """Initialises the prior from latents before it is refitted, by default not at all.

        Args:
          z: Draws from q(z|x) of many rows, `[N, latent_size]`.
          seed: An int; equal seeds and latents give equal priors.
        """
        del z, seed

    def build(self, event_shape: Sequence[int]) -> None:
        """Sets the event shape, `[latent_size]`."""
        self.event_shape = tuple(event_shape)
        self.built = True

    def compute_output_shape(self, event_shape: Sequence[int]) -> tuple[int, ...]:
        """Returns the shape of one draw, `[latent_size]`."""
        return tuple(event_shape)

    @abc.abstractmethod
    def distribution(self) -> tfd.Distribution:
        """Makes the prior: batch `[]`, event `event_shape`."""

    def call(self, inputs: object) -> None:
        """Raises a TypeError: a prior has no input."""
        del inputs
        raise TypeError("A prior takes no input: call its method `distribution()`.")
