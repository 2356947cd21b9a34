"""Bijectors of normalizing flows: TensorFlow Probability's, with bounded scales.

A network may emit any number for the logarithm of a scale, and the scales of several bijectors are
multiplied. So every log-scale goes through B tanh(· / B) with B = 5: it hardly changes near 0, and
no bijector stretches or shrinks a latent by more than exp(5) = 148. The bins and slopes of splines
have bounds of their own.
"""

from collections.abc import Callable

import tensorflow as tf
from tensorflow_probability import bijectors as tfb

LARGEST_LOG_SCALE = 5.0
LARGEST_LOG_BIN = 1.0
LARGEST_LOG_SLOPE = 2.0

ParameterFn = Callable[[tf.Tensor], tf.Tensor]
"""From the latents `[..., L]` that a bijector conditions on to P parameters for each latent that
it transforms, `[..., P]` at the end: shift and log-scale, or those of a spline."""


def bounded(log_scale: tf.Tensor, largest: float = LARGEST_LOG_SCALE) -> tf.Tensor:
    """Returns a log-scale, brought smoothly between `-largest` and `largest`."""
    return largest * tf.math.tanh(log_scale / largest)


def positive(x: tf.Tensor) -> tf.Tensor:
    """Returns (1 + softplus(x)) / (1 + softplus(-x)), a positive number that rises with x.

    It is 1 for x = 0, f(-x) = 1 / f(x), and for large x about 1 + x: unlike exp or softplus it
    neither overflows nor underflows.
    """
    return (1.0 + tf.math.softplus(x)) / (1.0 + tf.math.softplus(-x))


def masked_autoregressive(network: ParameterFn) -> tfb.MaskedAutoregressiveFlow:
    """Returns the bijector x_i = u_i exp(a_i) + m_i, where m_i and a_i depend on the x before x_i.

    The forward direction, from u to x, takes L sequential evaluations of the network; the inverse
    and the log-determinant take one. Papamakarios et al. (2017), "Masked autoregressive flow for
    density estimation", equations 2 and 3.

    Args:
      network: From x, `[..., L]`, to m and the unbounded a, `[..., L, 2]`.
    """

    def shift_and_log_scale(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        shift, log_scale = tf.unstack(network(x), axis=-1)
        return shift, bounded(log_scale)

    return tfb.MaskedAutoregressiveFlow(shift_and_log_scale)


def gated_inverse_autoregressive(network: ParameterFn, gate_bias: float) -> tfb.Invert:
    """Returns the bijector y_i = g_i x_i + (1 - g_i) m_i: m_i and g_i depend on the x before x_i.

    The forward direction, from x to y, and the log-determinant take one evaluation of the network;
    the inverse takes L sequential ones. Kingma et al. (2016), "Improved variational inference with
    inverse autoregressive flow", equations 13 and 14, where the gate g = sigmoid(s).

    It is the inverse of x = y exp(a) + b with a = -log g and b = -m (1 - g) / g, which is
    -m exp(-s).

    Args:
      network: From x, `[..., L]`, to m and s, unbounded and without the bias, `[..., L, 2]`.
      gate_bias: A constant added to every s: where the network gives 0, g = sigmoid(gate_bias).
    """

    def shift_and_log_scale(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        mean, raw_gate = tf.unstack(network(x), axis=-1)
        gate = bounded(raw_gate) + gate_bias
        return -mean * tf.math.exp(-gate), tf.math.softplus(-gate)

    return tfb.Invert(tfb.MaskedAutoregressiveFlow(shift_and_log_scale))


def affine_coupling(network: ParameterFn, num_masked: int) -> tfb.RealNVP:
    """Returns the bijector that scales and shifts some latents by functions of the others.

    Dinh et al. (2017), "Density estimation using Real NVP", equations 4 to 8. Either direction
    takes one evaluation of the network.

    Args:
      network: From the unchanged latents to shift and unbounded log-scale of the others.
      num_masked: The number of unchanged latents: the first, or, if it is negative, the last.
    """

    def shift_and_log_scale(x: tf.Tensor, moved: int) -> tuple[tf.Tensor, tf.Tensor]:
        del moved
        shift, log_scale = tf.unstack(network(x), axis=-1)
        return shift, bounded(log_scale)

    return tfb.RealNVP(num_masked=num_masked, shift_and_log_scale_fn=shift_and_log_scale)


def spline_coupling(network: ParameterFn, num_masked: int, bins: int, limit: float) -> tfb.RealNVP:
    """Returns the bijector that takes some latents through splines that depend on the others.

    Durkan et al. (2019), "Neural spline flows": on [-limit, limit] a spline is a monotonic
    piecewise rational quadratic function of K bins, beyond it is the identity, and the first
    derivative has no jumps. Either direction takes one evaluation of the network.

    No bin is more than exp(2) times as wide or as high as another of the spline, and all slopes at
    the knots lie between exp(-2) and exp(2): within these bounds the root that the inverse takes
    is that of a positive number in float32 too.

    Args:
      network: From the unchanged latents to 3 K - 1 unbounded parameters of each of the others:
        the logarithms of K widths, K heights and K - 1 slopes. With zeros it is the identity.
      num_masked: The number of unchanged latents: the first, or, if it is negative, the last.
      bins: The number K of bins.
      limit: The largest absolute value of a latent that is moved.
    """

    def spline(x: tf.Tensor, moved: int) -> tfb.Bijector:
        del moved
        widths, heights, slopes = tf.split(network(x), [bins, bins, bins - 1], axis=-1)
        return _Spline(
            bin_widths=2.0 * limit * tf.nn.softmax(bounded(widths, LARGEST_LOG_BIN)),
            bin_heights=2.0 * limit * tf.nn.softmax(bounded(heights, LARGEST_LOG_BIN)),
            knot_slopes=tf.exp(bounded(slopes, LARGEST_LOG_SLOPE)),
            range_min=-limit,
        )

    return tfb.RealNVP(num_masked=num_masked, bijector_fn=spline)


class _Spline(tfb.RationalQuadraticSpline):
    """A spline whose polynomials are not evaluated beyond the knots, where they overflow.

    It also keeps what is known of the shape where the size of the batch is not.
    """

    def _forward(self, x: tf.Tensor) -> tf.Tensor:
        inside = self._inside(x)
        return tf.ensure_shape(super()._forward(inside), x.shape) + (x - inside)

    def _inverse(self, y: tf.Tensor) -> tf.Tensor:
        inside = self._inside(y)
        return tf.ensure_shape(super()._inverse(inside), y.shape) + (y - inside)

    def _forward_log_det_jacobian(self, x: tf.Tensor) -> tf.Tensor:
        return super()._forward_log_det_jacobian(self._inside(x))

    def _inside(self, x: tf.Tensor) -> tf.Tensor:
        return tf.clip_by_value(x, self.range_min, -self.range_min)
