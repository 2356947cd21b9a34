"""The estimator of data frames: latents, draws, filled-in blanks, scores and explanations."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import tfp_vae
from tfp_vae import evaluation, tables
from tfp_vae.sklearn import TableVAE

pytestmark = pytest.mark.usefixtures("without_xla")

ROWS = 300
RNG = np.random.default_rng(0)


def _table():
    """Returns a table in which country and height tell much of each other."""
    tall = RNG.random(ROWS) < 0.5
    frame = pd.DataFrame(
        {
            "id": np.arange(1, ROWS + 1),
            "country": np.where(tall, "NL", "PE"),
            "height": np.where(tall, 184.0, 160.0) + RNG.normal(scale=3.0, size=ROWS),
            "born": pd.Timestamp("1990-01-01") + pd.to_timedelta(RNG.integers(0, 999, ROWS), "D"),
            "smokes": RNG.random(ROWS) < 0.2,
        }
    ).round({"height": 1})
    frame.loc[5:30:5, "height"] = np.nan
    frame.loc[7:40:3, "country"] = None
    return frame


TABLE = _table()
GIVEN = {"height": "normal", "born": "normal"}


@pytest.fixture(scope="module")
def fitted():
    model = TableVAE(latent_size=2, likelihoods=GIVEN, epochs=150, random_state=0, batch_size=50)
    return model.fit(TABLE)


def test_latents_of_a_frame_tell_its_groups_apart(fitted):
    z = fitted.transform(TABLE)
    assert z.shape == (ROWS, 2)
    known = TABLE["country"].notna() & TABLE["height"].notna()
    groups = [z[known & (TABLE["country"] == each)].mean(axis=0) for each in ("NL", "PE")]
    assert np.linalg.norm(groups[0] - groups[1]) > 1.0
    assert fitted.get_feature_names_out().tolist() == ["tablevae0", "tablevae1"]
    assert fitted.set_output(transform="pandas").transform(TABLE).index.equals(TABLE.index)
    fitted.set_output(transform="default")


def test_draws_have_the_columns_and_dtypes_of_the_table(fitted):
    draws = fitted.sample(500, random_state=0)
    pd.testing.assert_series_equal(draws.dtypes, TABLE.drop(columns="id").dtypes)
    assert draws["height"].mean() == pytest.approx(TABLE["height"].mean(), abs=3.0)
    assert set(draws["country"]) == {"NL", "PE"}
    pd.testing.assert_frame_equal(draws, fitted.sample(500, random_state=0))


def test_what_is_given_decides_the_rest(fitted):
    for country, height in (("NL", 184.0), ("PE", 160.0)):
        draws = fitted.sample(400, given={"country": country}, random_state=0)
        assert (draws["country"] == country).all()
        assert draws["height"].mean() == pytest.approx(height, abs=2.5)
    draws = fitted.sample(400, given={"height": 186.0, "smokes": True}, random_state=0)
    assert (draws["country"] == "NL").mean() > 0.9
    assert draws["smokes"].all()
    assert (draws["height"] == 186.0).all()


def test_what_nothing_fits_warns(fitted):
    with pytest.warns(UserWarning, match="What is given fits about"):
        fitted.sample(5, given={"height": 400.0}, random_state=0)


def test_blanks_are_filled_and_other_cells_stay(fitted):
    found = fitted.impute(TABLE, n_draws=3, random_state=0)
    blank = TABLE.isna()
    for frame in (found.filled, *found.draws, found.lower, found.upper):
        assert not frame.isna().any().any()
        pd.testing.assert_series_equal(frame.dtypes, TABLE.dtypes)
        pd.testing.assert_frame_equal(frame.mask(blank), TABLE.mask(blank))
    rows = blank["country"] & ~blank["height"]
    tall = TABLE["height"] > 172.0
    assert (found.filled["country"][rows] == np.where(tall, "NL", "PE")[rows]).mean() > 0.9
    assert (found.probability["country"][rows] > 0.5).all()
    assert found.probability.drop(columns="country").isna().all().all()
    rows = blank["height"]
    assert (found.lower["height"][rows] < found.filled["height"][rows]).all()
    assert (found.upper["height"][rows] > found.filled["height"][rows]).all()
    assert found.effective_sample_size.index.tolist() == TABLE.index[blank.any(axis=1)].tolist()
    assert not found.draws[0]["height"][rows].equals(found.draws[1]["height"][rows])


def test_a_frame_without_blanks_is_returned(fitted):
    whole = TABLE.dropna()
    found = fitted.impute(whole, random_state=0)
    pd.testing.assert_frame_equal(found.filled, whole)
    assert len(found.effective_sample_size) == 0


def test_scores_are_nats_of_the_cells_that_are_there(fitted):
    x = fitted.schema_.encode(TABLE)
    scores = fitted.score_samples(TABLE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        right = evaluation.log_marginal_likelihood(fitted.vae_, x, 500, seed=0).estimate
    np.testing.assert_array_equal(scores, right)
    assert fitted.score(TABLE) == scores.mean()
    blanks = TABLE.assign(country=None, height=np.nan, born=pd.NaT, smokes=None)
    blanks["smokes"] = blanks["smokes"].astype("boolean")
    assert (fitted.score_samples(blanks[:2]) == 0.0).all()


def test_the_strange_cell_is_found(fitted):
    row = TABLE.dropna()[:1].assign(country="PE", height=161.0)
    strange = row.assign(height=185.0)
    odd = row.assign(born=pd.Timestamp("1890-01-01"))
    assert fitted.score(strange) < fitted.score(row) - 2.0
    assert fitted.explain(strange).iloc[0].drop("born").idxmin() == "height"
    assert fitted.explain(odd).iloc[0].idxmin() == "born"
    found = fitted.explain(TABLE[:40])
    np.testing.assert_array_equal(found.isna(), TABLE[:40].drop(columns="id").isna())


def test_a_saved_model_does_the_same(fitted, tmp_path):
    fitted.save(tmp_path / "table.keras")
    for again in (TableVAE.load(tmp_path / "table.keras"), pickle.loads(pickle.dumps(fitted))):
        assert again.schema_ == fitted.schema_
        assert again.feature_names_in_.tolist() == TABLE.columns.tolist()
        pd.testing.assert_frame_equal(
            again.sample(5, given={"country": "PE"}, random_state=1),
            fitted.sample(5, given={"country": "PE"}, random_state=1),
        )
    tfp_vae.VAE.for_data(np.eye(4), verbose=0).save(tmp_path / "array.keras")
    with pytest.raises(ValueError, match="whose model has no schema"):
        TableVAE.load(tmp_path / "array.keras")


@pytest.mark.nightly
def test_it_trains_until_held_out_rows_stop_improving():
    model = TableVAE(likelihoods=GIVEN, random_state=0, tol=0.5).fit(TABLE[:60])
    assert len(model.history_["val_elbo"]) == model.n_iter_
    assert model.vae_.latent_size == 2


def test_it_is_an_estimator_of_scikit_learn(fitted):
    again = clone(fitted)
    assert again.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        again.sample(2)
    with pytest.raises(NotFittedError):
        again.transform(TABLE)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"country": "DE"}, "`given` must have one of its 2 categories, 'NL', 'PE', or a blank in"),
        ({"id": 3}, "which is left out, as identifier"),
        ({"age": 3}, "`given` must name a column, one of 'id', 'country'"),
        ({"height": "tall"}, "`given` must have a finite number"),
    ],
)
def test_what_cannot_be_given_is_explained(fitted, given, message):
    with pytest.raises(ValueError, match=message):
        fitted.sample(2, given=given)


def test_other_frames_are_explained(fitted):
    with pytest.raises(
        ValueError, match="`X` must have the columns of the model's table; it lacks"
    ):
        fitted.transform(TABLE.drop(columns="height"))
    with pytest.raises(TypeError, match="`X` must be a data frame; got a ndarray"):
        TableVAE().fit(np.eye(3))
    with pytest.raises(ValueError, match="`vae` must be a model of a data frame"):
        tables.score(tfp_vae.VAE.for_data(np.eye(4), verbose=0), TABLE)
    with pytest.raises(ValueError, match="must have a schema with `score_quantiles`"):
        tables.percentiles(fitted.vae_, [0.0])


def test_a_cell_outside_the_support_names_its_column():
    counts = pd.DataFrame({"visits": [0, 1, 4, 2] * 5, "cost": np.linspace(1.0, 9.0, 20) ** 1.5})
    given = {"visits": "poisson", "cost": "gamma"}
    model = TableVAE(likelihoods=given, kinds={"visits": "count"}, epochs=1, random_state=0)
    model.fit(counts)
    message = "got -3 in row 1 of column 'cost', under Gamma"
    with pytest.raises(ValueError, match=message):
        model.score_samples(counts.assign(cost=[1.0, -3.0] * 10))
