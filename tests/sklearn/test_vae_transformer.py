"""The estimator of scikit-learn: its own checks, and what they do not ask."""

import copy
import functools
import logging
import os
import pickle
import random
import subprocess
import sys
from unittest import SkipTest

import keras
import numpy as np
import pytest
from scipy import special, stats
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from tfp_vae import callbacks, evaluation
from tfp_vae.sklearn import VAETransformer, in_blocks, row_scores, vae_transformer
from tfp_vae.sklearn.random_state import seed_of
from tfp_vae.testing.assertions import LIMIT

pytestmark = pytest.mark.usefixtures("without_xla")

SMALL = {"hidden_layer_sizes": (8,), "epochs": 2, "importance_sample_size": 5, "random_state": 0}


def table(rows=30, columns=3, seed=0):
    """Columns that share one factor."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=[rows, 1]) + 0.3 * rng.normal(size=[rows, columns])


def name_of(check):
    return getattr(check, "func", check).__name__


@parametrize_with_checks([VAETransformer(**SMALL)])
def test_checks_of_scikit_learn(estimator, check):
    """All of them: none is listed as expected to fail, and one alone may skip itself here."""
    try:
        check(estimator)
    except SkipTest as skipped:
        if name_of(check) != "check_array_api_input":
            pytest.fail(f"skipped: {skipped}")


@pytest.mark.nightly
def test_the_check_that_needs_the_array_interface_of_scipy():
    """SciPy reads from the environment whether it has one, when it is imported."""
    program = f"""
from sklearn.utils.estimator_checks import estimator_checks_generator
from tfp_vae.sklearn import VAETransformer
for estimator, check in estimator_checks_generator(VAETransformer(**{SMALL})):
    if getattr(check, "func", check).__name__ == "check_array_api_input":
        check(estimator)
        print("checked")
