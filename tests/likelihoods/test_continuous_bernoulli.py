"""The logits at which a continuous Bernoulli likelihood begins."""

import numpy as np

from tfp_vae import likelihoods


def test_the_mean_of_the_data_is_that_of_the_distribution():
    means = np.array([0.02, 0.3, 0.5, 0.5003, 0.9])
    layer = likelihoods.ContinuousBernoulli([5])
    constants = layer.adapt(means + np.array([[-0.01], [0.01]]))
    distribution = layer.distribution(constants["logits"][None].astype("float32"))
    np.testing.assert_allclose(distribution.mean()[0], means, atol=2e-5)


def test_logits_are_bounded():
    logits = likelihoods.ContinuousBernoulli([2]).adapt(np.array([[0.0, 1.0]]))["logits"]
    np.testing.assert_allclose(logits, [-100.0, 100.0], rtol=1e-3)
