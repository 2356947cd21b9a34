"""The base class of priors that are processes over time."""

import abc
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, shapes
from tfp_vae.priors.base import Prior


class Process(Prior):
    """A prior over the states of a series: latents of T steps, the first step first.

    It is built with `[T * L]`, the number of all latents, and has L of them for each step. To add
    one, write a subclass that implements `distribution` and `following`, and register it with
    `keras.saving.register_keras_serializable`.

    Args:
      time_steps: The number of steps T.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `time_steps` is not an int.
      ValueError: If it is not positive; when it is built, if the number of latents is no multiple
        of it.

    Example:
      >>> @keras.saving.register_keras_serializable("mine")
      ... class Walk(priors.Process):
      ...     def distribution(self):
      ...         return self.walk(tf.zeros([self.state_size]), self.time_steps)
      ...
      ...     def following(self, z, steps):
      ...         return self.walk(z[..., -self.state_size :], steps)
      ...
      ...     def walk(self, start, steps):
      ...         size = self.state_size
      ...         later = tf.zeros_like(start)[..., None, :] + tf.zeros([steps - 1, size])
      ...         offset = tf.concat([start[..., None, :], later], axis=-2)
      ...         eye = tf.eye(size, batch_shape=[steps])
      ...         return tfp_vae.distributions.LinearMarkovChain(offset, eye, eye)
      >>> prior = Walk(time_steps=4)
      >>> prior.build([8])
      >>> prior.state_size, prior.following(np.zeros([3, 8], "float32"), 2).event_shape
      (2, TensorShape([4]))
    """

    state_size: int
    """The number L of latents of each step, known once the layer is built."""

    def __init__(self, time_steps: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.time_steps = checks.positive_int(time_steps, "time_steps")

    def build(self, event_shape: Sequence[int]) -> None:
        """Sets the event shape, `[T * L]`, and the number of latents of each step.

        Raises:
          ValueError: If the number of latents is no multiple of that of the steps.
        """
        size = shapes.size_of(tuple(event_shape))
        if size % self.time_steps:
            raise ValueError(
                f"`time_steps` must divide the number of latents, {size}, those of all steps "
                f"together; got {self.time_steps}."
            )
        self.state_size = size // self.time_steps
        super().build(event_shape)

    @abc.abstractmethod
    def following(self, z: tf.Tensor, steps: int) -> tfd.Distribution:
        """Returns the distribution of the states that follow given ones.

        Args:
          z: The states of all T steps, `[..., T * L]`.
          steps: The number of steps H that follow, an int.

        Returns:
          A `tfd.Distribution`, batch `[...]`, event `[H * L]`.
        """

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "time_steps": self.time_steps}

    def _weight(
        self, name: str, shape: Sequence[int], initializer: str | keras.initializers.Initializer
    ) -> keras.Variable:
        return self.add_weight(name=name, shape=shape, initializer=initializer, autocast=False)
