import warnings

import numpy as np
import pytest

import tfp_vae
from benchmarks.defaults import grid, ours, vae_scores
from benchmarks.defaults.real_data import split
from tfp_vae import evaluation, likelihoods

pytestmark = pytest.mark.usefixtures("without_xla")


@pytest.fixture
def few_epochs(monkeypatch):
    monkeypatch.setattr(ours, "MOST_EPOCHS", 2)
    monkeypatch.setattr(vae_scores, "IMPORTANCE_SAMPLES", 50)


def table():
    random = np.random.default_rng(0)
    real = random.normal(50.0, 10.0, [80, 2])
    return np.column_stack([real, random.integers(0, 2, 80)])


@pytest.mark.nightly
def test_the_default_model_is_trained_and_scored(few_epochs):
    data = split(table())
    score = vae_scores.default(data, 2, np.array([False, False, True]))
    assert score.log_p.shape == (16,)
    assert score.reconstructed.shape == (16, 3)
    assert np.isfinite(score.log_p).all()
    np.testing.assert_array_equal(score.discrete, [False, False, True])
    assert score.notes["likelihood"] == "Product"
    assert sum(score.notes["parts"].values()) == 3


@pytest.mark.nightly
def test_a_score_is_the_library_s_own_estimate(few_epochs):
    data = split(table())
    vae = tfp_vae.VAE.for_data(data.x_train, latent_size=2)
    score = vae_scores.score(vae, data.x_test, 1.0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).*effective sample size")
        expected = evaluation.log_marginal_likelihood(vae, data.x_test, 50, seed=0).estimate
    np.testing.assert_array_equal(score.log_p, expected)
    np.testing.assert_array_equal(score.reconstructed, vae.predict(data.x_test, verbose=0))


@pytest.mark.nightly
def test_the_grid_scores_densities_in_the_data_s_own_units(few_epochs, monkeypatch):
    """Columns in other units change a log density by the logarithms of the units alone."""
    monkeypatch.setattr(grid, "SETTINGS", (grid.Setting(8, 1e-3, "shared"),))
    x = table()[:, :2]
    units = np.array([1.0, 64.0])
    small, large = (grid.best(split(rows), 2, np.zeros(2, bool)) for rows in (x, x * units))
    np.testing.assert_allclose(large.log_p, small.log_p - np.log(64.0), rtol=1e-4)
    np.testing.assert_allclose(large.reconstructed, small.reconstructed * units, rtol=1e-4)
    assert small.notes["setting"] == {"width": 8, "learning_rate": 1e-3, "scale": "shared"}


def test_columns_of_any_real_number_are_standardised_and_others_are_not():
    product = likelihoods.Product(
        [
            ([1], likelihoods.Normal([1])),
            ([0], likelihoods.ContinuousBernoulli([1])),
            ([2], likelihoods.Poisson([1])),
        ]
    )
    np.testing.assert_array_equal(grid._real_columns(product), [False, True, False])
    x = np.array([[0.1, 5.0, 3.0], [0.5, 9.0, 4.0]])
    scaled = grid._scaled(x, grid._scaling_of(x, grid._real_columns(product)))
    np.testing.assert_allclose(scaled, [[0.1, -1.0, 3.0], [0.5, 1.0, 4.0]])


def test_the_scale_of_normal_parts_is_replaced():
    product = likelihoods.Product(
        [([1], likelihoods.Normal([1])), ([0], likelihoods.Bernoulli([1]))]
    )
    copy = grid._with_scale(product, "shared")
    assert [type(part).__name__ for part in copy.parts] == ["Normal", "Bernoulli"]
    assert copy.parts[0].scale == "shared"
    assert copy.columns == product.columns
    assert product.parts[0].scale == "learned"
