"""The likelihood as a function of latents, and the log-likelihood of its draws."""

from collections.abc import Callable

import tensorflow as tf
from tensorflow_probability import distributions as tfd

LikelihoodFn = Callable[[tf.Tensor], tfd.Distribution]
"""From latents `[S, B, L]` to the likelihood p(x|z), batch `[S, B]`."""


def log_likelihood(likelihood_fn: LikelihoodFn, z: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Returns log p(x|z) in nats for every draw and example, `[S, B]`.

    Raises:
      TypeError: If `likelihood_fn` returns no distribution.
      ValueError: If its event shape is not that of a row of `x`, or its batch shape not that of
        the latents.
    """
    likelihood = likelihood_fn(z)
    if not isinstance(likelihood, tfd.Distribution):
        raise TypeError(
            f"`likelihood_fn` must return a tfd.Distribution; got a {type(likelihood).__name__}."
        )
    if not likelihood.event_shape.is_compatible_with(x.shape[1:]):
        raise ValueError(
            f"`likelihood_fn` must return a distribution with the event shape of a row of `x`, "
            f"{x.shape[1:]}; got {likelihood.event_shape}."
        )
    if not likelihood.batch_shape.is_compatible_with(z.shape[:-1]):
        raise ValueError(
            "`likelihood_fn` must return a distribution with the batch shape [samples, batch] of "
            f"the latents, {z.shape[:-1]}; got {likelihood.batch_shape}."
        )
    dtype = likelihood.dtype
    if isinstance(dtype, tf.DType) and dtype.is_floating and dtype != x.dtype:
        x = tf.cast(x, dtype)
    return likelihood.log_prob(x)