"""
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout == "checked\n", run.stderr


@pytest.fixture(scope="module")
def fitted():
    return VAETransformer(**{**SMALL, "latent_size": 1}).fit(table())


def test_latents_are_posterior_means_and_come_back_as_means_of_the_likelihood(fitted):
    x = table(seed=1)
    z = fitted.transform(x)
    np.testing.assert_allclose(z, fitted.vae_.encoder(x).mean(), rtol=1e-12)
    back = fitted.inverse_transform(z)
    np.testing.assert_allclose(back, fitted.vae_.predict(x, verbose=0), rtol=1e-6)
    assert z.shape == (30, 1)
    assert back.shape == x.shape


def test_scores_are_log_p_of_x_by_quadrature(fitted):
    x = 0.3 * table(8, seed=2)
    grid = np.linspace(-9.0, 9.0, 2001)
    log_likelihood = fitted.vae_.decoder(grid[:, None, None]).log_prob(x)
    exact = special.logsumexp(
        log_likelihood + stats.norm.logpdf(grid)[:, None] + np.log(grid[1] - grid[0]), axis=0
    )
    draws = 5000
    wide = copy.deepcopy(fitted).set_params(importance_sample_size=draws)
    error = evaluation.log_marginal_likelihood(fitted.vae_, x, draws).standard_error
    assert np.all(error < 0.1)
    found = wide.score_samples(x)
    assert np.all(np.abs(found - exact) < LIMIT * error + 1e-6)
    assert wide.score(x) == pytest.approx(found.mean())


def test_training_finds_the_factor_that_the_columns_share():
    train, held_out = table(200), table(200, seed=1)
    estimator = VAETransformer(1, epochs=100, learning_rate=1e-2, random_state=0).fit(train)
    independent = stats.norm.logpdf(held_out, train.mean(0), train.std(0)).sum(axis=1).mean()
    joint = stats.multivariate_normal(np.zeros(3), 1.0 + 0.09 * np.eye(3)).logpdf(held_out).mean()
    assert independent + 0.5 < estimator.score(held_out) < joint + 0.1
    assert estimator.history_["elbo"][-1] > estimator.history_["elbo"][0]


def test_by_default_training_ends_when_the_elbo_of_held_out_rows_has_converged(monkeypatch):
    short = functools.partial(callbacks.Convergence, 30, reductions=0)
    monkeypatch.setattr(callbacks, "Convergence", short)
    x = table(100)
    arguments = {**SMALL, "epochs": None, "batch_size": 20, "learning_rate": 1e-2}
    estimator = VAETransformer(**arguments, validation_fraction=0.2).fit(x)
    history = estimator.history_["val_elbo"]
    # Of 80 rows, 10 steps of 20 are 3 passes.
    assert estimator.n_iter_ == 3 * len(history)
    assert len(history) - int(np.argmax(history)) >= 3
    order = np.random.default_rng(estimator._seed).permutation(100)
    log = estimator.vae_.evaluate(x[order[:20]], batch_size=20, verbose=0, return_dict=True)
    assert log["elbo"] == pytest.approx(max(history), rel=1e-5)


def test_a_number_of_epochs_uses_all_rows():
    estimator = VAETransformer(**SMALL).fit(table())
    assert estimator.n_iter_ == 2
    assert "val_elbo" not in estimator.history_


@pytest.mark.nightly
def test_compiled_and_eager_agree(monkeypatch):
    x = table(70).astype(np.float64)
    estimator = VAETransformer(**SMALL)
    eager = clone(estimator).fit(x)
    monkeypatch.setattr(vae_transformer, "EAGER_STEPS", 0)
    compiled = clone(estimator).fit(x)
    assert eager.vae_.run_eagerly
    assert not compiled.vae_.run_eagerly
    np.testing.assert_allclose(eager.transform(x), compiled.transform(x), rtol=1e-7)
    by_blocks = eager.score_samples(x)
    monkeypatch.setattr(row_scores, "EAGER_ROWS", 1000)
    np.testing.assert_allclose(by_blocks, eager.score_samples(x), rtol=1e-9)


def test_blocks_of_rows_cover_all_of_them(fitted, monkeypatch):
    monkeypatch.setattr(row_scores, "_CHUNK", 16)
    monkeypatch.setattr(in_blocks, "_ROWS_AT_ONCE", 7)
    x = table(37, seed=3)
    scores, latents = fitted.score_samples(x), fitted.transform(x)
    monkeypatch.setattr(row_scores, "EAGER_ROWS", 1000)
    monkeypatch.setattr(in_blocks, "_ROWS_AT_ONCE", 1000)
    np.testing.assert_allclose(scores, fitted.score_samples(x), rtol=1e-9)
    np.testing.assert_allclose(latents, fitted.transform(x), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_of_the_data_is_that_of_model_latents_and_draws(dtype):
    x = table().astype(dtype)
    estimator = VAETransformer(**SMALL).fit(x)
    z = estimator.transform(x)
    assert estimator.vae_.data_dtype == np.dtype(dtype).name
    for array in (z, estimator.inverse_transform(z), estimator.sample(2, random_state=0)):
        assert array.dtype == dtype
    assert keras.config.dtype_policy().name == "float32"


def test_the_same_random_state_gives_the_same_model_and_leaves_global_states_alone():
    states = random.getstate(), np.random.get_state()[1].copy()
    x = table()
    first, second, other = (
        VAETransformer(**{**SMALL, "random_state": state}).fit_transform(x)
        for state in (3, np.random.RandomState(3), 4)
    )
    np.testing.assert_array_equal(first, second)
    assert np.max(np.abs(first - other)) > 1e-3
    assert random.getstate() == states[0]
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])


def test_draws(fitted):
    first, again = (fitted.sample(50, random_state=1) for _ in range(2))
    assert first.shape == (50, 3)
    np.testing.assert_array_equal(first, again)
    assert np.max(np.abs(first - fitted.sample(50, random_state=2))) > 1e-3
    assert np.max(np.abs(fitted.sample() - fitted.sample())) > 0
    np.testing.assert_allclose(first, fitted.vae_.sample(50, seed=seed_of(1)), rtol=1e-6)


def test_a_pickle_and_a_clone(fitted):
    x = table(10)
    revived = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(revived.transform(x), fitted.transform(x))
    np.testing.assert_array_equal(revived.score_samples(x), fitted.score_samples(x))
    assert revived.history_ == fitted.history_
    unfitted = clone(fitted)
    assert unfitted.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        unfitted.transform(x)


def test_data_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(table(), columns=["a", "b", "c"], index=range(100, 130))
    estimator = VAETransformer(**SMALL).set_output(transform="pandas")
    latents = estimator.fit_transform(frame)
    assert list(latents.columns) == ["vaetransformer0", "vaetransformer1"]
    assert list(latents.index) == list(frame.index)
    assert list(estimator.feature_names_in_) == ["a", "b", "c"]
    plain = VAETransformer(**SMALL)
    expected = plain.fit_transform(table())
    np.testing.assert_array_equal(latents, expected)
    back = estimator.inverse_transform(expected)
    np.testing.assert_array_equal(estimator.inverse_transform(latents), back)
    scores = plain.score_samples(table())
    np.testing.assert_array_equal(estimator.score_samples(frame), scores)
    with pytest.raises(ValueError, match="feature names"):
        estimator.transform(frame[["c", "b", "a"]])


def test_a_pipeline_is_its_steps_one_after_another():
    x = 100.0 + table(20)
    pipeline = make_pipeline(StandardScaler(), VAETransformer(**SMALL)).fit(x)
    scaler, estimator = StandardScaler().fit(x), pipeline[-1]
    z = estimator.transform(scaler.transform(x))
    np.testing.assert_array_equal(pipeline.transform(x), z)
    assert pipeline.score(x) == estimator.score(scaler.transform(x))
    back = scaler.inverse_transform(estimator.inverse_transform(z))
    np.testing.assert_array_equal(pipeline.inverse_transform(z), back)


@pytest.mark.nightly
def test_a_grid_search_finds_the_longer_training():
    pipeline = make_pipeline(StandardScaler(), VAETransformer(**SMALL, learning_rate=1e-2))
    grid = {"vaetransformer__latent_size": [1], "vaetransformer__epochs": [1, 60]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(100.0 + table(40))
    assert search.best_params_ == {
        "vaetransformer__latent_size": 1,
        "vaetransformer__epochs": 60,
    }
    assert search.transform(100.0 + table(5)).shape == (5, 1)


def test_the_likelihood_by_name_or_from_the_data():
    x = (table() > 0).astype(np.float64)
    chosen = VAETransformer(**SMALL, likelihood="auto").fit(x)
    named = VAETransformer(**SMALL, likelihood="bernoulli").fit(x)
    assert type(chosen.vae_.decoder.likelihood) is type(named.vae_.decoder.likelihood)
    assert "binary" in chosen.likelihood_reason_
    assert set(np.unique(named.sample(20, random_state=0))) <= {0.0, 1.0}
    with pytest.raises(ValueError, match="`X` must hold only values that are 0 or 1"):
        VAETransformer(**SMALL, likelihood="bernoulli").fit(x / 2.0)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"likelihood": "gaussian"}, ValueError, "`likelihood` must be one of 'auto', "),
        ({"latent_size": 0}, ValueError, "`latent_size` must be a positive int"),
        ({"epochs": 0}, ValueError, "`epochs` must be a positive int; got 0"),
        ({"batch_size": 1.5}, TypeError, "`batch_size` must be a positive int"),
        ({"learning_rate": 0.0}, ValueError, "`learning_rate` must be a finite number above 0"),
        ({"importance_sample_size": 0}, ValueError, "`importance_sample_size` must be a positive"),
        ({"epochs": None, "validation_fraction": 1.0}, ValueError, "`validation_fraction` must be"),
        ({"epochs": None, "tol": -1.0}, ValueError, "`tol` must be a finite number"),
        ({"hidden_layer_sizes": 8}, TypeError, "`hidden_layer_sizes` must be a list"),
    ],
)
def test_wrong_arguments_are_refused_by_fit(arguments, kind, message):
    estimator = VAETransformer(**{**SMALL, **arguments})
    with pytest.raises(kind, match=message):
        estimator.fit(table())


def test_rows_to_train_on_are_needed():
    with pytest.raises(ValueError, match=r"`X` must have rows to train on .*n_samples=1"):
        VAETransformer().fit(table(1))


def test_data_that_fails_by_itself_is_refused():
    class Failing:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("not today")

    with pytest.raises(ValueError, match=r"`X` must convert to an array; got .*RuntimeError: not"):
        VAETransformer().fit(Failing())


@pytest.mark.parametrize(
    ("column", "got"),
    [
        (["Adelie", "Gentoo"] * 15, "column 'b', which holds 'Adelie'"),
        ([1.0, None] * 15, "column 'b' with 15 blanks"),
    ],
)
def test_a_data_frame_of_words_or_blanks_is_sent_to_the_estimator_for_it(column, got):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": np.arange(30.0), "b": column})
    with pytest.raises(ValueError, match=f"`X` must be numbers .*; got {got}. .*TableVAE"):
        VAETransformer().fit(frame)


def test_latents_of_another_size_are_refused(fitted):
    with pytest.raises(ValueError, match="`X` must have 1 columns, one for each latent variable"):
        fitted.inverse_transform(np.zeros([2, 3]))


@pytest.mark.nightly
def test_many_models_in_a_row_raise_no_alarm_of_retracing(monkeypatch):
    """TensorFlow's notice is for one function that is traced again and again."""
    told = []
    monkeypatch.setattr(logging.getLogger("tensorflow"), "handle", told.append)
    x = table(row_scores.EAGER_ROWS + 1)
    for seed in range(6):
        estimator = VAETransformer(**{**SMALL, "random_state": seed}).fit(x)
        estimator.score(x)
        evaluation.log_marginal_likelihood(estimator.vae_, x, 10, seed=0)
    assert [record.getMessage() for record in told if "retracing" in record.getMessage()] == []
