"""Link functions: from a network's output to the logarithm of a positive rate or mean.

Logarithms are of 1 + x, not log1p, which ONNX lacks: what is added is small beside the rest.
"""

import numpy as np
import tensorflow as tf

_BEND = 10.0


def log_rate(output: tf.Tensor) -> tf.Tensor:
    """Returns a log-rate: the output itself up to 10, above it the logarithm of a tangent.

    The rate is exp(output) up to e^10, about 22,000, and above that its tangent there, e^10 (1 +
    output - 10). Any output then gives a finite rate whose gradient does not vanish, and the
    gradient of a log-likelihood is bounded by the counts rather than by their exponential.

    Args:
      output: Real numbers, of any shape.
    """
    return tf.minimum(output, _BEND) + tf.math.log(1.0 + tf.nn.relu(output - _BEND))


def log_mean(output: tf.Tensor) -> tf.Tensor:
    """Returns a log-mean, with tangents below -10 as well as above 10.

    Neither the mean nor the rate, its inverse, overflows for any output.

    Args:
      output: Real numbers, of any shape.
    """
    above, below = (tf.math.log(1.0 + tf.nn.relu(sign * output - _BEND)) for sign in (1.0, -1.0))
    return tf.clip_by_value(output, -_BEND, _BEND) + above - below


def output_of_rate(rate: np.ndarray) -> np.ndarray:
    """Returns the output of which `log_rate` gives the logarithm of a positive rate."""
    logarithm = np.log(rate)
    tangent = _BEND - 1.0 + np.exp(-_BEND) * rate
    return np.asarray(np.where(logarithm > _BEND, tangent, logarithm))
