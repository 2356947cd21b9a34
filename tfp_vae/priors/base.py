"""What every prior p(z) has in common."""

import abc
from typing import Any

import keras
from tensorflow_probability import distributions as tfd


class Prior(keras.layers.Layer, abc.ABC):
    """A layer that holds the prior p(z).

    It is built for the event shape of the posterior, and then makes its distribution whenever
    `distribution` is called: a layer cannot be called without an input, so this one has a method.
    To add one, write a subclass that implements `distribution` (and `build`, if it has weights),
    and register it with `keras.saving.register_keras_serializable`.

    Args:
      **kwargs: The usual arguments of a Keras layer.
    """

    event_shape: tuple[int, ...]
    """The shape of one draw, known once the layer is built."""

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
