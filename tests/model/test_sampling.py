"""Draws of p(x)."""

import numpy as np

from tests.support.small_models import small_vae


def test_sample_is_the_same_for_the_same_seed():
    vae = small_vae()
    first, again, other = (vae.sample(20, seed=seed).numpy() for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
