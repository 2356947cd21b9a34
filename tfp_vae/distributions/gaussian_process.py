"""Independent Gaussian processes, one for each latent of a step, at the steps of a series."""

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae.distributions.multivariate_normal import NormalDraws


class GaussianProcesses(NormalDraws, tfd.MultivariateNormalLinearOperator):
    """Normal states over time whose L latents are independent, each with a covariance over time.

    The states of all T steps are one event, the first step first. Every exact KL of a multivariate
    normal applies.

    Args:
      loc: The means of all steps, `[..., T * L]`.
      factors: The lower Cholesky factor of each latent's covariance over time, `[L, T, T]`.
      name: The name of the distribution.

    Example:
      >>> from tfp_vae import distributions
      >>> d = distributions.GaussianProcesses(tf.zeros([6]), tf.eye(3, batch_shape=[2]))
      >>> d.event_shape, d.stddev().numpy()
      (TensorShape([6]), array([1., 1., 1., 1., 1., 1.], dtype=float32))
    """

    def __init__(self, loc: tf.Tensor, factors: tf.Tensor, name: str = "GaussianProcesses") -> None:
        factors = tf.convert_to_tensor(factors)
        latents, steps = (int(size) for size in factors.shape[:2])
        blocks = [
            tf.linalg.LinearOperatorLowerTriangular(factors[latent], is_non_singular=True)
            for latent in range(latents)
        ]
        # Of every place in the event, the place in the list that has one latent after the other.
        by_latent = np.arange(steps * latents).reshape([latents, steps]).T.ravel()
        scale = tf.linalg.LinearOperatorComposition(
            [
                tf.linalg.LinearOperatorPermutation(by_latent, dtype=factors.dtype),
                tf.linalg.LinearOperatorBlockDiag(blocks, is_non_singular=True),
            ],
            is_non_singular=True,
        )
        super().__init__(loc=tf.convert_to_tensor(loc, factors.dtype), scale=scale, name=name)
        self._parameters = {"loc": loc, "factors": factors, "name": name}
        self.factors = factors

    @classmethod
    def _parameter_properties(
        cls, dtype: tf.DType, num_classes: int | None = None
    ) -> dict[str, Any]:
        del dtype, num_classes
        return {
            "loc": tfp_util.ParameterProperties(event_ndims=1),
            "factors": tfp_util.ParameterProperties(event_ndims=3),
        }

    def _batch_shape(self) -> tf.TensorShape:
        return self.loc.shape[:-1]

    def _batch_shape_tensor(self, **kwargs: Any) -> tf.Tensor:
        del kwargs
        return tf.shape(self.loc)[:-1]

    def _mean(self) -> tf.Tensor:
        return tf.identity(self.loc)

    def _variance(self) -> tf.Tensor:
        by_latent = tf.reduce_sum(tf.square(self.factors), axis=-1)
        return tf.reshape(tf.transpose(by_latent), [-1]) + tf.zeros_like(self.loc)

    def _stddev(self) -> tf.Tensor:
        return tf.sqrt(self._variance())
