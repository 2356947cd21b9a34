"""The logistic-normal distribution, on the simplex."""

from typing import Any, ClassVar

import tensorflow as tf
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae.distributions import fixed_noise
from tfp_vae.distributions.draws import DrawsFromNoise

_SMALLEST = 1e-30


class LogisticNormal(DrawsFromNoise, tfd.Distribution):
    """K positive numbers that add up to 1: softmax of K - 1 normal variables and a 0.

    The map is that of `tfb.SoftmaxCentered`, and its inverse is x = log(v / v_K), without the last.
    The determinant of the derivative of the first K - 1 numbers by x is their product with the
    last, so that log p(v) = log p(x) - Σ log v: a density in the first K - 1 numbers, as that of
    `tfd.Dirichlet` and of `tfd.RelaxedOneHotCategorical` (`tfd.TransformedDistribution` has one in
    the area of the simplex, √K times smaller). Aitchison & Shen (1980), "Logistic-normal
    distributions: some properties and uses".

    A number too small for float32 becomes 1e-30. Mean and variance have no closed form: they are
    estimated from 256 draws of fixed noise in opposite pairs, the same for every distribution.

    Args:
      normal: A multivariate normal distribution of a `loc` and a `scale`, event `[K - 1]`.
      name: The name of the distribution.
    """

    moment_draws: ClassVar[int] = 256
    """The number of draws that mean and variance are estimated from."""

    def __init__(self, normal: tfd.Distribution, name: str = "LogisticNormal") -> None:
        parameters = dict(locals())
        self.normal = normal
        super().__init__(
            dtype=normal.dtype,
            reparameterization_type=normal.reparameterization_type,
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
        return {"normal": tfp_util.BatchedComponentProperties()}

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([self.normal.event_shape[0] + 1])

    def _event_shape_tensor(self) -> tf.Tensor:
        return self.normal.event_shape_tensor() + 1

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return _shares(self.normal.sample(sample_shape, seed=seed))

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        logarithms = tf.math.log(value)
        x = logarithms[..., :-1] - logarithms[..., -1:]
        return self.normal.log_prob(x) - tf.reduce_sum(logarithms, axis=-1)

    def _mean(self) -> tf.Tensor:
        return tf.reduce_mean(self._draws_for_moments(), axis=0)

    def _variance(self) -> tf.Tensor:
        return tf.math.reduce_variance(self._draws_for_moments(), axis=0)

    def _draws_for_moments(self) -> tf.Tensor:
        noise = fixed_noise.opposite_pairs(
            self.moment_draws, self.batch_shape.rank, self.normal.event_shape[0], self.dtype
        )
        return _shares(self.normal.loc + self.normal.scale.matvec(noise))


def _shares(x: tf.Tensor) -> tf.Tensor:
    """Returns softmax of numbers `[..., K - 1]` and a 0, none below the smallest."""
    shares = tf.nn.softmax(tf.concat([x, tf.zeros_like(x[..., :1])], axis=-1))
    return tf.maximum(shares, _SMALLEST)
