"""From a network's output to the logarithm of a positive rate or mean."""

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


def log_mean(output: tf.Tensor) -> tf.Tensor:
    """Returns the logarithm of a mean, which bends at -10 as `log_rate` does at 10.

    Neither the mean nor the rate, its inverse, then overflows, whatever the output.

    Args:
      output: Real numbers, of any shape.
    """
    above, below = (tf.math.log1p(tf.nn.relu(sign * output - _BEND)) for sign in (1.0, -1.0))
    return tf.clip_by_value(output, -_BEND, _BEND) + above - below
