"""The uniform distribution on the unit sphere, with the same draws eagerly and under XLA."""

import math

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import stateless_random
from tfp_vae.distributions.draws import DrawsFromNoise


def log_sphere_area(dimension: int) -> float:
    """Returns the logarithm of the area of the unit sphere in R^dimension."""
    half = dimension / 2
    return math.log(2.0) + half * math.log(math.pi) - math.lgamma(half)


class SphericalUniform(DrawsFromNoise, tfd.SphericalUniform):
    """A `tfd.SphericalUniform` that draws the same eagerly, in graphs and under XLA."""

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        normal = stateless_random.normal(self._shape_of_draws(sample_shape), seed, self.dtype)
        return normal / tf.norm(normal, axis=-1, keepdims=True)

    def _log_prob(self, x: tf.Tensor) -> tf.Tensor:
        # TensorFlow Probability's loses the static shape of `x`.
        shape = tf.broadcast_static_shape(x.shape[:-1], self.batch_shape)
        log_prob = tf.broadcast_to(
            tf.constant(-log_sphere_area(self.dimension), self.dtype),
            tf.broadcast_dynamic_shape(tf.shape(x)[:-1], self.batch_shape_tensor()),
        )
        log_prob.set_shape(shape)
        return log_prob

    def _variance(self) -> tf.Tensor:
        return tf.linalg.diag_part(self._covariance())
