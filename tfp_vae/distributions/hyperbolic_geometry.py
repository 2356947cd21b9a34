"""Hyperbolic space in normal coordinates: a point is the vector from the origin to it.

The vector has the length and the direction of the shortest path from the origin. The maps are
those of the hyperboloid of curvature -1, where the point of vector w is
(cosh ‖w‖, w sinh ‖w‖ / ‖w‖). They are written in functions that are smooth at zero.
"""

import tensorflow as tf

_LEAST_SQUARE = 1e-20
_SMALL = 1e-2


def length(vectors: tf.Tensor) -> tf.Tensor:
    """Returns the lengths `[...]` of vectors `[..., L]`, at least 1e-10."""
    return tf.sqrt(tf.maximum(tf.reduce_sum(tf.square(vectors), axis=-1), _LEAST_SQUARE))


def translated(vectors: tf.Tensor, by: tf.Tensor) -> tf.Tensor:
    """Returns points after the translation along a shortest path from the origin.

    The translation takes the origin to the point `by`, and the directions there along: it is the
    boost of the hyperboloid, an isometry. That by the opposite vector is its inverse.

    Args:
      vectors: Points in normal coordinates, `[..., L]`, float64.
      by: The path, `[..., L]`, of a shape that broadcasts to that of `vectors`, float64.
    """
    radius, distance = (length(each)[..., tf.newaxis] for each in (vectors, by))
    point = vectors * tf.sinh(radius) / radius
    along = tf.reduce_sum(point * by, axis=-1, keepdims=True)
    # cosh d - 1 = 2 sinh²(d / 2), without cancellation.
    stretch = 2.0 * tf.square(tf.sinh(0.5 * distance) / distance) * along
    moved = point + by * (stretch + tf.cosh(radius) * tf.sinh(distance) / distance)
    norm = length(moved)[..., tf.newaxis]
    return moved * tf.asinh(norm) / norm


def log_sinhc(x: tf.Tensor) -> tf.Tensor:
    """Returns log(sinh x / x) of positive numbers: the growth of circles over that in a plane."""
    small = x < _SMALL
    safe = tf.where(small, tf.ones_like(x), x)
    large = safe + tf.math.log(-tf.math.expm1(-2.0 * safe)) - tf.math.log(2.0 * safe)
    return tf.where(small, x**2 / 6.0 - x**4 / 180.0, large)


def poincare_ball(z: tf.Tensor, curvature: float = 1.0) -> tf.Tensor:
    """Returns points in normal coordinates as points of the Poincare ball, of radius 1 / √c.

    Args:
      z: Latents of `posteriors.HyperbolicNormal`, `[..., L]`.
      curvature: c of the curvature -c, a positive number.

    Returns:
      A tensor of the same shape. In two dimensions it is the disc that trees are drawn in.

    Example:
      >>> z = tf.constant([[3.0, 0.0], [0.0, 0.2]])
      >>> tfp_vae.distributions.poincare_ball(z).numpy().round(2)
      array([[0.91, 0.  ],
             [0.  , 0.1 ]], dtype=float32)
    """
    z = tf.convert_to_tensor(z)
    scaled = curvature**0.5 * length(z)[..., tf.newaxis]
    return z * tf.tanh(0.5 * scaled) / scaled
