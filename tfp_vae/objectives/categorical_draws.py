"""Gradients of categorical draws, which have none of their own."""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions
from tfp_vae.objectives.enumeration import categorical_part


def check_categories_drawn(posterior: tfd.Distribution, gradient_estimator: str) -> None:
    """Checks that a posterior has the categorical latents that a gradient estimator draws.

    Raises:
      ValueError: If it has none.
    """
    if categorical_part(posterior) is None:
        raise ValueError(
            '`gradient_estimator` must be "standard", or another one for continuous latents, '
            f"with a {type(posterior).__name__}, which has no categories; got "
            f"{gradient_estimator!r}."
        )


def with_score(value: tf.Tensor, signals: tf.Tensor, log_probs: tf.Tensor) -> tf.Tensor:
    """Returns `value`, with the gradient of Σ signal · log q(c) over the draws added to its own.

    The gradient of an expectation of f(c) under q(c) is that of f, and f times the score, the
    gradient of log q(c) (Williams 1992, "Simple statistical gradient-following algorithms"). A
    signal is f, less anything that does not depend on its own draw.

    Args:
      value: `[...]`.
      signals: The signal of every draw, `[S, ...]`; no gradient passes through it.
      log_probs: log q(c) of every draw, `[S, ...]`.
    """
    score = log_probs - tf.stop_gradient(log_probs)
    return value + tf.reduce_sum(tf.stop_gradient(signals) * score, axis=0)


def leave_one_out_signals(values: tf.Tensor) -> tf.Tensor:
    """Returns the signals of a mean over draws, `[S, ...]`: each less the mean of the others, / S.

    Args:
      values: f(c) of every draw, `[S, ...]`. Of a single draw the signal is f(c) itself.

    Source: Kool, van Hoof & Welling (2019), "Buy 4 REINFORCE samples, get a baseline for free".
    """
    size = values.shape[0]
    if size == 1:
        return values
    return (values - tf.reduce_mean(values, axis=0)) / (size - 1)


def vimco_signals(log_weights: tf.Tensor) -> tf.Tensor:
    """Returns the signals of the importance-weighted bound, `[K, ...]`.

    That of a draw is the bound less the bound in which its log-weight is the mean of the others'.

    Args:
      log_weights: log w of K draws, `[K, ...]`, K of at least 2.

    Source: Mnih & Rezende (2016), "Variational inference for Monte Carlo objectives".
    """
    size = log_weights.shape[0]
    others = (tf.reduce_sum(log_weights, axis=0) - log_weights) / (size - 1)
    # [K, K, ...]: the log-weights, in the k-th row with the k-th replaced.
    own = tf.reshape(tf.eye(size, dtype=tf.bool), [size, size] + [1] * (log_weights.shape.rank - 1))
    replaced = tf.where(own, others[:, None], log_weights[None])
    return tf.reduce_logsumexp(log_weights, axis=0) - tf.reduce_logsumexp(replaced, axis=1)


def straight_through(c: tf.Tensor, q: distributions.OneHotCategorical) -> tf.Tensor:
    """Returns draws, `[S, B, C]`, with the gradient of q's probabilities, as if they were those.

    The gradient is biased: it is that of f at the draws, along the way to the probabilities.

    Source: Bengio, Léonard & Courville (2013), "Estimating or propagating gradients through
    stochastic neurons for conditional computation".
    """
    probs = q.mean()
    return c + (probs - tf.stop_gradient(probs))
