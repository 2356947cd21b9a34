"""The angle between a draw from the von Mises-Fisher distribution and its mean direction."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from tfp_vae import stateless_random
from tfp_vae.distributions import rejection

LEAST_CONCENTRATION = 1e-6
"""Smaller concentrations are treated as this one, which is as good as uniform."""

_LEAST_GAP = 1e-30
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_STANDARD_DEVIATIONS = 14.0


def mean_cosine(concentration: tf.Tensor, size: int) -> tf.Tensor:
    """Returns E cos, the ratio of the Bessel functions I_(L/2) and I_(L/2 - 1), in float64.

    Args:
      concentration: κ of at least 0, float64 of any shape.
      size: The dimension L of the space that the sphere is in.
    """
    order = tf.constant(size / 2, tf.float64)
    return tfp.math.bessel_iv_ratio(order, tf.maximum(concentration, LEAST_CONCENTRATION))


def gaps(
    shape: stateless_random.Shape, concentration: tf.Tensor, size: int, seed: tf.Tensor
) -> tf.Tensor:
    """Draws 1 - cos of the angle to the mean direction, with a gradient to the concentration.

    The density of the cosine w is proportional to exp(κ w) (1 - w²)^((L - 3) / 2). It is drawn by
    Wood (1994), "Simulation of the von Mises Fisher distribution", algorithm VM*; the symmetric
    beta numbers that it needs are (1 + r cos φ) / 2 of a point of a uniform direction in the plane
    of two axes, where r² = 1 - u^(2 / (L - 2)). The gradient is the implicit one of Figurnov et al.
    (2018), "Implicit reparameterization gradients", of draws with the same value of the cumulative
    distribution function, which the accepted proposals alone do not have.

    Args:
      shape: The shape of the numbers, an integer tensor or list.
      concentration: κ of at least 0, of a shape that broadcasts to `shape`.
      size: The dimension L of the space that the sphere is in, at least 2.
      seed: A stateless seed, `[2]` of 32-bit integers.

    Returns:
      Numbers between 0 and 2, float64 of `shape`.
    """

    @tf.custom_gradient
    def drawn(concentration: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        gap = _gaps(shape, concentration, size, stateless_random.seed_of_replica(seed))
        return gap, lambda upstream: upstream * _implicit_gradient(gap, concentration, size)

    concentration = tf.maximum(tf.cast(concentration, tf.float64), LEAST_CONCENTRATION)
    return drawn(tf.broadcast_to(concentration, shape))


def _gaps(
    shape: stateless_random.Shape, concentration: tf.Tensor, size: int, seed: tf.Tensor
) -> tf.Tensor:
    b = (size - 1.0) / (2.0 * concentration + tf.sqrt(4.0 * concentration**2 + (size - 1.0) ** 2))
    gap_of_mode = 2.0 * b / (1.0 + b)
    log_bound = tf.math.log(4.0 * b / (1.0 + b) ** 2)

    def propose(
        u: tf.Tensor, v: tf.Tensor, test: tf.Tensor, unused: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        del unused
        radius = tf.sqrt(1.0 - u ** (2.0 / (size - 2.0))) if size > 2 else tf.ones_like(u)
        z = 0.5 * (1.0 + radius * tf.cos(2.0 * np.pi * v))
        gap = tf.maximum(2.0 * b * z / (1.0 - (1.0 - b) * z), _LEAST_GAP)
        log_distance = tf.math.log(gap_of_mode + (1.0 - gap_of_mode) * gap)
        log_ratio = concentration * (gap_of_mode - gap) + (size - 1.0) * (log_distance - log_bound)
        return gap, tf.math.log(test) <= log_ratio

    return rejection.until_accepted(propose, shape, seed, uniforms=4)


def _implicit_gradient(gap: tf.Tensor, concentration: tf.Tensor, size: int) -> tf.Tensor:
    """Returns the derivative of a gap by the concentration at a fixed cumulative probability.

    The angle θ has the density h, proportional to exp(κ cos θ) sin^(L-2) θ. At a fixed value of its
    integral, dθ/dκ = -∫₀^θ (cos t - E cos) h(t) dt / h(θ), which is as well the integral from θ to
    π. Of the two, the one is taken in which cos t - E cos has one sign, by Gauss-Legendre
    quadrature over at most 14 standard deviations of θ, beyond which h is negligible.
    """
    theta = 2.0 * tf.asin(tf.sqrt(tf.minimum(0.5 * gap, 1.0)))
    mean = mean_cosine(concentration, size)
    others = size - 2.0
    mode = (tf.sqrt(others**2 + 4.0 * concentration**2) - others) / (2.0 * concentration)
    curvature = 0.5 * concentration * (mode + 1.0 / mode)
    width = _STANDARD_DEVIATIONS * tf.math.rsqrt(curvature)
    below = 1.0 - gap > mean
    end = tf.where(below, tf.maximum(theta - width, 0.0), tf.minimum(theta + width, np.pi))
    half = 0.5 * (end - theta)[..., tf.newaxis]
    theta = theta[..., tf.newaxis]
    t = theta + half * (1.0 + _NODES)
    log_density = concentration[..., tf.newaxis] * _cosine_less(t, theta)
    log_density += others * (tf.math.log(tf.sin(t)) - tf.math.log(tf.sin(theta)))
    weights = half * _WEIGHTS * tf.exp(log_density)
    integral = tf.reduce_sum(weights * (tf.cos(t) - mean[..., tf.newaxis]), axis=-1)
    return tf.sin(theta[..., 0]) * integral


def _cosine_less(t: tf.Tensor, theta: tf.Tensor) -> tf.Tensor:
    """Returns cos t - cos θ with all digits."""
    return -2.0 * tf.sin(0.5 * (t + theta)) * tf.sin(0.5 * (t - theta))
