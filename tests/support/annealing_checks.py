"""What annealed importance sampling must say of models that are known exactly."""

import numpy as np
import tensorflow as tf

from tfp_vae import evaluation
from tfp_vae.evaluation import annealed_importance_sampling
from tfp_vae.testing import LinearGaussian, assert_mean

MODEL = LinearGaussian.drawn(5)
ROWS = MODEL.draws(20, seed=2)
CHAINS = 200


def check_trajectories_leave_a_normal_as_it_is():
    """Draws of a normal stay draws of it, with steps so long that some are refused."""
    mean, stddev = np.array([1.0, -2.0]), np.array([0.5, 2.0])
    rng = np.random.default_rng(0)
    draws = mean + stddev * rng.normal(size=[4000, 1, 2])

    def log_density(z):
        return -0.5 * tf.reduce_sum(((z - mean) / stddev) ** 2, axis=-1)

    z, acceptance = annealed_importance_sampling.hamiltonian_transition(
        log_density,
        tf.constant(draws),
        tf.constant([0.75], tf.float64),
        tf.constant(rng.normal(size=draws.shape)),
        tf.constant(rng.uniform(size=[4000, 1])),
    )
    assert 0.4 < np.mean(acceptance) < 0.9
    moved = (z.numpy() != draws).any(axis=-1)
    # Five comparisons: they fail by chance in 2e-7 of all seeds.
    assert_mean(moved[:, 0] - acceptance.numpy()[:, 0], 0.0)
    scores = (z.numpy()[:, 0] - mean) / stddev
    assert_mean(np.concatenate([scores, scores**2], axis=1), [0.0, 0.0, 1.0, 1.0])


def check_weights_have_the_marginal_likelihood_as_their_mean():
    """Even of a path of few steps, where the chains lag behind the density."""
    path = tf.constant(annealed_importance_sampling.temperatures(4))
    log_weights = annealed_importance_sampling.annealed_log_weights(
        MODEL.vae(), tf.constant(ROWS), tf.constant([1, 2]), 1500, path, None
    )
    ratios = np.exp(log_weights.numpy() - MODEL.log_marginal_likelihood(ROWS))
    # Every chain of a row is independent of the others: 20 comparisons, 8e-7 of all seeds.
    assert_mean(ratios, 1.0)
    assert 0.05 < ratios.std() < 3.0


def check_estimates_are_exact_within_their_standard_error():
    # The encoder is far off, which must not matter.
    vae = MODEL.vae(loc_shift=5.0, scale_factor=0.05)
    result = evaluation.log_marginal_likelihood(
        vae, ROWS, CHAINS, seed=0, method="ais", annealing_steps=40
    )
    scores = (result.estimate - MODEL.log_marginal_likelihood(ROWS)) / result.standard_error
    assert np.abs(scores).max() < 5.5
    # The mean square of 20 independent scores is 1 with standard deviation 0.32.
    assert 0.15 < np.mean(scores**2) < 2.8
    assert (result.standard_error < 0.1).all()
    assert (result.effective_sample_size > 0.4 * CHAINS).all()


def check_temperatures_rise_from_0_to_1():
    path = annealed_importance_sampling.temperatures(10)
    assert path[0] == 0.0
    assert path[-1] == 1.0
    assert len(path) == 11
    assert (np.diff(path) > 0).all()
    np.testing.assert_allclose(path + path[::-1], 1.0)
