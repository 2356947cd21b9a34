"""Independent columns in the family of a likelihood."""

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, networks
from tfp_vae.likelihoods.base import Likelihood


def marginal_distribution(
    likelihood: Likelihood, x: np.ndarray, observed: np.ndarray | None = None
) -> tfd.Distribution:
    """Fits independent columns in the family of a likelihood, which itself stays as it is.

    Args:
      likelihood: A likelihood.
      x: Rows, `[N, *event]`.
      observed: A boolean array of the same shape, false where a value is missing; None if none is.

    Returns:
      A distribution, batch `[1]`, event `[*event]`.

    Raises:
      TypeError: If `likelihood` is no likelihood, or `x` holds no real numbers.
      ValueError: If `x` has another event shape, or values outside the support or too large for
        the likelihood's dtype, or the likelihood is one of rows given their totals.

    Example:
      >>> x = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 1.0]])
      >>> columns = likelihoods.marginal_distribution(likelihoods.Bernoulli([2]), x)
      >>> columns.mean().numpy()
      array([[0.375, 0.875]], dtype=float32)
    """
    checks.instance_of(likelihood, Likelihood, "likelihood", "likelihoods.Bernoulli([784])")
    if likelihood.offsets is not None:
        raise ValueError(
            "`likelihood` must be one whose columns depend on no total; got a "
            f"{type(likelihood).__name__} with an offset. The mean log-probability of columns in "
            "proportion to it is `vae.marginal_elbo` of a model."
        )
    rows = checks.observations(x, likelihood.event_shape, likelihood.support, likelihood.advice)
    checks.representable(rows, likelihood.variable_dtype, "x")
    layer = type(likelihood).from_config(likelihood.get_config())
    layer.take_units()
    layer.build((None, 1))
    path = networks.LinearPath(layer.parameter_shapes(), dtype=layer.dtype_policy)
    path.build((None, 1))
    constants = layer.adapt(rows.astype(layer.variable_dtype), observed)
    layer.zero_heads(constants)
    path.assign(constants)
    origin = tf.zeros([1, 1], layer.compute_dtype)
    return layer(origin, added=path(origin))
