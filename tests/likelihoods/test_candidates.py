import numpy as np
import pytest

from tfp_vae import likelihoods
from tfp_vae.likelihoods.candidates import levels

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("x", "names"),
    [
        (np.array([[0, 1], [1, 1]]), ["Bernoulli"]),
        (np.array([[False, True], [True, True]]), ["Bernoulli"]),
        (
            RNG.poisson(3.0, [30, 2]),
            ["Poisson", "NegativeBinomial", "ZeroInflatedNegativeBinomial"],
        ),
        (RNG.uniform(size=[30, 2]), ["Normal", "ContinuousBernoulli"]),
        (RNG.integers(0, 256, [30, 4, 4]), ["DiscretizedLogistic", "Normal"]),
        (RNG.normal(size=[30, 2]), ["Normal", "StudentT", "Laplace"]),
        (RNG.gamma(2.0, size=[30, 2]), ["Normal", "StudentT", "Laplace", "Gamma"]),
    ],
)
def test_candidates_are_those_whose_support_holds_the_data(x, names):
    found = likelihoods.candidates(x)
    assert list(dict.fromkeys(each.name.split("(")[0] for each in found)) == names
    for each in found:
        likelihood = each.make(x.shape[1:])
        assert likelihood.event_shape == x.shape[1:]
        assert not likelihood.support.outside(x.astype("float64")).any()
        assert each.reason


def test_large_counts_may_be_real_values():
    names = [each.name for each in likelihoods.candidates(RNG.poisson(50.0, [30, 2]))]
    assert names[0] == "Normal(scale='per_value')"


@pytest.mark.parametrize("x", [np.zeros([3]), np.zeros([3, 0]), np.array([[np.nan], [1.0]])])
def test_data_without_a_likelihood_is_refused(x):
    with pytest.raises(ValueError, match="`x` must"):
        likelihoods.candidates(x)


@pytest.mark.parametrize(
    ("x", "count"),
    [
        (np.array([[[0.0, 1.0, 16.0]]]), 17),
        (np.array([[[0.0, 1.0, 255.0]]]), 256),
        (np.array([[0.0, 255.0]]), 256),
        (np.array([[0, 7]], np.uint8), 256),
        (np.array([[0.0, 16.0]]), None),
        (np.array([[[0.0, 0.5, 255.0]]]), None),
        (np.array([[[0.0, 1.0, 256.0]]]), None),
        (np.array([[[-1.0, 1.0, 255.0]]]), None),
    ],
)
def test_levels_are_those_of_whole_numbers_like_pixels(x, count):
    assert levels(x) == count
