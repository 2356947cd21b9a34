"""Missing values in fit, saving and errors."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from tests.support.small_models import BINARY, REAL, eager_vae, small_vae
from tfp_vae import likelihoods, networks
from tfp_vae.testing import with_holes

HOLES = with_holes(REAL).astype("float32")


def holed_vae(make=eager_vae, likelihood=None, **options):
    return make(likelihood or likelihoods.Normal([4]), **{"missing_values": np.nan, **options})


@pytest.mark.parametrize(
    "source",
    [
        lambda x: x,
        lambda x: tf.data.Dataset.from_tensor_slices(x).batch(8),
        lambda x: [[None if np.isnan(value) else value for value in row] for row in x.tolist()],
    ],
    ids=["array", "dataset", "list with None"],
)
def test_fit_evaluate_and_predict_take_missing_values(source):
    vae = holed_vae()
    log = vae.fit(source(HOLES), epochs=2, verbose=0, validation_data=source(HOLES)).history
    assert np.isfinite([log["loss"], log["val_loss"]]).all()
    assert np.isfinite(vae.evaluate(source(HOLES), verbose=0)).all()
    assert np.isfinite(vae.predict(source(HOLES), verbose=0)).all()
    assert np.isfinite(vae.reconstruct(HOLES).mean()).all()
    assert np.isfinite(vae.prepared(HOLES)).all()


@pytest.mark.nightly
def test_both_ways_to_fit_end_in_the_same_weights():
    weights = []
    for callbacks in (
        None,
        [keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_, **__: None)],
    ):
        keras.utils.set_random_seed(5)
        vae = holed_vae(small_vae)
        vae.compile(keras.optimizers.Adam(0.01))
        vae.fit(HOLES, epochs=2, batch_size=10, verbose=0, callbacks=callbacks)
        weights.append(vae.get_weights())
    for one, another in zip(*weights, strict=True):
        np.testing.assert_allclose(one, another, rtol=1e-5, atol=1e-6)


def test_a_number_may_stand_for_what_is_missing():
    holes = np.where(np.random.default_rng(0).uniform(size=BINARY.shape) < 0.3, -1, BINARY)
    by_number = eager_vae(missing_values=-1)
    by_nan = eager_vae(missing_values=np.nan)
    by_nan.set_weights(by_number.get_weights())
    coded = np.where(holes == -1, np.nan, holes)
    for dtype in ("int8", "float32"):
        one, another = (
            by_number.elbo(holes.astype(dtype), seed=0),
            by_nan.elbo(coded, seed=0),
        )
        np.testing.assert_array_equal(one.elbo, another.elbo)
    by_number.fit(holes.astype("int8"), verbose=0)


@pytest.mark.parametrize("code", [np.nan, -99.0])
def test_a_loaded_model_still_takes_missing_values(code, tmp_path):
    vae = holed_vae(small_vae, missing_values=code)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    x = np.where(np.isnan(HOLES), code, HOLES)
    for one, another in zip(vae.elbo(x, seed=0), loaded.elbo(x, seed=0), strict=True):
        np.testing.assert_array_equal(one, another)
    assert loaded.get_config()["missing_values"] == vae.get_config()["missing_values"]


def test_a_calibrated_scale_is_that_of_the_observed_values():
    layer = likelihoods.Normal([4], scale="calibrated", scale_floor=0.0)
    vae = holed_vae(likelihood=layer)
    head = layer.heads["loc"]
    head.set_weights([np.zeros_like(value) for value in head.get_weights()])
    vae.objective_terms(tf.constant(HOLES), tf.constant([0, 1]), 0, training=True)
    expected = np.sqrt(np.nanmean(HOLES**2))
    np.testing.assert_allclose(vae.decoder(np.zeros([1, 2])).stddev(), expected, rtol=1e-5)


def test_a_table_of_several_kinds_may_have_missing_values():
    parts = [
        ([2, 0], likelihoods.Normal([2], scale="calibrated")),
        ([1], likelihoods.Bernoulli([1])),
        ([3], likelihoods.Poisson([1])),
    ]
    table = np.stack([REAL[:, 0], BINARY[:, 1], REAL[:, 2], 2.0 * BINARY[:, 3]], axis=1)
    holes = np.where(np.isnan(HOLES), np.nan, table)
    vae = holed_vae(likelihood=likelihoods.Product(parts))
    vae.fit(holes, epochs=2, verbose=0)
    z = np.zeros([len(holes), 2], "float32")
    batch = vae.distributions(holes)
    observed = ~np.isnan(holes)
    expected = sum(
        np.sum(
            np.where(observed, likelihood, 0.0)[:, columns],
            axis=1,
        )
        for (columns, _), likelihood in zip(parts, _log_probs(vae, table, z), strict=True)
    )
    found = batch.likelihood_fn(z).log_prob(np.where(observed, table, 1.0).astype("float32"))
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    imputed = vae.impute(holes, sample_size=3, importance_sample_size=50, seed=0)
    assert np.isfinite(imputed.draws).all()
    assert set(imputed.draws[..., 1].ravel()) <= {0.0, 1.0}
    np.testing.assert_array_equal(imputed.mean[observed], holes.astype("float32")[observed])


def _log_probs(vae, table, z):
    """Returns what every part says of every value of the table, by SciPy."""
    normal, bernoulli, poisson = (part.distribution for part in vae.decoder(z).parts)
    every = np.zeros([3, *table.shape])
    every[0][:, [2, 0]] = scipy.stats.norm(normal.loc, normal.scale).logpdf(table[:, [2, 0]])
    every[1][:, [1]] = scipy.stats.bernoulli(bernoulli.mean()).logpmf(table[:, [1]])
    every[2][:, [3]] = scipy.stats.poisson(poisson.mean()).logpmf(table[:, [3]])
    return every


def test_wrong_data_is_still_named():
    vae = holed_vae()
    with pytest.raises(ValueError, match=r"finite numbers; got inf"):
        vae.elbo(np.where(np.isnan(HOLES), np.inf, HOLES))
    with pytest.raises(ValueError, match=r"0 or 1; got 0.5 at index \[1, 2\]"):
        eager_vae(missing_values=np.nan).elbo([[np.nan] * 4, [0, 1, 0.5, np.nan]])
    with pytest.raises(ValueError, match=r"finite numbers; got nan"):
        holed_vae(missing_values=-1.0).elbo(HOLES)
    with pytest.raises(ValueError, match=r"finite numbers; got nan.*missing_values=np.nan"):
        eager_vae(likelihoods.Normal([4])).fit(HOLES, verbose=0)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match=r"`missing_values` must be given .* to impute"):
        eager_vae(likelihoods.Normal([4])).impute(REAL)
    with pytest.raises(ValueError, match=r"`missing_values` must be None with a preprocess layer"):
        small_vae(missing_values=np.nan, preprocess=networks.StochasticBinarization())
    with pytest.raises(ValueError, match=r"`missing_values` must be a finite number; got inf"):
        small_vae(missing_values=np.inf)
    with pytest.raises(TypeError, match=r"`missing_values` must be a number; got 'NA'"):
        small_vae(missing_values="NA")
    for name in ("sample_size", "importance_sample_size"):
        with pytest.raises(ValueError, match=rf"`{name}` must be a positive int"):
            holed_vae().impute(HOLES, **{name: 0})


def test_a_likelihood_of_dependent_values_is_refused():
    class Joint(likelihoods.Normal):
        def distribution(self, loc, scale=None):
            from tensorflow_probability import distributions as tfd

            return tfd.MultivariateNormalDiag(loc, tf.ones_like(loc))

    with pytest.raises(ValueError, match=r"`missing_values` must be None unless .* got a Joint"):
        small_vae(Joint([4], scale=1.0), missing_values=np.nan)
    assert small_vae(Joint([4], scale=1.0)).elbo(REAL, seed=0).elbo.shape == [23]
