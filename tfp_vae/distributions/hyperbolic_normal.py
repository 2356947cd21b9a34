"""The wrapped normal distribution on hyperbolic space."""

import math
from typing import Any, ClassVar

import tensorflow as tf
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae import stateless_random
from tfp_vae.distributions import fixed_noise, hyperbolic_geometry
from tfp_vae.distributions.draws import DrawsFromNoise


class HyperbolicNormal(DrawsFromNoise, tfd.Distribution):
    """The wrapped normal distribution on hyperbolic space, in normal coordinates at the origin.

    A normal vector v with mean 0 in the tangent space at the origin is carried to the tangent space
    at the point `loc`, and followed from there along a shortest path: Nagano et al. (2019), "A
    wrapped normal distribution on hyperbolic space for gradient-based learning"; in the Poincare
    ball it is that of Mathieu et al. (2019), "Continuous hierarchical representations with Poincare
    variational auto-encoders". A point z is given by its vector from the origin, so that all real
    vectors are points, and around the origin itself the distribution is the plain normal one.

    The density is in the volume of z as a real vector, as of all other latents. A translation keeps
    hyperbolic volume, which is (sinh(√c r) / (√c r))^(L - 1) times the volume of the vector at
    length r. So log p(z) = log p(v) + (L - 1) (log sinhc(√c r) - log sinhc(√c s)) for the lengths r
    and s of z and v, where v is z after the translation that takes `loc` to the origin. As c goes
    to 0, it is a normal distribution of mean `loc`.

    All is computed in float64, since far from the origin directions need many digits. Mean and
    variance of the coordinates have no closed form: they are estimated from 256 draws of fixed
    noise in opposite pairs, the same for every distribution.

    Args:
      loc: The point that the distribution is around, in normal coordinates, `[..., L]`.
      scale_diag: The standard deviations of v, positive, `[..., L]`.
      curvature: c of the curvature -c, a positive number.
      name: The name of the distribution.
    """

    moment_draws: ClassVar[int] = 256
    """The number of draws that mean and variance are estimated from."""

    def __init__(
        self,
        loc: tf.Tensor,
        scale_diag: tf.Tensor,
        curvature: float = 1.0,
        name: str = "HyperbolicNormal",
    ) -> None:
        parameters = dict(locals())
        self.loc = tf.convert_to_tensor(loc)
        self.scale_diag = tf.convert_to_tensor(scale_diag, self.loc.dtype)
        self.curvature = curvature
        super().__init__(
            dtype=self.loc.dtype,
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
            "loc": tfp_util.ParameterProperties(event_ndims=1),
            "scale_diag": tfp_util.ParameterProperties(event_ndims=1),
        }

    def _event_shape(self) -> tf.TensorShape:
        return self.loc.shape[-1:]

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.shape(self.loc)[-1:]

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        row_axis = -2 if self.batch_shape.rank else None
        shape = self._shape_of_draws(sample_shape)
        return self._followed(stateless_random.normal(shape, seed, self.dtype, row_axis))

    def _followed(self, noise: tf.Tensor) -> tf.Tensor:
        """Returns the points that standard normal numbers `[..., L]` lead to."""
        loc, v = (
            math.sqrt(self.curvature) * tf.cast(each, tf.float64)
            for each in (self.loc, self.scale_diag * noise)
        )
        z = hyperbolic_geometry.translated(v, loc) / math.sqrt(self.curvature)
        return tf.cast(z, self.dtype)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        root = math.sqrt(self.curvature)
        loc, scale, z = (
            root * tf.cast(each, tf.float64) for each in (self.loc, self.scale_diag, value)
        )
        v = hyperbolic_geometry.translated(z, -loc)
        size = self.event_shape[-1]
        log_prob = tf.reduce_sum(tfd.Normal(tf.zeros_like(scale), scale).log_prob(v), axis=-1)
        growth = (
            hyperbolic_geometry.log_sinhc(hyperbolic_geometry.length(each)) for each in (z, v)
        )
        at_z, at_v = growth
        # The density of √c z, whose volume is c^(L/2) times that of z.
        log_prob += (size - 1.0) * (at_z - at_v) + size * math.log(root)
        return tf.cast(log_prob, self.dtype)

    def _mean(self) -> tf.Tensor:
        return tf.reduce_mean(self._draws_for_moments(), axis=0)

    def _variance(self) -> tf.Tensor:
        return tf.math.reduce_variance(self._draws_for_moments(), axis=0)

    def _draws_for_moments(self) -> tf.Tensor:
        return self._followed(
            fixed_noise.opposite_pairs(
                self.moment_draws, self.batch_shape.rank, self.event_shape[-1], self.dtype
            )
        )
