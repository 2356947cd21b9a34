"""A Markov chain of normal vectors, each a linear function of the one before plus noise."""

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae import stateless_random
from tfp_vae.distributions.draws import DrawsFromNoise
from tfp_vae.distributions.multivariate_normal import MultivariateNormalTriL


class LinearMarkovChain(DrawsFromNoise, tfd.Distribution):
    """Normal states over time, of which each is a linear function of the one before plus noise.

    The density is p(z₁) p(z₂|z₁) p(z₃|z₂) and so on, with z₁ of mean b₁ and covariance S₁ S₁ᵀ, and
    z_t given the state before of mean A_t z_{t-1} + b_t and covariance S_t S_tᵀ. The states of all
    steps are one event, the first step first.

    As a joint distribution it is a multivariate normal of T L numbers. Densities take a matrix of L
    by L for each step; draws and moments are made for all steps at once, in log₂ T doublings
    (Hillis & Steele 1986, "Data parallel algorithms").

    Args:
      offset: b, `[..., T, L]`.
      transition: A, `[..., T, L, L]`, or without the leading axes; that of the first step is not
        used.
      scale_tril: S, lower triangular matrices with a positive diagonal, of the shape of A.
      name: The name of the distribution.

    Example:
      >>> from tfp_vae import distributions
      >>> walk = distributions.LinearMarkovChain(
      ...     offset=tf.zeros([3, 1]), transition=tf.ones([3, 1, 1]), scale_tril=tf.ones([3, 1, 1])
      ... )
      >>> walk.event_shape, walk.variance().numpy()
      (TensorShape([3]), array([1., 2., 3.], dtype=float32))
    """

    def __init__(
        self,
        offset: tf.Tensor,
        transition: tf.Tensor,
        scale_tril: tf.Tensor,
        name: str = "LinearMarkovChain",
    ) -> None:
        parameters = dict(locals())
        self.offset = tf.convert_to_tensor(offset)
        self.transition = tf.convert_to_tensor(transition, self.offset.dtype)
        self.scale_tril = tf.convert_to_tensor(scale_tril, self.offset.dtype)
        super().__init__(
            dtype=self.offset.dtype,
            reparameterization_type=tfd.FULLY_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters=parameters,
            name=name,
        )

    @classmethod
    def _parameter_properties(
        cls, dtype: tf.DType, num_classes: int | None = None
    ) -> dict[str, Any]:
        del dtype, num_classes
        return {
            "offset": tfp_util.ParameterProperties(event_ndims=2),
            "transition": tfp_util.ParameterProperties(event_ndims=3),
            "scale_tril": tfp_util.ParameterProperties(event_ndims=3),
        }

    @property
    def time_steps(self) -> int:
        """The number of steps T."""
        return int(self.offset.shape[-2])

    @property
    def state_size(self) -> int:
        """The number L of latents of a step."""
        return int(self.offset.shape[-1])

    def states(self, z: tf.Tensor) -> tf.Tensor:
        """Returns draws `[..., T * L]` as the states of every step, `[..., T, L]`."""
        shape = tf.concat([tf.shape(z)[:-1], [self.time_steps, self.state_size]], axis=0)
        return tf.reshape(z, shape)

    def conditionals(self, states: tf.Tensor) -> MultivariateNormalTriL:
        """Returns the distribution of every state given the one before, batch `[..., T]`.

        Args:
          states: The states of every step, `[..., T, L]`.
        """
        before = tf.concat([tf.zeros_like(states[..., :1, :]), states[..., :-1, :]], axis=-2)
        loc = tf.linalg.matvec(self.transition, before) + self.offset
        return MultivariateNormalTriL(loc=loc, scale_tril=self.scale_tril)

    def marginal_covariances(self) -> tf.Tensor:
        """Returns the covariance of the state of every step, `[..., T, L, L]`."""
        carried = self._transition_from_a_state()
        covariance = tf.matmul(self.scale_tril, self.scale_tril, transpose_b=True)
        for distance in _doublings(self.time_steps):
            moved = tf.matmul(carried, _later(covariance, distance))
            covariance += tf.matmul(moved, carried, transpose_b=True)
            carried = tf.matmul(carried, _later(carried, distance))
        return covariance

    def multivariate_normal(self) -> MultivariateNormalTriL:
        """Returns the same distribution as a normal with the factor of all steps, `[T L, T L]`."""
        steps, size = self.time_steps, self.state_size
        own_step = tf.eye(steps, dtype=self.dtype)[:, None, :, None]
        noise = own_step * self.scale_tril[..., :, :, None, :]
        leading = tf.shape(noise)[:-4]
        noise = tf.reshape(noise, tf.concat([leading, [steps, size, steps * size]], axis=0))
        factor = self._accumulated(noise)
        factor = tf.reshape(factor, tf.concat([leading, [steps * size] * 2], axis=0))
        return MultivariateNormalTriL(loc=self.mean(), scale_tril=factor)

    def _transition_from_a_state(self) -> tf.Tensor:
        """Returns A with zeros for the first step, before which there is no state."""
        has_state = np.arange(self.time_steps)[:, None, None] > 0
        return tf.where(has_state, self.transition, tf.zeros_like(self.transition))

    def _accumulated(self, added: tf.Tensor) -> tf.Tensor:
        """Returns y_t = A_t y_{t-1} + added_t for all steps, `[..., T, L, N]` both."""
        carried = self._transition_from_a_state()
        for distance in _doublings(self.time_steps):
            added += tf.matmul(carried, _later(added, distance))
            carried = tf.matmul(carried, _later(carried, distance))
        return added

    def _event(self, states: tf.Tensor) -> tf.Tensor:
        """Returns the states of every step, `[..., T, L]`, as one event `[..., T * L]`."""
        size = self.time_steps * self.state_size
        return tf.reshape(states, tf.concat([tf.shape(states)[:-2], [size]], axis=0))

    def _batch_shape(self) -> tf.TensorShape:
        return self.offset.shape[:-2]

    def _batch_shape_tensor(self, **kwargs: Any) -> tf.Tensor:
        del kwargs
        return tf.shape(self.offset)[:-2]

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([self.time_steps * self.state_size])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant([self.time_steps * self.state_size], tf.int32)

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        shape = tf.concat([sample_shape, tf.shape(self.offset)], axis=0)
        row_axis = -3 if self.batch_shape.rank else None
        standard = stateless_random.normal(shape, seed, self.dtype, row_axis)
        added = self.offset + tf.linalg.matvec(self.scale_tril, standard)
        return self._event(self._accumulated(added[..., None])[..., 0])

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        states = self.states(value)
        return tf.reduce_sum(self.conditionals(states).log_prob(states), axis=-1)

    def _mean(self) -> tf.Tensor:
        return self._event(self._accumulated(self.offset[..., None])[..., 0])

    def _variance(self) -> tf.Tensor:
        variance = tf.linalg.diag_part(self.marginal_covariances())
        return self._event(variance + tf.zeros_like(self.offset))

    def _covariance(self) -> tf.Tensor:
        return self.multivariate_normal().covariance()

    def _entropy(self) -> tf.Tensor:
        return tf.reduce_sum(self.conditionals(tf.zeros_like(self.offset)).entropy(), axis=-1)


def _doublings(steps: int) -> list[int]:
    """Returns the distances 1, 2, 4, … below the number of steps."""
    return [2**power for power in range((steps - 1).bit_length())]


def _later(matrices: tf.Tensor, distance: int) -> tf.Tensor:
    """Returns matrices `[..., T, M, N]` moved to later steps, with zeros in the first ones."""
    zeros = tf.zeros_like(matrices[..., :distance, :, :])
    return tf.concat([zeros, matrices[..., :-distance, :, :]], axis=-3)
