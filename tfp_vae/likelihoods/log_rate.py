"""From a network's output to the logarithm of a positive rate."""

import tensorflow as tf

_BEND = 10.0


def log_rate(output: tf.Tensor) -> tf.Tensor:
    """Returns the logarithm of a rate: the output itself, and beyond 10 that of a tangent.

    The rate is exp(output) up to e^10, about 22,000, and goes on along its tangent there, e^10 (1 +
    output - 10): any output makes a finite rate with a gradient that does not vanish. The gradient
    of a log-likelihood is then bounded by the counts, not by their exponential.

    Args:
      output: Real numbers, of any shape.
    """
    return tf.minimum(output, _BEND) + tf.math.log1p(tf.nn.relu(output - _BEND))
