"""Multivariate normals with the same draws eagerly, in graphs and under XLA.

Everything but the random numbers is TensorFlow Probability's.
"""

from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow_probability import distributions as tfd

from tfp_vae import stateless_random
from tfp_vae.distributions.draws import DrawsFromNoise


class NormalDraws(DrawsFromNoise):
    """Draws of a `tfd.MultivariateNormalLinearOperator` with a location and a scale."""

    def _draw(self: Any, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        row_axis = -2 if self.batch_shape.rank else None
        standard = stateless_random.normal(
            self._shape_of_draws(sample_shape), seed, self.dtype, row_axis
        )
        return self.loc + self.scale.matvec(standard)


class MultivariateNormalDiag(NormalDraws, tfd.MultivariateNormalDiag):
    """A `tfd.MultivariateNormalDiag` that draws the same eagerly, in graphs and under XLA.

    Its mean and standard deviation are broadcast by arithmetic, not by shapes, which ONNX lacks.
    """

    def _mean(self) -> tf.Tensor:
        return self.loc + tf.zeros_like(self.scale.diag_part())

    def _stddev(self) -> tf.Tensor:
        return self.scale.diag_part() + tf.zeros_like(self.loc)


class MultivariateNormalTriL(NormalDraws, tfd.MultivariateNormalTriL):
    """A `tfd.MultivariateNormalTriL` that draws the same eagerly, in graphs and under XLA.

    Its mean and standard deviation are broadcast by arithmetic, not by shapes, which ONNX lacks,
    and without the diagonal of a matrix, which TensorFlow Lite lacks.
    """

    def _mean(self) -> tf.Tensor:
        return self.loc + tf.zeros_like(self.scale.to_dense()[..., 0])

    def _stddev(self) -> tf.Tensor:
        variance = tf.reduce_sum(tf.square(self.scale.to_dense()), axis=-1)
        return tf.sqrt(variance) + tf.zeros_like(self.loc)


class MultivariateNormalDiagPlusLowRank(NormalDraws, tfd.MultivariateNormalDiagPlusLowRank):
    """A `tfd.MultivariateNormalDiagPlusLowRank` with the same draws everywhere, and under XLA.

    TensorFlow Probability does not use that a positive diagonal makes the scale positive definite,
    and computes a determinant that XLA does not support; this one uses a Cholesky factor.

    Args:
      loc: The mean, `[..., L]`.
      scale_diag: The diagonal of the scale, positive, `[..., L]`.
      scale_perturb_factor: U of the low-rank term U Uᵀ, `[..., L, rank]`.
      name: The name of the distribution.
    """

    def __init__(
        self,
        loc: tf.Tensor,
        scale_diag: tf.Tensor,
        scale_perturb_factor: tf.Tensor,
        name: str = "MultivariateNormalDiagPlusLowRank",
    ) -> None:
        parameters = {
            "loc": loc,
            "scale_diag": scale_diag,
            "scale_perturb_factor": scale_perturb_factor,
            "name": name,
        }
        scale = tf.linalg.LinearOperatorLowRankUpdate(
            tf.linalg.LinearOperatorDiag(
                scale_diag,
                is_non_singular=True,
                is_self_adjoint=True,
                is_positive_definite=True,
            ),
            u=scale_perturb_factor,
            is_diag_update_positive=True,
        )
        super(tfd.MultivariateNormalDiagPlusLowRank, self).__init__(loc=loc, scale=scale, name=name)
        self._parameters = parameters
        self._scale_diag = scale_diag
        self._scale_perturb_factor = scale_perturb_factor
        self._scale_perturb_diag = None

    def _mean(self) -> tf.Tensor:
        return self.loc + tf.zeros_like(self._scale_diag)

    def _stddev(self) -> tf.Tensor:
        """Returns the square root of the diagonal of S², where S = diag(d) + U Uᵀ."""
        diagonal, factor = self._scale_diag, self._scale_perturb_factor
        product = tf.matmul(factor, factor, transpose_b=True)
        of_factor = tf.reduce_sum(tf.square(factor), axis=-1)
        variance = diagonal * (diagonal + 2.0 * of_factor)
        variance += tf.reduce_sum(tf.square(product), axis=-1)
        return tf.sqrt(variance) + tf.zeros_like(self.loc)

    @classmethod
    def _parameter_properties(
        cls, dtype: tf.DType, num_classes: int | None = None
    ) -> dict[str, Any]:
        del dtype, num_classes
        return {
            "loc": tfp.util.ParameterProperties(event_ndims=1),
            "scale_diag": tfp.util.ParameterProperties(event_ndims=1),
            "scale_perturb_factor": tfp.util.ParameterProperties(event_ndims=2),
        }
