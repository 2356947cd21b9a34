"""The rates at which a Poisson likelihood begins."""

import numpy as np

from tfp_vae import likelihoods


def test_rates_are_the_means_of_the_data_however_large():
    x = np.array([[0.0, 1.0, 7e5, 2e9], [0.0, 2.0, 9e5, 4e9]])
    layer = likelihoods.Poisson([4])
    constants = layer.adapt(x)
    distribution = layer.distribution(constants["log_rate"][None].astype("float32"))
    np.testing.assert_allclose(distribution.mean()[0], [0.25, 1.5, 8e5, 3e9], rtol=1e-5)
