"""A Markov chain of normal vectors, with one network for the transition of all steps."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import stateless_random
from tfp_vae.distributions.draws import DrawsFromNoise
from tfp_vae.distributions.multivariate_normal import MultivariateNormalDiag


class DeepMarkovChain(DrawsFromNoise, tfd.Distribution):
    """Normal states over time, of which each is a function of the one before plus noise.

    The density is p(z₁) p(z₂|z₁) p(z₃|z₂) and so on, with one transition for all steps. It is exact
    and takes one evaluation of the transition for all steps at once; draws take one for each step,
    in sequence. The states of all steps are one event, the first step first. No KL to it is
    registered: objectives estimate it by Monte Carlo.

    Args:
      first: The distribution of the first state, batch `[...]`, event `[L]`.
      transition: From states `[..., L]` to the distribution of those that follow them, batch
        `[...]`, event `[L]`.
      time_steps: The number of steps T.
      name: The name of the distribution.

    Example:
      >>> from tfp_vae import distributions
      >>> chain = distributions.DeepMarkovChain(
      ...     distributions.MultivariateNormalDiag(tf.zeros([2]), tf.ones([2])),
      ...     lambda z: distributions.MultivariateNormalDiag(tf.sin(z), tf.ones([2])),
      ...     time_steps=4,
      ... )
      >>> chain.event_shape, chain.sample(3, seed=0).shape
      (TensorShape([8]), TensorShape([3, 8]))

    Source: Krishnan et al. (2017), "Structured inference networks for nonlinear state space
    models", for a transition that is a network.
    """

    def __init__(
        self,
        first: MultivariateNormalDiag,
        transition: Callable[[tf.Tensor], MultivariateNormalDiag],
        time_steps: int,
        name: str = "DeepMarkovChain",
    ) -> None:
        parameters = dict(locals())
        self.first, self.transition, self.time_steps = first, transition, time_steps
        super().__init__(
            dtype=first.dtype,
            reparameterization_type=tfd.FULLY_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters=parameters,
            name=name,
        )

    @property
    def state_size(self) -> int:
        """The number L of latents of a step."""
        return int(self.first.event_shape[0])

    def _batch_shape(self) -> tf.TensorShape:
        return self.first.batch_shape

    def _batch_shape_tensor(self, **kwargs: Any) -> tf.Tensor:
        del kwargs
        return self.first.batch_shape_tensor()

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([self.time_steps * self.state_size])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant([self.time_steps * self.state_size], tf.int32)

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        row_shape = tf.concat([sample_shape, self.first.batch_shape_tensor()], axis=0)
        shape = tf.concat([row_shape, [self.time_steps, self.state_size]], axis=0)
        row_axis = -3 if self.batch_shape.rank else None
        standard = stateless_random.normal(shape, seed, self.dtype, row_axis)
        # The rows are one axis, and the steps come first.
        flat = tf.reshape(standard, [-1, self.time_steps, self.state_size])
        by_step = tf.transpose(flat, [1, 0, 2])
        first = self.first.loc + self.first.scale.matvec(standard[..., 0, :])
        first = tf.reshape(first, [-1, self.state_size])
        states = first[None]
        # XLA takes no loop over nothing.
        if self.time_steps > 1:
            states = tf.concat([states, tf.scan(self._next, by_step[1:], first)], axis=0)
        return tf.reshape(tf.transpose(states, [1, 0, 2]), self._shape_of_draws(sample_shape))

    def _next(self, states: tf.Tensor, standard: tf.Tensor) -> tf.Tensor:
        """Returns states `[N, L]` that follow others, of noise `[N, L]`."""
        following = self.transition(states)
        return following.loc + following.scale.matvec(standard)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        shape = tf.concat([tf.shape(value)[:-1], [self.time_steps, self.state_size]], axis=0)
        states = tf.reshape(value, shape)
        log_prob = self.first.log_prob(states[..., 0, :])
        # Of a single step it is an empty sum, whose gradient is 0.
        following = self.transition(states[..., :-1, :]).log_prob(states[..., 1:, :])
        return log_prob + tf.reduce_sum(following, axis=-1)
