"""Exact results for normal distributions, independent of the code under test."""

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow_probability import distributions as tfd


def normal_kl_divergence(
    mean: npt.ArrayLike,
    stddev: npt.ArrayLike,
    prior_mean: npt.ArrayLike = 0.0,
    prior_stddev: npt.ArrayLike = 1.0,
) -> np.ndarray:
    """Returns KL(N(mean, stddev²)‖N(prior_mean, prior_stddev²)) of every latent, in closed form.

    Args:
      mean: `[..., L]`.
      stddev: `[..., L]`.
      prior_mean: Broadcast to `[..., L]`.
      prior_stddev: Broadcast to `[..., L]`.

    Returns:
      An array `[..., L]`, in nats.

    Example:
      >>> float(tfp_vae.testing.normal_kl_divergence(1.0, 1.0))
      0.5
    """
    variance, prior_variance = np.square(stddev), np.square(prior_stddev)
    ratio = variance / prior_variance
    square = np.square(np.asarray(mean) - prior_mean)
    kl: np.ndarray = 0.5 * (ratio + square / prior_variance - 1.0 - np.log(ratio))
    return kl


def normal_squared_maximum_mean_discrepancy(
    mean: npt.ArrayLike,
    stddev: npt.ArrayLike,
    prior_mean: npt.ArrayLike,
    prior_stddev: npt.ArrayLike,
    bandwidth: float,
) -> np.ndarray:
    """Returns the squared maximum mean discrepancy of two diagonal normals, in closed form.

    The expectation of the Gaussian kernel of bandwidth h over z ~ N(m, s²) and z' ~ N(n, t²) is,
    for every latent, √(h² / (h² + s² + t²)) exp(-(m - n)² / (2 (h² + s² + t²))).

    Args:
      mean: `[..., L]`.
      stddev: `[..., L]`.
      prior_mean: Broadcast to `[..., L]`.
      prior_stddev: Broadcast to `[..., L]`.
      bandwidth: The standard deviation of the kernel.

    Returns:
      An array `[...]`, dimensionless.

    Source: Gretton et al. (2012), lemma 6, for the discrepancy.

    Example:
      >>> same = np.zeros(2), np.ones(2)
      >>> float(tfp_vae.testing.normal_squared_maximum_mean_discrepancy(*same, *same, 1.0))
      0.0
    """

    def expected_kernel(mean: Any, variance: Any, other_mean: Any, other_variance: Any) -> Any:
        width = bandwidth**2 + variance + other_variance
        square = np.square(np.asarray(mean) - other_mean)
        return np.prod(np.sqrt(bandwidth**2 / width) * np.exp(-0.5 * square / width), axis=-1)

    own, prior = (mean, np.square(stddev)), (prior_mean, np.square(prior_stddev))
    discrepancy: np.ndarray = (
        expected_kernel(*own, *own)
        + expected_kernel(*prior, *prior)
        - 2.0 * expected_kernel(*own, *prior)
    )
    return discrepancy


def diagonal_normal(mean: Any, stddev: Any) -> tfd.MultivariateNormalDiag:
    """Makes TensorFlow Probability's normal, which shares no code with a posterior of tfp_vae.

    Args:
      mean: `[..., L]`.
      stddev: `[..., L]`.

    Returns:
      A distribution, batch `[...]`, event `[L]`.

    Example:
      >>> tfp_vae.testing.diagonal_normal([0.0, 1.0], [1.0, 2.0]).event_shape
      TensorShape([2])
    """
    return tfd.MultivariateNormalDiag(tf.convert_to_tensor(mean), tf.convert_to_tensor(stddev))


def same_noise_normal(mean: Any, stddev: Any) -> tfd.MultivariateNormalDiag:
    """Makes a diagonal normal that draws every row of its batch from the same noise.

    With this posterior the terms of a row do not depend on its place in the batch, so that a test
    can permute and split a batch and require equal terms.

    Args:
      mean: `[..., L]`.
      stddev: `[..., L]`.

    Returns:
      A distribution, batch `[...]`, event `[L]`.

    Example:
      >>> q = tfp_vae.testing.same_noise_normal(np.zeros([3, 2]), np.ones([3, 2]))
      >>> z = q.sample(5, seed=[0, 1])
      >>> bool(np.all(z[:, :1] == z))
      True
    """
    return _SameNoiseNormal(tf.convert_to_tensor(mean), tf.convert_to_tensor(stddev))


class _SameNoiseNormal(tfd.MultivariateNormalDiag):
    def _call_sample_n(self, sample_shape: Any, seed: Any, **kwargs: Any) -> tf.Tensor:
        one_row = [*[1] * len(self.batch_shape), *self.event_shape]
        shape = tf.concat([tf.reshape(tf.cast(sample_shape, tf.int32), [-1]), one_row], axis=0)
        zero, one = tf.zeros([], self.dtype), tf.ones([], self.dtype)
        noise = tfd.Normal(zero, one).sample(shape, seed=seed, **kwargs)
        return self.loc + self.scale.diag_part() * noise


def without_exact_kl(distribution: tfd.Distribution) -> tfd.Distribution:
    """Makes an equal distribution without a registered exact KL, a mixture of one component.

    With this prior an objective must estimate the KL by sampling.

    Args:
      distribution: Batch `[...]`, event `[L]`.

    Returns:
      A distribution of the same batch and event shape.

    Example:
      >>> prior = tfp_vae.testing.diagonal_normal([0.0, 1.0], [1.0, 2.0])
      >>> mixture = tfp_vae.testing.without_exact_kl(prior)
      >>> divergences.exact_kl_divergence(prior, mixture) is None
      True
    """
    component = tfd.BatchReshape(distribution, [*distribution.batch_shape, 1])
    weights = tfd.Categorical(logits=tf.zeros([*distribution.batch_shape, 1], distribution.dtype))
    return tfd.MixtureSameFamily(weights, component)


def conditional_normal(
    mean: np.ndarray, covariance: np.ndarray, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the moments of the missing values of a normal row given the observed ones.

    Args:
      mean: `[D]`.
      covariance: `[D, D]`.
      x: A row with NaN for its M missing values, `[D]`.

    Returns:
      The mean `[M]` and the covariance `[M, M]` of the missing values given the others.

    Example:
      >>> mean, covariance = np.zeros(2), np.array([[1.0, 0.5], [0.5, 1.0]])
      >>> tfp_vae.testing.conditional_normal(mean, covariance, np.array([2.0, np.nan]))
      (array([1.]), array([[0.75]]))
    """
    missing, observed = np.isnan(x), ~np.isnan(x)
    between = covariance[np.ix_(missing, observed)]
    gain = between @ np.linalg.inv(covariance[np.ix_(observed, observed)])
    return (
        mean[missing] + gain @ (x[observed] - mean[observed]),
        covariance[np.ix_(missing, missing)] - gain @ covariance[np.ix_(observed, missing)],
    )
