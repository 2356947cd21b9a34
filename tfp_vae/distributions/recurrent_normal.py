"""Normal latents over time, each given a recurrent state and the data of its step."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import stateless_random
from tfp_vae.distributions.draws import DrawsFromNoise
from tfp_vae.distributions.multivariate_normal import MultivariateNormalDiag
from tfp_vae.distributions.recurrence import Recurrence, hidden_states, in_rows, steps_first


class RecurrentNormal(DrawsFromNoise, tfd.Distribution):
    """The filtering posterior of a variational RNN: q(z₁|x₁) q(z₂|z₁, x₁, x₂) and so on.

    The latents of a step are normal given its data and a recurrent state, which carries the data
    and latents of all steps before. The latents of all steps are one event, the first step first.
    At steps that are not observed they are standard normal.

    Draws take one step after the other, and so do densities, for the state; the distributions of
    all steps given the states are made at once. It has no mean in closed form; `point` has the mean
    of each step given those of the steps before.

    Args:
      x: Series, `[B, T, *values]`.
      recurrence: A `Recurrence`, which carries the state.
      conditional: From hidden states `[..., U]` and the data of a step, `[..., *values]`, to the
        distribution of its latents, batch `[...]`, event `[L]`.
      state_size: The number L of latents of a step.
      observed: Which steps are observed, a boolean tensor `[B, T]`; None if all are.
      name: The name of the distribution.

    Source: Chung et al. (2015), "A recurrent latent variable model for sequential data".
    """

    def __init__(
        self,
        x: tf.Tensor,
        recurrence: Recurrence,
        conditional: Callable[[tf.Tensor, tf.Tensor], MultivariateNormalDiag],
        state_size: int,
        observed: tf.Tensor | None = None,
        name: str = "RecurrentNormal",
    ) -> None:
        parameters = dict(locals())
        self.x = tf.convert_to_tensor(x)
        self.recurrence, self.conditional = recurrence, conditional
        self.state_size, self.observed = state_size, observed
        super().__init__(
            dtype=self.x.dtype,
            reparameterization_type=tfd.FULLY_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters=parameters,
            name=name,
        )

    @property
    def time_steps(self) -> int:
        """The number T of steps."""
        return int(self.x.shape[1])

    def hidden(self, z: tf.Tensor) -> tf.Tensor:
        """Returns the hidden state before every step, `[..., B, T, U]`, of draws `[..., B, T * L]`.

        Args:
          z: Draws.
        """
        latents, x, restore = self._rows_of(z)
        return restore(hidden_states(self.recurrence, x, latents))

    def conditionals(self, z: tf.Tensor) -> MultivariateNormalDiag:
        """Returns the distribution of the latents of every step given those of the steps before.

        Args:
          z: Draws, `[..., B, T * L]`.

        Returns:
          A `MultivariateNormalDiag`, batch `[..., B, T]`, event `[L]`.
        """
        latents, x, restore = self._rows_of(z)
        hidden = hidden_states(self.recurrence, x, latents)
        return self._given(restore(hidden), restore(x), self.observed)

    def point(self) -> tf.Tensor:
        """Returns the mean of every step given those before, `[B, T * L]`."""
        shape = tf.concat([self.batch_shape_tensor(), [self.time_steps, self.state_size]], axis=0)
        return self._with_noise(tf.zeros(shape, self.dtype))

    def _batch_shape(self) -> tf.TensorShape:
        return self.x.shape[:1]

    def _batch_shape_tensor(self, **kwargs: Any) -> tf.Tensor:
        del kwargs
        return tf.shape(self.x)[:1]

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([self.time_steps * self.state_size])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant([self.time_steps * self.state_size], tf.int32)

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        rows = tf.concat([sample_shape, self.batch_shape_tensor()], axis=0)
        shape = tf.concat([rows, [self.time_steps, self.state_size]], axis=0)
        return self._with_noise(stateless_random.normal(shape, seed, self.dtype, row_axis=-3))

    def _with_noise(self, noise: tf.Tensor) -> tf.Tensor:
        """Returns draws `[..., B, T * L]` made of standard normal noise, `[..., B, T, L]`."""
        leading = tf.shape(noise)[:-2]
        given = [
            in_rows(self.x, leading, self.x.shape[1:].as_list()),
            in_rows(noise, leading, [self.time_steps, self.state_size]),
        ]
        if self.observed is not None:
            given.append(in_rows(self.observed, leading, [self.time_steps]))

        def next_step(carried: list[tf.Tensor], step: list[tf.Tensor]) -> list[tf.Tensor]:
            _, *state = carried
            x, standard, *observed = step
            q = self._given(state[0], x, observed[0] if observed else None)
            z = q.loc + q.scale.matvec(standard)
            return [z, *self.recurrence.next_state(state, x, z)]

        count = tf.reduce_prod(leading)
        none_yet = tf.zeros([count, self.state_size], self.dtype)
        first = [none_yet, *self.recurrence.first_state(count)]
        by_step, *_ = tf.scan(next_step, [steps_first(each) for each in given], first)
        size = self.time_steps * self.state_size
        return tf.reshape(steps_first(by_step), tf.concat([leading, [size]], axis=0))

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        shape = tf.concat([tf.shape(value)[:-1], [self.time_steps, self.state_size]], axis=0)
        of_steps = self.conditionals(value).log_prob(tf.reshape(value, shape))
        return tf.reduce_sum(of_steps, axis=-1)

    def _given(
        self, hidden: tf.Tensor, x: tf.Tensor, observed: tf.Tensor | None
    ) -> MultivariateNormalDiag:
        """Returns the distribution of the latents of steps: standard normal where not observed."""
        q = self.conditional(hidden, x)
        if observed is None:
            return q
        loc, scale, seen = q.loc, q.scale.diag_part(), observed[..., None]
        return MultivariateNormalDiag(
            tf.where(seen, loc, tf.zeros_like(loc)), tf.where(seen, scale, tf.ones_like(scale))
        )

    def _rows_of(
        self, z: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        """Returns latents `[N, T, L]`, data `[N, T, *values]`, and how rows are brought back."""
        z, steps, size = tf.convert_to_tensor(z, self.dtype), self.time_steps, self.state_size
        leading = tf.broadcast_dynamic_shape(tf.shape(z)[:-1], self.batch_shape_tensor())
        latents = tf.reshape(in_rows(z, leading, [steps * size]), [-1, steps, size])
        x = in_rows(self.x, leading, self.x.shape[1:].as_list())
        static = tf.broadcast_static_shape(z.shape[:-1], self.batch_shape)

        def restore(rows: tf.Tensor) -> tf.Tensor:
            restored = tf.reshape(rows, tf.concat([leading, tf.shape(rows)[1:]], axis=0))
            restored.set_shape(static.concatenate(rows.shape[1:]))
            return restored

        return latents, x, restore
