"""The prior of a linear-Gaussian state-space model."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import distributions
from tfp_vae.distribution_layer import output_of_scale
from tfp_vae.priors.normal import raw_scale_of_1, scale_floor_below_1
from tfp_vae.priors.process import Process

_BEGIN = 0.9
"""What every state is multiplied by at first."""


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class LinearMarkovChain(Process):
    """States of which each is a linear function of the one before plus noise, all learned.

    z_t = F z_{t-1} + c + noise, with one F, c and diagonal noise for all steps, and a first state
    with a mean and a diagonal covariance of its own. With a linear decoder of each step it is the
    linear-Gaussian state-space model. In training it begins at F = 0.9 times the identity, with
    states of mean 0 and variance 1 at every step.

    The KL to it is exact for normal posteriors, `posteriors.LinearMarkovChain` among them.

    Args:
      time_steps: The number of steps T.
      scale_floor: A constant added to every scale, in units of the latents.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `time_steps` is not an int, or `scale_floor` not a number.
      ValueError: If `time_steps` is not positive, or `scale_floor` negative, or 1 or more; when it
        is built, if the number of latents is no multiple of `time_steps`.

    Example:
      >>> prior = priors.LinearMarkovChain(time_steps=5)
      >>> prior.build([10])
      >>> bool(np.allclose(prior.distribution().variance(), 1.0, atol=1e-2))
      True
      >>> prior.following(tf.ones([3, 10]), steps=2).mean().numpy()[0].round(2)
      array([0.9 , 0.9 , 0.81, 0.81], dtype=float32)

    Source: Durbin & Koopman (2012), "Time series analysis by state space methods".
    """

    def __init__(self, time_steps: int, scale_floor: float = 1e-3, **kwargs: Any) -> None:
        super().__init__(time_steps, **kwargs)
        self.scale_floor = scale_floor_below_1(scale_floor)

    def build(self, event_shape: Sequence[int]) -> None:
        """Creates the weights: `[L]` for means and scales, `[L, L]` for F."""
        super().build(event_shape)
        size = self.state_size
        self.first_loc = self._weight("first_loc", [size], "zeros")
        self.first_raw_scale = self._weight(
            "first_raw_scale", [size], raw_scale_of_1(self.scale_floor)
        )
        self.offset = self._weight("offset", [size], "zeros")
        self.transition = self._weight(
            "transition", [size, size], keras.initializers.Identity(_BEGIN)
        )
        raw_scale = output_of_scale(np.asarray(np.sqrt(1.0 - _BEGIN**2)), self.scale_floor)
        self.raw_scale = self._weight(
            "raw_scale", [size], keras.initializers.Constant(float(raw_scale))
        )

    def distribution(self) -> distributions.LinearMarkovChain:
        """Makes the prior: batch `[]`, event `[T * L]`."""
        return self._chain(
            tf.convert_to_tensor(self.first_loc), self.first_raw_scale, self.time_steps
        )

    def following(self, z: tf.Tensor, steps: int) -> distributions.LinearMarkovChain:
        """Returns the chain that the last of the states begins: batch `[...]`, event `[H * L]`.

        Args:
          z: The states of all T steps, `[..., T * L]`.
          steps: The number of steps H that follow, an int.
        """
        last = z[..., -self.state_size :]
        loc = tf.linalg.matvec(tf.convert_to_tensor(self.transition), last) + self.offset
        return self._chain(loc, self.raw_scale, steps)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "scale_floor": self.scale_floor}

    def _chain(
        self, loc: tf.Tensor, raw_scale: keras.Variable, steps: int
    ) -> distributions.LinearMarkovChain:
        """Returns the chain whose first state has a mean `[..., L]` and an unconstrained scale."""
        size = self.state_size
        first = tf.convert_to_tensor(raw_scale)[None]
        raw_scales = tf.broadcast_to(tf.convert_to_tensor(self.raw_scale), [steps - 1, size])
        scale = tf.math.softplus(tf.concat([first, raw_scales], axis=0)) + self.scale_floor
        later = tf.broadcast_to(tf.convert_to_tensor(self.offset), [steps - 1, size])
        later += tf.zeros_like(loc)[..., None, :]
        transition = tf.convert_to_tensor(self.transition)
        return distributions.LinearMarkovChain(
            offset=tf.concat([loc[..., None, :], later], axis=-2),
            transition=tf.broadcast_to(transition, [steps, size, size]),
            scale_tril=tf.linalg.diag(scale),
        )
