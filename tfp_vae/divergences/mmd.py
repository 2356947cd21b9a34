"""The maximum mean discrepancy between the aggregate posterior and the prior, from draws."""

import math

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, seeds
from tfp_vae.divergences.arguments import as_draws, check_axes_of_draws, check_distributions

KERNELS = ("gaussian", "inverse_multiquadric")


def squared_maximum_mean_discrepancy(
    z: tf.Tensor,
    prior: tfd.Distribution,
    seed: tf.Tensor,
    bandwidth: float | None = None,
    kernel: str = "gaussian",
) -> tf.Tensor:
    """Returns the contribution of every row to the squared MMD of q(z) from p(z), `[B]`.

    The mean over the rows is the U-statistic, an unbiased estimate of the squared discrepancy if
    the rows are independent examples (Gretton et al. 2012, "A kernel two-sample test", equation 3):
    no draw is paired with itself or with another of its row, and the S draws of a row belong to S
    repetitions. It can be negative. With d = ‖z - z'‖² / (2 bandwidth²), the kernel is the Gaussian
    exp(-d) or the inverse multiquadric 1 / (1 + d), whose heavy tails reach latents far from the
    prior. The discrepancy has no unit and lies between 0 and 2. As many draws are taken from the
    prior; if they are not reparameterised, the prior has the score-function gradient.

    Args:
      z: Draws from the posteriors of a batch, `[S, B, L]`.
      prior: p, batch `[]`, event `[L]`.
      seed: The seed of the prior's draws, a `[2]` integer tensor.
      bandwidth: The bandwidth of the kernel, in units of the latents; by default √L, for which the
        exponent of two draws from a standard normal prior is -1 on average.
      kernel: "gaussian" or "inverse_multiquadric" (Tolstikhin et al. 2018, "Wasserstein
        auto-encoders", whose C is 2 bandwidth²).

    Returns:
      The contributions, `[B]`; zero for a batch of one row, which says nothing about q(z).

    Raises:
      TypeError: If `prior` is not a distribution, `bandwidth` not a number, or `z` holds none.
      ValueError: If `z` has another shape or is not finite, `bandwidth` is not positive, or the
        kernel unknown.

    Example:
      >>> p = tfd.MultivariateNormalDiag(np.zeros(2), np.ones(2))
      >>> z = p.sample([50, 100], seed=[0, 1]) + [3.0, 0.0]
      >>> rows = divergences.squared_maximum_mean_discrepancy(z, p, [2, 3])
      >>> round(float(tf.reduce_mean(rows)), 1)
      0.7
    """
    check_distributions(prior=prior)
    if prior.event_shape.rank not in (None, 1):
        raise ValueError(f"`prior` must have event shape [latents]; got {prior.event_shape}.")
    if bandwidth is not None:
        bandwidth = checks.finite_number(bandwidth, "bandwidth", minimum=0.0, exclusive=True)
    function = _FUNCTIONS[checks.one_of(kernel, KERNELS, "kernel")]
    seed = seeds.as_seed(seed)
    z = as_draws(z, prior)
    check_axes_of_draws(z)
    width = math.sqrt(z.shape[-1]) if bandwidth is None else bandwidth
    draws, weights = _weighted_draws(prior, tf.shape(z)[:2], seed)
    size = tf.cast(tf.shape(z)[1], z.dtype)
    others = tf.maximum(size - 1.0, 1.0)
    own_term = tf.reduce_sum(_without_own(function(_distance(z, z, width))), axis=-1) / others
    among_prior = _without_own(function(_distance(draws, draws, width)))
    prior_term = tf.einsum("sk,skl,sl->s", weights, among_prior, weights) / (size * others)
    across = function(_distance(z, draws, width))
    cross_term = tf.einsum("sik,sk->si", across, weights) / size
    rows = tf.reduce_mean(own_term + prior_term[:, tf.newaxis] - 2.0 * cross_term, axis=0)
    return tf.where(size > 1.0, rows, tf.zeros_like(rows))


def _weighted_draws(
    prior: tfd.Distribution, sample_shape: tf.Tensor, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns draws and weights equal to 1; the prior's gradient goes through one or the other."""
    draws = prior.sample(sample_shape, seed=seed)
    if prior.reparameterization_type == tfd.FULLY_REPARAMETERIZED:
        return draws, tf.ones(sample_shape, draws.dtype)
    draws = tf.stop_gradient(draws)
    log_prob = prior.log_prob(draws)
    return draws, tf.exp(log_prob - tf.stop_gradient(log_prob))


def _distance(first: tf.Tensor, second: tf.Tensor, bandwidth: float) -> tf.Tensor:
    """Returns d of all pairs, `[S, B, C]`, of draws `[S, B, L]` and `[S, C, L]`."""
    apart = first[:, :, tf.newaxis, :] - second[:, tf.newaxis, :, :]
    return tf.reduce_sum(tf.square(apart), axis=-1) / (2.0 * bandwidth**2)


def _gaussian(distance: tf.Tensor) -> tf.Tensor:
    return tf.exp(-distance)


def _inverse_multiquadric(distance: tf.Tensor) -> tf.Tensor:
    return 1.0 / (1.0 + distance)


_FUNCTIONS = dict(zip(KERNELS, (_gaussian, _inverse_multiquadric), strict=True))
"""The kernels, as functions of d."""


def _without_own(kernel: tf.Tensor) -> tf.Tensor:
    return tf.linalg.set_diag(kernel, tf.zeros_like(tf.linalg.diag_part(kernel)))
