"""A multivariate normal with independent axes, whose draws do not depend on how TensorFlow runs."""

from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import noise, seeds


class MultivariateNormalDiag(tfd.MultivariateNormalDiag):
    """A `tfd.MultivariateNormalDiag` that draws the same numbers eagerly, in graphs and under XLA.

    Everything but the source of the noise is TensorFlow Probability's.
    """

    def _call_sample_n(self, sample_shape: Any, seed: Any, **kwargs: Any) -> tf.Tensor:
        if kwargs:
            return super()._call_sample_n(sample_shape, seed, **kwargs)
        loc, scale = self.loc, self.scale.diag_part()
        sample_shape = tf.reshape(tf.cast(sample_shape, tf.int32), [-1])
        shape = tf.concat([sample_shape, self.batch_shape_tensor(), self.event_shape_tensor()], 0)
        row_axis = -2 if self.batch_shape.rank else None
        draws = loc + scale * noise.normal(shape, seeds.as_seed(seed), self.dtype, row_axis)
        static = tf.get_static_value(sample_shape)
        if static is not None:
            draws.set_shape([*static, *self.batch_shape, *self.event_shape])
        return draws

    def _sample_and_log_prob(
        self, sample_shape: Any, seed: Any, **kwargs: Any
    ) -> tuple[tf.Tensor, tf.Tensor]:
        draws = self._call_sample_n(sample_shape, seed, **kwargs)
        return draws, self.log_prob(draws)
