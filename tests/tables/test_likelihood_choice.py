"""The likelihood of each column of a table: among those of its kind, or as given."""

import keras
import numpy as np
import pandas as pd
import pytest

import tfp_vae
from tests.tables.frames_for_tests import every_kind
from tfp_vae import evaluation
from tfp_vae.tables import Schema

FRAME = every_kind()[["real", "decimals", "children", "share", "rating", "words", "smoker", "day"]]
FAMILIES = {
    "real": {"Normal", "StudentT", "Laplace"},
    "decimals": {"Normal", "StudentT", "Laplace", "Gamma"},
    "children": {"Poisson", "NegativeBinomial", "ZeroInflatedNegativeBinomial"},
    "share": {"Normal", "ContinuousBernoulli"},
    "rating": {"Categorical", "DiscretizedLogistic"},
    "words": {"Categorical"},
    "smoker": {"Bernoulli"},
    "day": {"Normal", "StudentT", "Laplace"},
}


@pytest.fixture(scope="module")
def vae():
    return tfp_vae.VAE.for_data(FRAME, latent_size=2, verbose=0)


def test_the_kind_decides_the_candidates_and_evidence_chooses(vae):
    found = {name: set() for name in FRAME}
    for each in vae.suggestion.table:
        found[vae.schema.names[each.columns[0]]].add(each.name.partition("(")[0])
    assert found == FAMILIES
    for each in vae.schema:
        assert each.likelihood.partition("(")[0] in FAMILIES[each.name]
        assert each.likelihood in str(vae.schema)


def test_a_model_of_a_frame_scores_its_array_with_blanks(vae):
    x = vae.schema.encode(FRAME)
    assert np.isnan(x).any()
    assert np.isfinite(vae.elbo(x, seed=0).elbo).all()
    vae.adapt(x)
    draws = vae.schema.decode(vae.sample(20, seed=0).numpy())
    assert draws.columns.tolist() == FRAME.columns.tolist()
    assert (draws.dtypes == FRAME.dtypes).all()


def test_a_model_of_a_frame_refuses_a_frame_and_says_how_to_encode_it():
    numbers = pd.DataFrame({"same": 7.0, "rating": [5, 10, 15, 10] * 10, "real": np.arange(40.0)})
    vae = tfp_vae.VAE.for_data(numbers, latent_size=2, verbose=0)
    vae.compile("adam")
    calls = [
        vae.fit,
        vae.evaluate,
        vae.predict,
        vae.elbo,
        vae.impute,
        vae.adapt,
        lambda x: evaluation.log_marginal_likelihood(vae, x),
        lambda x: vae.fit(vae.schema.encode(numbers), validation_data=x),
    ]
    for call in calls:
        with pytest.raises(TypeError, match=r"must be an array, as `vae\.schema\.encode` makes"):
            call(numbers)
    kept = tfp_vae.VAE.from_config(vae.get_config())
    with pytest.raises(TypeError, match="encode"):
        kept.elbo(numbers)
    assert vae.elbo(vae.schema.encode(numbers), seed=0).elbo.shape == [40]


def test_the_schema_is_saved_with_the_model(vae, tmp_path):
    vae.save(tmp_path / "vae.keras")
    assert tfp_vae.load(tmp_path / "vae.keras").schema == vae.schema
    assert keras.models.load_model(tmp_path / "vae.keras").schema == vae.schema


def test_likelihoods_can_be_given_by_name():
    given = {"real": "student_t", "rating": "categorical", "children": "normal"}
    vae = tfp_vae.VAE.for_data(FRAME[[*given]], likelihood=given, verbose=0)
    names = [each.likelihood for each in vae.schema]
    assert names == ["StudentT", "Categorical", "Normal"]
    one = tfp_vae.VAE.for_data(FRAME[["real", "day"]], likelihood="normal", verbose=0)
    assert isinstance(one.decoder.likelihood, tfp_vae.likelihoods.Normal)
    assert one.schema.names == ["real", "day"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"real": "gamma"}, "gamma is for values that are above 0; got -.* 'real', which is real"),
        ({"age": "normal"}, "`likelihoods` must name a column"),
        ({"real": "gauss"}, "`likelihoods` must be one of 'bernoulli'"),
    ],
)
def test_a_likelihood_that_does_not_hold_the_column_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        tfp_vae.VAE.for_data(FRAME[["real", "children"]], likelihood=given)


def test_a_schema_of_ones_own_is_taken():
    schema = Schema.infer(FRAME, kinds={"rating": "real"})
    vae = tfp_vae.VAE.for_data(FRAME[:20], schema=schema, verbose=0)
    assert vae.schema["rating"].likelihood == "Normal(per_value)"
    with pytest.raises(TypeError, match="`x` must be a data frame where `schema` is given"):
        tfp_vae.VAE.for_data(np.eye(3), schema=schema)
    with pytest.raises(TypeError, match="`schema` must be a tables"):
        vae.schema = "a schema"


def test_the_column_without_numbers_is_named_to_a_model_of_arrays():
    vae = tfp_vae.VAE.for_data(np.eye(8), verbose=0)
    with pytest.raises(TypeError, match="Column 'words' holds none: "):
        vae.elbo(FRAME)


@pytest.mark.parametrize("column", [["a", "b"] * 10, pd.date_range("2024", periods=20)])
def test_a_column_without_numbers_among_many_is_taken(column):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=[20, 40]))
    vae = tfp_vae.VAE.for_data(frame.assign(**{"17": column}), verbose=0)
    assert vae.schema.names[-1] == "17"
    assert vae.event_shape == (41,)
