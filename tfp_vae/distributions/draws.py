"""Draws that are the same eagerly, in graphs and under XLA."""

from typing import Any

import tensorflow as tf

from tfp_vae import seeds


class DrawsFromNoise:
    """A mixin for a `tfd.Distribution` with the same draws eagerly, in graphs and under XLA.

    The distribution inherits it first, and implements `_draw` with numbers from
    `tfp_vae.stateless_random`.
    """

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Draws `[*sample_shape, *batch, *event]`.

        Args:
          sample_shape: An int32 tensor `[rank]`.
          seed: A stateless seed, `[2]` of 32-bit integers.
        """
        raise NotImplementedError

    def _call_sample_n(self: Any, sample_shape: Any, seed: Any, **kwargs: Any) -> tf.Tensor:
        if kwargs:
            raise TypeError(
                f"`sample` of a {type(self).__name__} takes no argument {next(iter(kwargs))!r}."
            )
        sample_shape = tf.reshape(tf.cast(sample_shape, tf.int32), [-1])
        draws = self._draw(sample_shape, seeds.as_seed(seed))
        static = tf.get_static_value(sample_shape)
        if static is not None:
            draws.set_shape([*static, *self.batch_shape, *self.event_shape])
        return draws

    def _sample_and_log_prob(
        self: Any, sample_shape: Any, seed: Any, **kwargs: Any
    ) -> tuple[tf.Tensor, tf.Tensor]:
        draws = self._call_sample_n(sample_shape, seed, **kwargs)
        return draws, self.log_prob(draws)

    def _shape_of_draws(self: Any, sample_shape: tf.Tensor) -> tf.Tensor:
        """Returns `[*sample_shape, *batch, *event]` as a tensor."""
        return tf.concat([sample_shape, self.batch_shape_tensor(), self.event_shape_tensor()], 0)
