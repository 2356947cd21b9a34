"""What the distributions of rows of counts with a given total are made of."""

import math

import tensorflow as tf
import tensorflow_probability as tfp

from tfp_vae.distributions import multinomial_draws

UNSEEN = -1e30
"""The logit of a value that is missing, a finite number whose exponential is 0."""

_STIRLING = 8.0
"""From here on Stirling's series, with TensorFlow Probability's correction, is exact."""


def masked(logits: tf.Tensor, observed: tf.Tensor | None) -> tf.Tensor:
    """Returns logits with that of a category without probability where a value is missing."""
    return logits if observed is None else tf.where(observed, logits, UNSEEN)


def counts(value: tf.Tensor, observed: tf.Tensor | None, dtype: tf.DType) -> tf.Tensor:
    """Returns counts as numbers, 0 for those that are not observed."""
    x = tf.cast(value, dtype)
    return x if observed is None else tf.where(observed, x, tf.zeros_like(x))


def log_sum_exp(logits: tf.Tensor, event_ndims: int) -> tf.Tensor:
    """Returns log Σ exp over the event, `[..., 1, 1]`, without operations that ONNX lacks."""
    axes = list(range(-event_ndims, 0))
    largest = tf.stop_gradient(tf.reduce_max(logits, axis=axes, keepdims=True))
    return largest + tf.math.log(tf.reduce_sum(tf.exp(logits - largest), axis=axes, keepdims=True))


def log_softmax(logits: tf.Tensor, event_ndims: int) -> tf.Tensor:
    """Returns the logarithms of softmax over the event."""
    return logits - log_sum_exp(logits, event_ndims)


def beside_event(values: tf.Tensor, event_ndims: int) -> tf.Tensor:
    """Returns values `[...]` with as many axes of size 1 more as the event has."""
    for _ in range(event_ndims):
        values = values[..., None]
    return values


def log_count(x: tf.Tensor) -> tf.Tensor:
    """Returns the logarithm of a count, 0 for a count of 0."""
    return tf.math.log(tf.maximum(x, 1.0))


def deviance(x: tf.Tensor, log_x: tf.Tensor, mean: tf.Tensor, log_mean: tf.Tensor) -> tf.Tensor:
    """Returns x log(x / mean) + mean - x, at least 0, without cancellation near the mean.

    Far from it the logarithms are used, which are finite where the numbers themselves underflow.
    """
    near = tf.abs(x - mean) < 0.5 * mean
    safe_mean = tf.where(near, mean, tf.ones_like(mean))
    gap = tf.where(near, x - mean, tf.zeros_like(mean))
    close = x * tf.math.log1p(gap / safe_mean) - gap
    return tf.where(near, close, x * (log_x - log_mean) + mean - x)


def factorial_term(x: tf.Tensor) -> tf.Tensor:
    """Returns log x! - x log x + x of whole numbers, of the size of a logarithm."""
    large = x >= _STIRLING
    of_large = tf.where(large, x, _STIRLING * tf.ones_like(x))
    of_small = tf.where(large, tf.ones_like(x), x)
    series = 0.5 * tf.math.log(2.0 * math.pi * of_large) + _correction(of_large)
    exact = tf.math.lgamma(of_small + 1.0) - of_small * log_count(of_small) + of_small
    return tf.where(large, series, exact)


def gamma_term(a: tf.Tensor, log_a: tf.Tensor) -> tf.Tensor:
    """Returns log Γ(a) - a log a + a, finite where `a` underflows and its logarithm does not."""
    large = a >= _STIRLING
    of_large = tf.where(large, a, _STIRLING * tf.ones_like(a))
    of_small = tf.where(large, tf.ones_like(a), a)
    log_small = tf.where(large, tf.zeros_like(a), log_a)
    series = 0.5 * tf.math.log(2.0 * math.pi / of_large) + _correction(of_large)
    exact = tf.math.lgamma(of_small + 1.0) - log_small - of_small * log_small + of_small
    return tf.where(large, series, exact)


def beta_term(x: tf.Tensor, a: tf.Tensor, log_a: tf.Tensor) -> tf.Tensor:
    """Returns log(x B(x, a)) plus (x + a) times the entropy of x / (x + a); 0 for a count of 0."""
    empty = tf.equal(x, 0.0)
    count = tf.where(empty, tf.ones_like(x), x)
    both = count + a
    term = factorial_term(count) + gamma_term(a, log_a) - gamma_term(both, tf.math.log(both))
    return tf.where(empty, tf.zeros_like(term), term)


def _correction(x: tf.Tensor) -> tf.Tensor:
    return tfp.math.log_gamma_correction(x)


def drawn(
    shape: tf.Tensor,
    log_probs: tf.Tensor,
    total_count: tf.Tensor,
    event_ndims: int,
    seed: tf.Tensor,
    dtype: tf.DType,
) -> tf.Tensor:
    """Draws counts of `shape` with probabilities `[..., *event]` and totals `[...]`."""
    rows = shape[: tf.size(shape) - event_ndims]
    probs = tf.exp(tf.broadcast_to(log_probs, shape))
    probs = tf.reshape(probs, tf.concat([rows, [math.prod(log_probs.shape[-event_ndims:])]], 0))
    total = tf.broadcast_to(tf.round(tf.cast(total_count, tf.float64)), rows)
    return tf.cast(tf.reshape(multinomial_draws.multinomial(total, probs, seed), shape), dtype)
