import numpy as np
import pytest

from tests.support import exact_checks
from tfp_vae import networks
from tfp_vae.testing import LinearGaussian


@pytest.mark.usefixtures("float64")
def test_encoder_and_likelihood_both_see_the_preprocessed_data():
    exact_checks.check_preprocess_is_applied_once(LinearGaussian.drawn(5))


def test_stochastic_binarization_has_the_mean_of_the_pixels():
    exact_checks.check_binarization_has_the_mean_of_the_pixels()


def test_stochastic_binarization_is_new_for_a_new_seed():
    layer, grey = networks.StochasticBinarization(), np.full([5, 5], 0.5)
    first, again, other = (layer(grey, seed=seed).numpy() for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
