"""Models of tables with columns of different kinds."""

import keras
import numpy as np
import pytest

import tfp_vae
from tests.support.small_models import eager_vae
from tfp_vae import likelihoods, priors

RNG = np.random.default_rng(0)
TABLE = np.stack(
    [
        RNG.normal(size=200),
        RNG.integers(0, 2, 200),
        RNG.poisson(3.0, 200),
        RNG.integers(0, 3, 200),
        RNG.uniform(size=200),
        RNG.normal(size=200),
        np.zeros(200),
    ],
    axis=1,
)


def _table(**options):
    return likelihoods.Product(
        [
            ([3, 0], likelihoods.Normal([2], scale="calibrated")),
            ([1], likelihoods.Bernoulli([1])),
            ([2], likelihoods.Categorical([1], 3)),
        ],
        **options,
    )


@pytest.mark.nightly
def test_the_kind_of_every_column_is_found_and_said():
    suggestion = likelihoods.suggest(TABLE)
    found = dict(
        zip(
            map(tuple, suggestion.likelihood.columns),
            [type(part).__name__ for part in suggestion.likelihood.parts],
            strict=True,
        )
    )
    assert found == {
        (0, 5, 6): "Normal",
        (1,): "Bernoulli",
        (2,): "Poisson",
        (3,): "Categorical",
        (4,): "ContinuousBernoulli",
    }
    assert "Categorical for column 3: 3 whole numbers" in suggestion.reason


def test_a_model_for_a_table_trains_predicts_and_is_saved(tmp_path):
    vae = tfp_vae.VAE.for_data(TABLE, latent_size=2)
    vae.compile(run_eagerly=True)
    before = np.mean(vae.elbo(TABLE, seed=0).elbo)
    vae.fit(TABLE, epochs=2, verbose=0)
    assert np.mean(vae.elbo(TABLE, seed=0).elbo) > before
    predicted = vae.predict(TABLE, verbose=0)
    assert set(np.unique(predicted[:, 3])) <= {0.0, 1.0, 2.0}
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(vae.elbo(TABLE, seed=1).elbo, loaded.elbo(TABLE, seed=1).elbo)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (1, 0.5, r"0 or 1 in column 1, under Bernoulli; got 0.5 at index \[2, 1\]"),
        (2, 3.0, "whole numbers from 0 to 2 in column 2, under Categorical; got 3"),
    ],
)
def test_the_column_of_a_wrong_value_is_named(column, value, message):
    x = np.zeros([5, 4])
    x[2, column] = value
    with pytest.raises(ValueError, match=message):
        eager_vae(_table()).fit(x, verbose=0)


def test_a_calibrated_part_is_fitted_to_its_columns():
    layer = _table()
    x = np.concatenate([RNG.normal(size=[40, 1]), np.zeros([40, 2]), 9.0 + np.ones([40, 1])], 1)
    table = layer(np.zeros([40, 3], "float32"))
    fitted = layer.fitted_to(table, x.astype("float32"))
    scale = np.sqrt(np.mean(x[:, [3, 0]] ** 2)) + layer.parts[0].scale_floor
    np.testing.assert_allclose(fitted.parts[0].stddev(), np.full([40, 2], scale), rtol=1e-4)
    assert table.mean().shape == [40, 4]


@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        ([], TypeError, "must be a list of columns"),
        ([3], TypeError, "pairs of columns"),
        ([(np.array(0), likelihoods.Normal([1]))], TypeError, "pairs of columns"),
        ([([0], "normal")], TypeError, "must be a Likelihood"),
        ([([0.0], likelihoods.Normal([1]))], TypeError, "columns by ints"),
        ([([0, 1], likelihoods.Normal([1]))], ValueError, "event shape of their columns"),
        ([([1], likelihoods.Normal([1]))], ValueError, "every column from 0 to 0 once"),
        ([([0, 0], likelihoods.Normal([2]))], ValueError, "every column from 0 to 1 once"),
        (
            [
                ([0], likelihoods.Normal([1])),
                ([1], likelihoods.Normal([1], dtype="float64")),
            ],
            ValueError,
            "of one dtype",
        ),
    ],
)
def test_wrong_parts_are_named(parts, error, message):
    with pytest.raises(error, match=message):
        likelihoods.Product(parts)


def test_pseudo_inputs_of_a_table_stay_in_the_range_of_every_column():
    prior = priors.VampPrior(4)
    vae = eager_vae(_table(), prior=prior)
    x = TABLE[:, [0, 1, 3, 5]]
    assert ((prior.rows[:, 1] >= 0.0) & (prior.rows[:, 1] <= 1.0)).numpy().all()
    prior.initialize_from(x)
    np.testing.assert_allclose(prior.upper[0], x[:, 0].max(), rtol=1e-6)
    vae.fit(x, epochs=2, verbose=0)
    assert (prior.rows <= prior.upper).numpy().all()
    assert np.isfinite(vae.elbo(x, seed=0).elbo).all()
