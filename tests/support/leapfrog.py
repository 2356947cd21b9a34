"""The Hamiltonian bound in NumPy: of given draws, and its exact mean where all maps are linear."""

import itertools

import numpy as np
import tensorflow as tf
from scipy import stats

from tests.support.objective_formulas import draws_and_moments
from tfp_vae import seeds, stateless_random
from tfp_vae.testing import assert_close, normal_kl_divergence
from tfp_vae.testing.objective_gradients import PRIOR_LOC, PRIOR_SCALE, gradients


def ends(objective, log_joint, z, noise):
    """Returns the latents and the momentum, `[L]` each, at the end of the trajectory of a draw.

    With cut-off forces, as the objective has them.
    """
    root, count = objective.inverse_temperature**0.5, objective.leapfrog_steps

    def root_at(k):
        return 1.0 / ((1.0 - 1.0 / root) * k**2 / count**2 + 1.0 / root)

    def kicked(momentum, z):
        z = tf.constant(z)
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = log_joint(z)
        kick = np.clip(objective.step_size * tape.gradient(value, z).numpy(), -10.0, 10.0)
        return momentum + kick / 2.0

    momentum = noise / root
    for k in range(1, count + 1):
        momentum = kicked(momentum, z)
        z = z + objective.step_size * momentum
        momentum = kicked(momentum, z) * root_at(k - 1) / root_at(k)
    return z, momentum


def linear_map(objective, precision):
    """Returns the matrix from z₀ and noise to z_K and momentum, `[2 L, 2 L]`.

    Args:
      objective: The objective, whose forces are not cut off.
      precision: The precision of p(z|x), `[L, L]`, whose mean is the origin.
    """
    size, identity = len(precision), np.eye(len(precision))
    zeros, root = np.zeros_like(identity), objective.inverse_temperature**0.5
    count, step = objective.leapfrog_steps, objective.step_size
    if count == 0:
        return np.eye(2 * size)
    inverse_roots = [1.0 / root + (1.0 - 1.0 / root) * (k / count) ** 2 for k in range(count + 1)]
    kick = np.block([[identity, zeros], [-step / 2.0 * precision, identity]])
    drift = np.block([[identity, step * identity], [zeros, identity]])
    total = np.block([[identity, zeros], [zeros, identity * inverse_roots[0]]])
    for before, after in itertools.pairwise(inverse_roots):
        cool = np.block([[identity, zeros], [zeros, identity * after / before]])
        total = cool @ kick @ drift @ kick @ total
    assert_close(abs(np.linalg.det(total)), 1.0)
    return total


def loss_of_normals(objective, precision, stddev, shift=0.0):
    """Returns log p(x) less the mean of the bound, for a normal p(z|x) and an independent q.

    Args:
      objective: The objective.
      precision: The precision of p(z|x), `[L, L]`.
      stddev: The standard deviations of q, `[L]`.
      shift: The mean of q less that of p(z|x), `[L]`.
    """
    size, total = len(precision), linear_map(objective, precision)
    mean = total @ np.concatenate([np.broadcast_to(shift, [size]), np.zeros(size)])
    covariance = total @ np.diag(np.concatenate([stddev**2, np.ones(size)])) @ total.T
    second = covariance + np.outer(mean, mean)
    energy = np.trace(precision @ second[:size, :size]) + np.trace(second[size:, size:]) - size
    entropy = stats.norm(0.0, stddev).entropy().sum()
    log_density = 0.5 * np.linalg.slogdet(precision)[1] - 0.5 * size * np.log(2.0 * np.pi)
    return 0.5 * energy - entropy - log_density


def exact_bound(objective, model, row, loc_shift, scale_factor):
    """Returns the mean of the bound of a row of a linear-Gaussian model, in nats."""
    mean, stddev = (m[0] for m in model.posterior_moments(row[None], loc_shift, scale_factor))
    centre = model.posterior_moments(row[None])[0][0]
    precision = np.diag(1.0 / model.posterior_variance())
    loss = loss_of_normals(objective, precision, stddev, mean - centre)
    return model.log_marginal_likelihood(row[None])[0] - loss


def check_bound_of_the_same_draws(objective, model, count=5, seed=13):
    """The objective of every row is, to all digits, what NumPy makes of the same noise."""
    found = gradients(objective, model, count=count, seed=seed)
    mean, stddev, _, _ = draws_and_moments(found, model)
    key = seeds.independent_seed(seeds.as_seed(seed))
    noise = stateless_random.normal(found.z.shape, key, "float64", row_axis=-2).numpy()
    row = model.draws(1)[0]

    def log_joint(z):
        error = row - model.offset - tf.linalg.matvec(model.weights, z)
        away = (z - PRIOR_LOC) / PRIOR_SCALE
        return -0.5 * (tf.reduce_sum(error**2) / model.scale**2 + tf.reduce_sum(away**2))

    gained = np.zeros(found.z.shape[:2])
    for place in np.ndindex(gained.shape):
        z, momentum = ends(objective, log_joint, found.z[place], noise[place])
        gained[place] = log_joint(z) - log_joint(found.z[place])
        gained[place] += 0.5 * (noise[place] @ noise[place] - momentum @ momentum)
    paid = normal_kl_divergence(mean, stddev, PRIOR_LOC, PRIOR_SCALE).sum()
    expected = found.terms.log_likelihood - paid + gained.mean(axis=0)
    assert_close(found.terms.objective, expected, 1e-8, 1e-8)
