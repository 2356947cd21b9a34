"""The log-odds at which a Bernoulli likelihood begins."""

import numpy as np

from tfp_vae import likelihoods


def test_it_begins_at_the_frequencies_with_half_a_count_more():
    x = np.array([[0, 1, 1], [0, 1, 0], [0, 1, 0]])
    observed = np.array([[True, True, True], [True, True, True], [True, True, False]])
    logits = likelihoods.Bernoulli([3]).adapt(x, observed)["logits"]
    np.testing.assert_allclose(1.0 / (1.0 + np.exp(-logits)), [0.5 / 4, 3.5 / 4, 1.5 / 3])
