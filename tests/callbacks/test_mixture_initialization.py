"""A mixture prior that begins at the latents of a model that has begun to learn."""

import contextlib

import keras
import numpy as np
import pytest
from scipy import stats
from sklearn.mixture import GaussianMixture

import tfp_vae
from tests.support.small_models import BINARY, small_vae
from tfp_vae import callbacks, priors


def _vae():
    keras.utils.set_random_seed(0)
    vae = small_vae(prior=priors.MixtureOfGaussians(3))
    vae.compile("adam", run_eagerly=True)
    return vae


class _Locations(keras.callbacks.Callback):
    """Keeps the locations of the components after every epoch."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(self.model.prior_layer.loc.numpy())


def test_the_mixture_is_one_normal_and_then_that_of_scikit_learn(monkeypatch):
    fitted = []
    initialize = priors.MixtureOfGaussians.initialize_from

    def kept(self, z, seed=0):
        initialize(self, z, seed)
        found = self.distribution()
        fitted.append((z, found.components_distribution.mean(), found.log_prob(z)))

    monkeypatch.setattr(priors.MixtureOfGaussians, "initialize_from", kept)
    vae, locations = _vae(), _Locations()
    start = callbacks.MixtureInitialization(BINARY, epochs=2)
    vae.fit(BINARY, epochs=3, batch_size=8, verbose=0, callbacks=[locations, start])
    one_normal, still, mixture = locations.seen
    for each in (one_normal, still):
        np.testing.assert_allclose(each, np.broadcast_to(each[:1], each.shape), atol=1e-6)
    assert len(np.unique(mixture[:, 0])) == 3
    ((z, means, log_prob),) = fitted
    own = GaussianMixture(3, covariance_type="diag", n_init=3, random_state=0).fit(
        z.astype(np.float64)
    )
    np.testing.assert_allclose(means, own.means_, rtol=1e-5)
    np.testing.assert_allclose(log_prob, own.score_samples(z.astype(np.float64)), rtol=1e-3)


def test_a_further_fit_leaves_the_mixture():
    vae = _vae()
    start = callbacks.MixtureInitialization(BINARY, epochs=1)
    vae.fit(BINARY, epochs=1, batch_size=8, verbose=0, callbacks=[start])
    before = vae.prior_layer.loc.numpy()
    vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    vae.fit(BINARY, epochs=2, batch_size=8, verbose=0, callbacks=[start])
    np.testing.assert_array_equal(vae.prior_layer.loc.numpy(), before)


@pytest.mark.parametrize("stopped_after", [1, 2])
def test_training_resumes_before_and_after_it(stopped_after, tmp_path):
    def fitted(folder, *stops):
        vae = _vae()
        for stop in stops:
            vae.fit(
                BINARY, epochs=stop, batch_size=8, verbose=0,
                callbacks=[
                    callbacks.MixtureInitialization(BINARY, epochs=2),
                    callbacks.Checkpoint(tmp_path / folder),
                ],
            )  # fmt: skip
        return vae.get_weights()

    with (
        pytest.warns(UserWarning, match="before the 2 epochs")
        if stopped_after < 2
        else contextlib.nullcontext()
    ):
        resumed = fitted("resumed", stopped_after, 3)
    for whole, again in zip(fitted("whole", 3), resumed, strict=True):
        np.testing.assert_array_equal(whole, again)


def test_too_few_epochs_are_said():
    start = callbacks.MixtureInitialization(BINARY, epochs=5)
    with pytest.warns(UserWarning, match="before the 5 epochs of MixtureInitialization"):
        _vae().fit(BINARY, epochs=1, verbose=0, callbacks=[start])


def test_of_many_rows_a_part_is_used():
    rows = np.zeros([25_000, 4], "float32")
    assert len(callbacks.MixtureInitialization(rows).rows) == 8334


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"x": []}, ValueError, "`x` must hold at least one row"),
        ({"epochs": 0}, ValueError, "`epochs` must be a positive int"),
        ({"seed": "one"}, TypeError, "`seed` must be"),
        ({"seed": -1}, ValueError, "`seed` must be an int of at least 0"),
        ({"condition": 3}, ValueError, "`condition` must have one row for each of 23 rows"),
        ({"condition": [1, 2]}, ValueError, "`condition` must have one row for each of 23 rows"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        callbacks.MixtureInitialization(**{"x": BINARY, **arguments})


@pytest.mark.parametrize(
    ("vae", "rows", "message"),
    [
        (small_vae, BINARY, "`prior` must be a priors.MixtureOfGaussians .* got a StandardNormal"),
        (_vae, BINARY[:, :3], "`x` must have shape"),
        (_vae, BINARY[:2], "at least as many rows as there are components, 3; got 2"),
    ],
)
def test_a_model_that_it_does_not_fit_is_refused(vae, rows, message):
    vae = vae()
    vae.compile("adam", run_eagerly=True)
    before = vae.prior_layer.get_weights()
    with pytest.raises(ValueError, match=message):
        vae.fit(BINARY, verbose=0, callbacks=[callbacks.MixtureInitialization(rows)])
    for one, other in zip(before, vae.prior_layer.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_one_normal_is_the_standard_normal():
    prior = priors.MixtureOfGaussians(4)
    prior.build([3])
    prior.set_standard_normal()
    z = np.random.default_rng(0).normal(size=[5, 3])
    np.testing.assert_allclose(
        prior.distribution().log_prob(z), stats.norm.logpdf(z).sum(axis=1), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("z", "error", "message"),
    [
        (np.zeros([5, 3]), ValueError, "`z` must have shape"),
        (np.zeros([1, 2]), ValueError, "at least as many rows as there are components, 3; got 1"),
        (np.full([5, 2], np.nan), ValueError, "`z` must hold finite numbers"),
        ("latents", TypeError, "`z` must"),
    ],
)
def test_wrong_latents_are_named(z, error, message):
    prior = _vae().prior_layer
    before = prior.loc.numpy()
    with pytest.raises(error, match=message):
        prior.initialize_from(z)
    np.testing.assert_array_equal(prior.loc.numpy(), before)


def test_a_prior_without_a_model_is_refused():
    with pytest.raises(ValueError, match="must belong to a model"):
        tfp_vae.priors.MixtureOfGaussians(3).initialize_from(np.zeros([5, 2]))
