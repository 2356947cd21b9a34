"""Draws by rejection: their laws and their gradients."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

from tfp_vae.distributions import rejection

COUNT = 4000


KEY = tf.constant([3, 4])


@pytest.mark.parametrize("concentration", [1.0, 2.5, 80.0, 1e4])
def test_gamma_numbers_have_their_law_and_their_gradient(concentration):
    """A Kolmogorov-Smirnov test of level 4e-8; finite differences of the quantile."""
    concentrations = tf.fill([COUNT], tf.constant(concentration, tf.float64))
    with tf.GradientTape() as tape:
        tape.watch(concentrations)
        numbers = rejection.gamma([COUNT], concentrations, KEY)
    slope = tape.gradient(numbers, concentrations).numpy()
    numbers = numbers.numpy()
    assert stats.kstest(numbers, stats.gamma(concentration).cdf, method="asymp").pvalue > 4e-8
    rank, step = special.gammainc(concentration, numbers), 1e-5 * concentration
    middle = (rank > 1e-6) & (rank < 1 - 1e-6)
    expected = (
        special.gammaincinv(concentration + step, rank)
        - special.gammaincinv(concentration - step, rank)
    ) / (2 * step)
    np.testing.assert_allclose(slope[middle], expected[middle], rtol=1e-4)


@pytest.mark.parametrize("concentration", [0.02, 0.5, 3.0])
def test_the_logarithms_have_the_gradient_of_the_quantile_down_to_the_smallest(concentration):
    """At a concentration of 0.02 a third of the numbers take the formula near zero."""
    concentrations = tf.fill([COUNT], tf.constant(concentration, tf.float64))
    with tf.GradientTape() as tape:
        tape.watch(concentrations)
        logarithms = rejection.reparameterized_log_gamma([COUNT], concentrations, KEY)
    slope, logarithms = tape.gradient(logarithms, concentrations).numpy(), logarithms.numpy()
    rank, step = special.gammainc(concentration, np.exp(logarithms)), 1e-5 * concentration
    middle = rank < 1 - 1e-6
    expected = (
        np.log(special.gammaincinv(concentration + step, rank))
        - np.log(special.gammaincinv(concentration - step, rank))
    ) / (2 * step)
    np.testing.assert_allclose(slope[middle], expected[middle], rtol=1e-6)
