import numpy as np
import pytest

from tfp_vae import likelihoods
from tfp_vae.likelihoods.suggest import plainest

RNG = np.random.default_rng(0)


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("x", "kind", "reason"),
    [
        (np.array([[0, 1], [1, 1]]), likelihoods.Bernoulli, "is binary, every value is 0 or 1"),
        (np.array([[False, True], [True, True]]), likelihoods.Bernoulli, "a boolean"),
        (RNG.uniform(size=[99, 3]), likelihoods.ContinuousBernoulli, "normalising constant"),
        (RNG.normal(size=[9, 3]), likelihoods.Normal, "real values"),
        (
            RNG.integers(0, 256, [9, 3]).astype("uint8"),
            likelihoods.DiscretizedLogistic,
            "like pixels of 256 levels",
        ),
        (RNG.integers(0, 17, [9, 3, 3]), likelihoods.DiscretizedLogistic, "of 17 levels"),
        (RNG.poisson(3.0, [999, 3]), likelihoods.Poisson, "times their mean"),
        (RNG.negative_binomial(2, 0.1, [99, 3]), likelihoods.NegativeBinomial, "may be above 1"),
        (
            RNG.integers(0, 2, [999, 3]) * RNG.negative_binomial(20, 0.5, [999, 3]),
            likelihoods.ZeroInflatedNegativeBinomial,
            "of the counts are 0",
        ),
        (RNG.standard_t(1.5, [999, 3]), likelihoods.StudentT, "outliers"),
        (RNG.integers(0, 4, [99, 1]), likelihoods.Categorical, "class codes"),
        (RNG.integers(1990, 2020, [99, 2]), likelihoods.Normal, "real values"),
    ],
)
def test_the_likelihood_is_the_one_whose_support_is_that_of_the_data(x, kind, reason):
    suggestion = likelihoods.suggest(x)
    assert type(suggestion.likelihood) is kind
    assert suggestion.likelihood.event_shape == x.shape[1:]
    assert reason.lower() in suggestion.reason.lower()
    assert suggestion.compared == (suggestion.table[0].nats is not None)


@pytest.mark.nightly
@pytest.mark.parametrize("x", [RNG.normal(size=[99, 3]) * [1, 1, 50], 3 * RNG.normal(size=[9, 3])])
def test_columns_of_other_spreads_need_no_standardisation(x):
    suggestion = likelihoods.suggest(x)
    assert suggestion.likelihood.get_config()["scale"] == "per_value"
    assert "each column with a spread of its own" in suggestion.reason


@pytest.mark.nightly
def test_the_choice_does_not_depend_on_where_the_values_lie():
    x = RNG.normal(size=[300, 3])
    near, far = likelihoods.suggest(x), likelihoods.suggest(x + 1000.0)
    assert type(near.likelihood) is type(far.likelihood) is likelihoods.Normal


@pytest.mark.parametrize(
    ("x", "error"),
    [
        (np.zeros([1, 3]), ValueError),
        (np.zeros([3]), ValueError),
        (np.zeros([0, 3]), ValueError),
        (np.zeros([3, 0]), ValueError),
        (np.array([[0.0, np.nan], [1.0, 1.0]]), ValueError),
        (np.array([["a"], ["b"]]), TypeError),
        (np.zeros([2, 2], complex), TypeError),
        (None, TypeError),
    ],
)
def test_data_without_a_likelihood_is_refused(x, error):
    with pytest.raises(error, match="`x` must"):
        likelihoods.suggest(x)


def test_a_score_that_is_not_finite_is_never_the_best():
    good, bad = np.array([-1.0, -1.1]), np.array([np.nan, -1.0])
    assert plainest([bad, good], 1) == 1
    assert plainest([good, bad], 1) == 0
    assert plainest([bad, -np.array([np.inf, 1.0])], 1) is None
