"""The prior of the GP-VAE: Gaussian processes over time."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import math as tfp_math

from tfp_vae import checks, distributions
from tfp_vae.distribution_layer import output_of_scale
from tfp_vae.priors.process import Process

_KERNELS = {
    "cauchy": tfp_math.psd_kernels.RationalQuadratic,
    "matern_1/2": tfp_math.psd_kernels.MaternOneHalf,
    "matern_3/2": tfp_math.psd_kernels.MaternThreeHalves,
    "matern_5/2": tfp_math.psd_kernels.MaternFiveHalves,
    "squared_exponential": tfp_math.psd_kernels.ExponentiatedQuadratic,
}
_LEAST_LENGTH = 1e-2
_LEAST_NUGGET = 1e-6


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class GaussianProcess(Process):
    """States over time whose latents are independent Gaussian processes, each with a length scale.

    Every latent has mean 0 and variance 1 at every step, and a correlation that falls with the
    distance of two steps as the kernel says: (1 - nugget) k(distance), and 1 at distance 0. The
    length scales are learned. Unlike a chain, a state depends on all others, and T steps take a
    Cholesky factor of T by T, in float64, for every latent.

    The KL to it is exact for normal posteriors, `posteriors.LinearMarkovChain` among them.

    Args:
      time_steps: The number of steps T.
      kernel: "cauchy", "matern_1/2", "matern_3/2", "matern_5/2" or "squared_exponential", of TFP's
        `psd_kernels`; "cauchy" is `RationalQuadratic` with a mixture rate of 1.
      length_scale: That of every latent at first, in steps, 0.01 or more.
      nugget: The share of the variance that is independent from step to step.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `time_steps` is not an int, or another argument not of its kind.
      ValueError: If `time_steps` is not positive, the kernel unknown, `length_scale` below 0.01, or
        `nugget` not between 1e-6 and 1; when it is built, if the number of latents is no multiple
        of `time_steps`.

    Example:
      >>> prior = priors.GaussianProcess(time_steps=5, kernel="matern_3/2")
      >>> prior.build([10])
      >>> bool(np.allclose(prior.distribution().stddev(), 1.0))
      True
      >>> prior.following(tf.ones([3, 10]), steps=2).event_shape
      TensorShape([4])

    Source: Fortuin et al. (2020), "GP-VAE: deep probabilistic time series imputation", with the
    Cauchy kernel; Casale et al. (2018), "Gaussian process prior variational autoencoders".
    """

    def __init__(
        self,
        time_steps: int,
        kernel: str = "cauchy",
        length_scale: float = 5.0,
        nugget: float = 1e-3,
        **kwargs: Any,
    ) -> None:
        super().__init__(time_steps, **kwargs)
        self.kernel = checks.one_of(kernel, list(_KERNELS), "kernel")
        self.length_scale = checks.finite_number(
            length_scale, "length_scale", minimum=_LEAST_LENGTH
        )
        self.nugget = checks.finite_number(nugget, "nugget", minimum=_LEAST_NUGGET)
        if self.nugget > 1.0:
            raise ValueError(f"`nugget` must be at most 1, all of the variance; got {nugget}.")

    def build(self, event_shape: Sequence[int]) -> None:
        """Creates the unconstrained length scales, `[L]`."""
        super().build(event_shape)
        begin = output_of_scale(np.asarray(self.length_scale, np.float64), _LEAST_LENGTH)
        self.raw_length_scale = self.add_weight(
            name="raw_length_scale",
            shape=[self.state_size],
            initializer=keras.initializers.Constant(float(begin)),
            autocast=False,
        )

    def distribution(self) -> distributions.GaussianProcesses:
        """Makes the prior: batch `[]`, event `[T * L]`."""
        factors = self._factors(self.time_steps)
        return distributions.GaussianProcesses(tf.zeros(self.event_shape, factors.dtype), factors)

    def following(self, z: tf.Tensor, steps: int) -> distributions.GaussianProcesses:
        """Returns the states that follow, given all those before: batch `[...]`, event `[H * L]`.

        In the Cholesky factor of the steps of both, the rows of later steps hold the conditional
        distribution: z₂ = C₂₁ C₁₁⁻¹ z₁ + C₂₂ noise.

        Args:
          z: The states of all T steps, `[..., T * L]`.
          steps: The number of steps H that follow, an int.
        """
        factors, known = self._factors(self.time_steps + steps), self.time_steps
        leading = tf.shape(z)[:-1]
        states = tf.reshape(z, [-1, known, self.state_size])
        noise = tf.linalg.triangular_solve(
            factors[:, :known, :known], tf.transpose(states, [2, 1, 0])
        )
        loc = tf.transpose(tf.matmul(factors[:, known:, :known], noise), [2, 1, 0])
        size = steps * self.state_size
        loc = tf.reshape(loc, tf.concat([leading, [size]], axis=0))
        loc = tf.ensure_shape(loc, [*z.shape[:-1], size])
        return distributions.GaussianProcesses(loc, factors[:, known:, known:])

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "kernel": self.kernel,
            "length_scale": self.length_scale,
            "nugget": self.nugget,
        }

    def _factors(self, steps: int) -> tf.Tensor:
        """Returns the Cholesky factor of every latent's covariance over time, `[L, steps, steps]`.

        In float32 the factor of a smooth kernel would be no number.
        """
        raw = tf.cast(tf.convert_to_tensor(self.raw_length_scale), tf.float64)
        kernel = _KERNELS[self.kernel](length_scale=tf.math.softplus(raw) + _LEAST_LENGTH)
        times = tf.range(steps, dtype=tf.float64)[:, None]
        correlation = (1.0 - self.nugget) * kernel.matrix(times, times)
        covariance = correlation + self.nugget * tf.eye(steps, dtype=tf.float64)
        return tf.cast(tf.linalg.cholesky(covariance), self.variable_dtype)
