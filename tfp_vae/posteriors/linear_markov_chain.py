"""The posterior of a state-space model: a Markov chain of normal states."""

from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, distributions
from tfp_vae.posteriors.base import Posterior

_LEAST_BOUND = 1e-3


@keras.saving.register_keras_serializable(package="tfp_vae.posteriors")
class LinearMarkovChain(Posterior):
    """Normal states over time, of which each is a linear function of the one before plus noise.

    q(z|x) = q(z₁|x) q(z₂|z₁, x) q(z₃|z₂, x) and so on: for every step and row the network emits a
    mean m, a matrix A and the Cholesky factor of the covariance of z_t = m_t + A_t (z_{t-1} -
    m_{t-1}) + noise. The exact posterior of a linear-Gaussian state-space model, that of the Kalman
    smoother, is such a chain. What a step sees is the network's choice: all of the series for
    smoothing, as after `keras.layers.Bidirectional`, or only the past for filtering.

    The latents are all states, the first step first: `latent_size` is their number. Features `[B,
    T, F]` have one head for all steps; features `[B, F]` one for each.

    Args:
      time_steps: The number of steps T.
      state_size: The number L of latents of each step.
      scale_floor: A constant added to the diagonal of the factor, in units of the latents.
      transition_bound: What the magnitudes of a row of A add up to, at most. At 1, no chain runs
        away, however long it is.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]` or `[B, T, F]`.

    Returns:
      A `distributions.LinearMarkovChain`, batch `[B]`, event `[T * L]`.

    Raises:
      TypeError: If `time_steps` or `state_size` is not an int, or another argument not a number.
      ValueError: If one is not positive, `scale_floor` negative, or `transition_bound` below
        0.001.

    Example:
      >>> q = posteriors.LinearMarkovChain(time_steps=5, state_size=2)(np.zeros([3, 5, 8]))
      >>> q.batch_shape, q.event_shape
      (TensorShape([3]), TensorShape([10]))

    Source: Krishnan et al. (2017), "Structured inference networks for nonlinear state space
    models", for posteriors that are chains.
    """

    parameter_names = ("loc", "transition", "scale_tril")

    def __init__(
        self,
        time_steps: int,
        state_size: int,
        scale_floor: float = 1e-6,
        transition_bound: float = 1.0,
        **kwargs: Any,
    ) -> None:
        self.time_steps = checks.positive_int(time_steps, "time_steps")
        self.state_size = checks.positive_int(state_size, "state_size")
        super().__init__(self.time_steps * self.state_size, **kwargs)
        self.scale_floor = checks.finite_number(scale_floor, "scale_floor", minimum=0.0)
        self.transition_bound = checks.finite_number(
            transition_bound, "transition_bound", minimum=_LEAST_BOUND
        )

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns `[T, L]` for the means, and `[T, L, L]` for the matrices."""
        steps, size = self.time_steps, self.state_size
        return {
            "loc": (steps, size),
            "transition": (steps, size, size),
            "scale_tril": (steps, size, size),
        }

    def distribution(
        self, loc: tf.Tensor, transition: tf.Tensor, scale_tril: tf.Tensor
    ) -> distributions.LinearMarkovChain:
        """Makes the chain of the means, `[B, T, L]`, and unconstrained matrices `[B, T, L, L]`."""
        magnitude = tf.reduce_sum(tf.abs(transition), axis=-1, keepdims=True)
        bounded = transition / (1.0 + magnitude / self.transition_bound)
        before = tf.concat([tf.zeros_like(loc[..., :1, :]), loc[..., :-1, :]], axis=-2)
        diagonal = tf.math.softplus(tf.linalg.diag_part(scale_tril)) + self.scale_floor
        factor = tf.linalg.band_part(scale_tril, -1, 0)
        return distributions.LinearMarkovChain(
            offset=loc - tf.linalg.matvec(bounded, before),
            transition=bounded,
            scale_tril=tf.linalg.set_diag(factor, diagonal),
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        config = super().get_config()
        del config["latent_size"]
        return {
            **config,
            "time_steps": self.time_steps,
            "state_size": self.state_size,
            "scale_floor": self.scale_floor,
            "transition_bound": self.transition_bound,
        }
