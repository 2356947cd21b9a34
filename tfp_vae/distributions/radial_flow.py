"""The radial flow: a diagonal normal under steps that draw space to points or push it away."""

from typing import Any

import tensorflow as tf
from tensorflow_probability import bijectors as tfb
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae.distributions import flow_bijectors
from tfp_vae.distributions.amortized_flow import AmortizedFlow, batched

_LEAST_LENGTH = 1e-30
_LEAST_SQUARE = 1e-30


class RadialFlow(AmortizedFlow):
    """The radial flow of Rezende & Mohamed (2015), "Variational inference with normalizing flows".

    Every step is `Radial`. Draws and densities, of any value, take a few operations for each step.

    Mean and variance have no closed form: they are Monte Carlo estimates from 256 antithetic draws
    with a fixed seed, equal at every call.

    Args:
      distribution: The base distribution, a normal, batch `[B]`, event `[L]`.
      center: The point of every step, `[B, T, L]`.
      radius: Any number of every step, from which its radius comes, `[B, T]`.
      strength: Any number of every step, from which its strength comes, `[B, T]`.

    Example:
      >>> base = tfp_vae.distributions.MultivariateNormalDiag(np.zeros([5, 2]), np.ones([5, 2]))
      >>> q = tfp_vae.distributions.RadialFlow(
      ...     base, np.ones([5, 3, 2]), np.zeros([5, 3]), np.ones([5, 3]))
      >>> q.log_prob(q.sample(4, seed=0)).shape
      TensorShape([4, 5])
    """

    def __init__(
        self,
        distribution: tfd.Distribution,
        center: tf.Tensor,
        radius: tf.Tensor,
        strength: tf.Tensor,
        name: str = "RadialFlow",
    ) -> None:
        parameters = dict(locals())
        self.center = tf.convert_to_tensor(center, distribution.dtype)
        self.radius = tf.convert_to_tensor(radius, distribution.dtype)
        self.strength = tf.convert_to_tensor(strength, distribution.dtype)
        steps = [
            Radial(self.center[..., step, :], self.radius[..., step], self.strength[..., step])
            for step in range(self.radius.shape[-1])
        ]
        super().__init__(distribution, steps, parameters=parameters, name=name)

    @classmethod
    def _parameter_properties(
        cls, dtype: tf.DType, num_classes: int | None = None
    ) -> dict[str, Any]:
        del dtype, num_classes
        return batched(center=2, radius=1, strength=1)


class Radial(tfb.Bijector):
    """The bijector y = x + b (x - c) / (a + r), where r = ‖x - c‖ is the distance from a center.

    It is invertible if a > 0 and b ≥ -a (Rezende & Mohamed 2015, appendix A). Both hold for any
    parameters, with f(x) = (1 + softplus(x)) / (1 + softplus(-x)):

        a = f(radius),   b = a (f(strength) - 1).

    So f(strength) is the factor by which space is stretched at the center, and strength 0 is the
    identity. A distance r becomes r (r + a + b) / (r + a), and the inverse is the root of a
    quadratic equation.

    Args:
      center: c, `[..., L]`.
      radius: `[...]`.
      strength: `[...]`.
    """

    def __init__(
        self, center: tf.Tensor, radius: tf.Tensor, strength: tf.Tensor, name: str = "radial"
    ) -> None:
        parameters = dict(locals())
        self.center = center
        self.a = flow_bijectors.positive(radius)
        self.a_plus_b = self.a * flow_bijectors.positive(strength)
        super().__init__(forward_min_event_ndims=1, parameters=parameters, name=name)

    @classmethod
    def _parameter_properties(cls, dtype: tf.DType) -> dict[str, Any]:
        del dtype
        return {
            "center": tfp_util.ParameterProperties(event_ndims=1),
            "radius": tfp_util.ParameterProperties(event_ndims=0),
            "strength": tfp_util.ParameterProperties(event_ndims=0),
        }

    def _forward(self, x: tf.Tensor) -> tf.Tensor:
        return self.center + (x - self.center) * self._factor(_norm(x - self.center))[..., None]

    def _inverse(self, y: tf.Tensor) -> tf.Tensor:
        distance = self._distance_before(_norm(y - self.center))
        return self.center + (y - self.center) / self._factor(distance)[..., None]

    def _forward_log_det_jacobian(self, x: tf.Tensor) -> tf.Tensor:
        """Returns that of L - 1 directions across and of one along the line to the center."""
        distance, size = _norm(x - self.center), x.shape[-1]
        inside = self.a + distance
        # (r² + 2ar + a(a+b)) / (a + r)²: without squares, which could overflow.
        along = distance / inside + (self.a / inside) * ((distance + self.a_plus_b) / inside)
        return (size - 1.0) * tf.math.log(self._factor(distance)) + tf.math.log(along)

    def _factor(self, distance: tf.Tensor) -> tf.Tensor:
        return (distance + self.a_plus_b) / (distance + self.a)

    def _distance_before(self, moved: tf.Tensor) -> tf.Tensor:
        """Returns the positive root r of r² + (a + b - R) r - a R = 0, where R is `moved`.

        With d = a + b - R it is (√(d² + 4aR) - d) / 2, which for a positive d is the small
        difference of large numbers, but also 2aR / (√(d² + 4aR) + d).
        """
        difference = self.a_plus_b - moved
        size = tf.stop_gradient(tf.maximum(self.a_plus_b, moved))
        root = size * tf.sqrt((difference / size) ** 2 + 4.0 * (self.a / size) * (moved / size))
        total = root + tf.abs(difference)
        return tf.where(difference > 0.0, 2.0 * self.a * moved / total, total / 2.0)


def _norm(x: tf.Tensor) -> tf.Tensor:
    """Returns the length of vectors, with a gradient of zero at zero.

    They are divided by the largest of their numbers, whose square could overflow.
    """
    largest = tf.stop_gradient(tf.reduce_max(tf.abs(x), axis=-1, keepdims=True))
    largest = tf.maximum(largest, _LEAST_LENGTH)
    square = tf.reduce_sum((x / largest) ** 2, axis=-1)
    return largest[..., 0] * tf.sqrt(tf.maximum(square, _LEAST_SQUARE))
