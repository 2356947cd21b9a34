"""A series of data, each step of which depends on its latents and a recurrent state."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds
from tfp_vae.distributions.draws import DrawsFromNoise
from tfp_vae.distributions.recurrence import Recurrence, hidden_states, in_rows, steps_first


class RecurrentSeries(DrawsFromNoise, tfd.Distribution):
    """The likelihood of a variational RNN: p(x₁|z₁) p(x₂|z₁, z₂, x₁) and so on.

    The data of a step depend on its latents and on a recurrent state, which carries the data and
    latents of all steps before. `log_prob` sees the data of `value` itself; a draw feeds back what
    it has drawn. There is no mean in closed form; `most_probable` is a series of point predictions.

    Args:
      z: The latents, `[..., T, L]`.
      recurrence: A `Recurrence`, which carries the state.
      conditional: From hidden states `[..., U]` and latents of a step, `[..., L]`, to the
        distribution of its data, batch `[...]`, event `[*values]`.
      values_shape: The shape of the data of a step, `[*values]`.
      prediction: From a distribution of the data of a step to a point prediction of them; by
        default the mean.
      observed: Which steps are observed, a boolean tensor that broadcasts to `[..., T]`: the
        density then is that of these. In every row they must be the first ones. None if all are.
      given: Data `[..., T, *values]` whose observed steps are known: the distribution then is that
        of the later ones given these. None for none.
      name: The name of the distribution.

    Source: Chung et al. (2015), "A recurrent latent variable model for sequential data".
    """

    def __init__(
        self,
        z: tf.Tensor,
        recurrence: Recurrence,
        conditional: Callable[[tf.Tensor, tf.Tensor], tfd.Distribution],
        values_shape: Sequence[int],
        prediction: Callable[[tfd.Distribution], tf.Tensor] = lambda each: each.mean(),
        observed: tf.Tensor | None = None,
        given: tf.Tensor | None = None,
        name: str = "RecurrentSeries",
    ) -> None:
        parameters = dict(locals())
        self.z = tf.convert_to_tensor(z)
        self.recurrence, self.conditional = recurrence, conditional
        self.values_shape, self.prediction = list(values_shape), prediction
        self.observed, self.given = observed, given
        super().__init__(
            dtype=self.z.dtype,
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters=parameters,
            name=name,
        )

    @property
    def time_steps(self) -> int:
        """The number T of steps."""
        return int(self.z.shape[-2])

    def of_observed(self, observed: tf.Tensor) -> "RecurrentSeries":
        """Returns the distribution of the first steps of every row, which are observed."""
        changed: RecurrentSeries = self.copy(observed=observed)
        return changed

    def given_observed(self, x: tf.Tensor, observed: tf.Tensor) -> "RecurrentSeries":
        """Returns the distribution of series whose first steps, which are observed, are those of x.

        Args:
          x: Series, `[..., T, *values]`.
          observed: A boolean tensor that broadcasts to `[..., T]`.
        """
        changed: RecurrentSeries = self.copy(observed=observed, given=x)
        return changed

    def conditionals(self, x: tf.Tensor) -> tfd.Distribution:
        """Returns the distribution of the data of every step given those of the steps before.

        Args:
          x: Series, `[..., T, *values]`.

        Returns:
          A `tfd.Distribution`, batch `[..., T]`, event `[*values]`.
        """
        x, rank = tf.convert_to_tensor(x, self.dtype), 1 + len(self.values_shape)
        leading = tf.broadcast_dynamic_shape(tf.shape(x)[:-rank], self.batch_shape_tensor())
        static = tf.broadcast_static_shape(x.shape[:-rank], self.batch_shape)
        z = in_rows(self.z, leading, self.z.shape[-2:].as_list())
        rows = in_rows(x, leading, [self.time_steps, *self.values_shape])
        hidden = hidden_states(self.recurrence, rows, z)
        hidden, z = (
            tf.reshape(each, tf.concat([leading, tf.shape(each)[1:]], axis=0))
            for each in (hidden, z)
        )
        for each in (hidden, z):
            each.set_shape(static.concatenate(each.shape[-2:]))
        return self.conditional(hidden, z)

    def most_probable(self) -> tf.Tensor:
        """Returns a point prediction of every step, given those before, `[..., T, *values]`.

        It need not be the most probable series, nor its mean.
        """
        return self._generated(tf.shape(self.z)[:-2], lambda _, each: self.prediction(each))

    def _batch_shape(self) -> tf.TensorShape:
        return self.z.shape[:-2]

    def _batch_shape_tensor(self, **kwargs: Any) -> tf.Tensor:
        del kwargs
        return tf.shape(self.z)[:-2]

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([self.time_steps, *self.values_shape])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant([self.time_steps, *self.values_shape], tf.int32)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        counted = self.observed
        if self.given is not None:
            known = tf.reshape(counted, tf.concat([tf.shape(counted), self._ones()], axis=0))
            value = tf.where(known, self.given, value)
            counted = tf.logical_not(counted)
        of_steps = self.conditionals(value).log_prob(value)
        if counted is not None:
            of_steps = tf.where(counted, of_steps, tf.zeros_like(of_steps))
        return tf.reduce_sum(of_steps, axis=-1)

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        leading = tf.concat([sample_shape, self.batch_shape_tensor()], axis=0)
        return self._generated(
            leading, lambda step, each: each.sample(seed=seeds.fold_in(seed, step))
        )

    def _generated(
        self, leading: tf.Tensor, chosen: Callable[[tf.Tensor, tfd.Distribution], tf.Tensor]
    ) -> tf.Tensor:
        """Returns series `[*leading, T, *values]`, each step chosen of its distribution."""
        event = [self.time_steps, *self.values_shape]
        by_step = [
            tf.range(self.time_steps),
            steps_first(in_rows(self.z, leading, self.z.shape[-2:].as_list())),
        ]
        if self.given is not None:
            known = tf.reshape(
                in_rows(self.observed, leading, event[:1]), [-1, event[0], *self._ones()]
            )
            by_step += [steps_first(in_rows(self.given, leading, event)), steps_first(known)]

        def next_step(carried: list[tf.Tensor], step: list[tf.Tensor]) -> list[tf.Tensor]:
            before, *state = carried
            number, z, *known = step
            x = tf.cast(chosen(number, self.conditional(state[0], z)), self.dtype)
            x = tf.reshape(x, tf.shape(before))
            if known:
                given, is_given = known
                x = tf.where(is_given, given, x)
            x.set_shape(before.shape)
            return [x, *self.recurrence.next_state(state, x, z)]

        count = tf.reduce_prod(leading)
        none_yet = tf.zeros([count, *self.values_shape], self.dtype)
        first = [none_yet, *self.recurrence.first_state(count)]
        series, *_ = tf.scan(next_step, by_step, first)
        return tf.reshape(steps_first(series), tf.concat([leading, event], axis=0))

    def _ones(self) -> list[int]:
        """Returns a 1 for every axis of the data of a step."""
        return [1] * len(self.values_shape)
