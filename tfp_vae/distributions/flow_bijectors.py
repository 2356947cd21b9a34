"""Bijectors of normalizing flows: TensorFlow Probability's, with bounded scales.

A network may emit any number for the logarithm of a scale, and the scales of several bijectors are
multiplied. So every log-scale goes through B tanh(· / B) with B = 5: it hardly changes near 0, and
no bijector stretches or shrinks a latent by more than exp(5) = 148.
"""

from collections.abc import Callable

import tensorflow as tf
from tensorflow_probability import bijectors as tfb

LARGEST_LOG_SCALE = 5.0

ParameterFn = Callable[[tf.Tensor], tf.Tensor]
"""From the latents `[..., L]` that a bijector conditions on to two parameters for each latent that
it transforms, `[..., 2]` at the end."""


def bounded(log_scale: tf.Tensor) -> tf.Tensor:
    """Returns a log-scale, brought smoothly between -5 and 5."""
    return LARGEST_LOG_SCALE * tf.math.tanh(log_scale / LARGEST_LOG_SCALE)


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
