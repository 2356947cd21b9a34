"""Imputation of frames: the known cells stay, whatever the training rows were."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tfp_vae import VAE, tables

RANDOM = np.random.default_rng(0)
TRAIN = pd.DataFrame(
    {
        "people": RANDOM.integers(400, 90_000, 25) * 10,
        "share": RANDOM.random(25).round(1),
        "flag": RANDOM.random(25) < 0.5,
        "word": RANDOM.choice(["a", "b", "c"], 25),
    }
)


@pytest.fixture(scope="module")
def table():
    return VAE.for_data(TRAIN, latent_size=2, verbose=0)


@pytest.fixture(autouse=True)
def _eagerly():
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def impute(table, frame):
    return tables.impute(table, frame, 2, importance_sample_size=10, seed=0)


def test_known_numbers_that_no_training_row_could_have_stay(table):
    frame = pd.DataFrame(
        {
            "people": [7.0, 4321.0, np.nan],
            "share": [0.123, np.nan, 0.5],
            "flag": [True, None, False],
            "word": ["a", "b", None],
        }
    )
    found = impute(table, frame)
    for filled in (found.filled, *found.draws, found.lower, found.upper):
        assert filled["people"][:2].tolist() == [7, 4321]
        assert filled["share"][0] == 0.123
        assert (filled["flag"][0], filled["flag"][2]) == (True, False)
        assert not filled.isna().any().any()
    assert str(found.filled["people"].dtype) == "int64"
    assert str(found.filled["flag"].dtype) == "bool"


def test_known_fractions_among_whole_numbers_stay(table):
    frame = TRAIN[:2].assign(people=[12.5, np.nan])
    filled = impute(table, frame).filled
    assert filled["people"][0] == 12.5
    assert str(filled["people"].dtype) == "float64"
    assert filled["people"][1] % 10 == 0


def test_an_ordered_blank_becomes_the_median_of_its_draws_with_their_interval():
    """The year 2005 is the most frequent, 2008 the median."""
    years = pd.DataFrame({"year": [2005] * 16 + [2008] * 10 + [2009] * 14, "a": np.arange(40.0)})
    schema = tables.Schema.infer(years, kinds={"year": "ordered"})
    table = VAE.for_data(years, latent_size=1, verbose=0, schema=schema)
    table.adapt(table.schema.encode(years))
    found = tables.impute(table, years[:3].assign(year=None), 200, seed=0)
    draws = np.stack([draw["year"] for draw in found.draws]).astype(int)
    assert found.filled["year"].tolist() == [2008] * 3
    for frame, share in ((found.lower, 0.05), (found.upper, 0.95)):
        expected = np.quantile(draws, share, axis=0, method="inverted_cdf")
        np.testing.assert_array_equal(frame["year"].astype(int), expected)
    np.testing.assert_allclose(found.probability["year"], (draws == 2008).mean(axis=0))
