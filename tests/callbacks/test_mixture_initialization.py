"""A mixture prior that begins at the latents of a model that has begun to learn."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from sklearn.mixture import GaussianMixture
from tensorflow_probability import distributions as tfd

import tfp_vae
from tests.support.small_models import BINARY, small_vae, vae_with
from tfp_vae import callbacks, evaluation, likelihoods, networks, objectives, posteriors, priors
from tfp_vae.callbacks.one_normal import OneNormal


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


@pytest.mark.nightly
@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("stopped_after", [1, 2])
def test_training_resumes_before_and_after_it(stopped_after, joint, tmp_path):
    def fitted(folder, *stops):
        vae = _joint() if joint else _vae()
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


def _joint(continuous=None, learned=False, **options):
    keras.utils.set_random_seed(0)
    vae = vae_with(
        posteriors.CategoricalJoint(
            posteriors.Categorical(3), posteriors.MultivariateNormalDiag(2), networks.mlp([6])
        ),
        priors.CategoricalJoint(priors.Categorical(3, learned=learned), continuous),
        **options,
    )
    vae.compile("adam", run_eagerly=True)
    return vae


def _moments(vae):
    given = vae.prior().continuous_fn(tf.eye(3))
    return given.mean().numpy(), given.stddev().numpy()


@pytest.mark.nightly
@pytest.mark.parametrize("trunk", [None, [8]])
def test_a_joint_begins_at_the_mixture_of_its_latents(trunk, monkeypatch):
    fitted, initialize = [], priors.CategoricalJoint.initialize_from

    def kept(self, z, seed=0):
        initialize(self, z, seed)
        fitted.append((z, *_moments(vae), tf.nn.softmax(self.categorical.logits[0]).numpy()))

    monkeypatch.setattr(priors.CategoricalJoint, "initialize_from", kept)
    vae = _joint(priors.ConditionalNormal(trunk and networks.mlp(trunk, "tanh")), learned=True)
    own = vae.objective
    start = callbacks.MixtureInitialization(BINARY, epochs=2)
    seen = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append((repr(vae.objective), *_moments(vae)))
    )
    vae.fit(BINARY, epochs=3, batch_size=8, verbose=0, callbacks=[start, watch])
    assert vae.objective is own
    assert ["OneNormal" in name for name, *_ in seen] == [True, True, False]
    for _, loc, scale in seen[:2]:
        np.testing.assert_allclose(loc, 0.0, atol=1e-5)
        np.testing.assert_allclose(scale, 1.0, rtol=1e-5)
    ((z, loc, scale, weights),) = fitted
    found = GaussianMixture(3, covariance_type="diag", n_init=3, random_state=0).fit(
        z.astype(np.float64)
    )
    np.testing.assert_allclose(loc, found.means_, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(scale, np.sqrt(found.covariances_), rtol=1e-2)
    np.testing.assert_allclose(weights, found.weights_, rtol=1e-4)


def test_the_first_epochs_of_a_joint_are_those_of_a_plain_model():
    """The terms are those at the mean category, and q(c|x) and p(c, z) have gradients of zero."""
    vae = _joint()
    q, p = vae.posterior(BINARY), vae.prior()
    with tf.GradientTape() as tape:
        found = OneNormal(objectives.ELBO(kl_weight=0.5))(
            BINARY,
            posterior=vae.posterior(BINARY),
            prior=vae.prior(),
            likelihood_fn=vae.decoded,
            seed=3,
        )
        loss = tf.reduce_sum(found.objective)
    gradients = tape.gradient(loss, vae.trainable_variables)
    of_clusters = [*vae.encoder.posterior.categorical.weights, *vae.prior_layer.trainable_variables]
    of_clusters = {id(each) for each in of_clusters}
    for weight, gradient in zip(vae.trainable_variables, gradients, strict=True):
        assert gradient is not None
        assert np.any(gradient != 0.0) == (id(weight) not in of_clusters) or "bias" in weight.name
    mean = tf.fill([23, 3], 1.0 / 3.0)
    normal = tfd.MultivariateNormalDiag(tf.zeros([23, 2]), tf.ones([23, 2]))
    plain = objectives.ELBO(kl_weight=0.5)(
        BINARY,
        posterior=q.continuous_fn(mean),
        prior=normal,
        likelihood_fn=lambda z: vae.decoded(
            tf.concat([tf.broadcast_to(mean, [*z.shape[:-1], 3]), z], axis=-1)
        ),
        seed=3,
    )
    assert p.categorical.mean().shape == [3]
    for one, other in zip(found, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "objective",
    [
        objectives.ControlVAE(1.0),
        objectives.ELBO(gradient_estimator="score_function", baseline="learned"),
    ],
    ids=repr,
)
def test_a_joint_of_another_objective_is_saved_before_its_clusters(objective, tmp_path):
    vae = _joint(objective=objective)
    save = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: vae.save(tmp_path / f"{epoch}.keras")
    )
    start = callbacks.MixtureInitialization(BINARY, epochs=1)
    vae.fit(BINARY, epochs=2, batch_size=8, verbose=0, callbacks=[start, save])
    assert type(vae.objective) is type(objective)
    kinds = [type(tfp_vae.load(tmp_path / f"{at}.keras").objective) for at in range(2)]
    assert kinds == [OneNormal, type(objective)]


@pytest.mark.nightly
def test_a_joint_finds_groups_that_lie_apart():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 3, 300)
    centres = np.array([[-4.0, 0.0], [4.0, 0.0], [0.0, 6.0]])
    x = (centres[groups] + 0.3 * rng.normal(size=[300, 2])).astype("float32")
    keras.utils.set_random_seed(0)
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(
            networks.mlp([16]),
            posteriors.CategoricalJoint(
                posteriors.Categorical(3), posteriors.MultivariateNormalDiag(2)
            ),
        ),
        tfp_vae.Decoder(networks.mlp([16]), likelihoods.Normal([2], scale=0.5)),
        prior=priors.CategoricalJoint(priors.Categorical(3)),
    )
    vae.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    start = callbacks.MixtureInitialization(x, epochs=10)
    vae.fit(x, epochs=11, batch_size=50, verbose=0, callbacks=[start])
    assert evaluation.clustering(vae.cluster(x, verbose=0), groups).accuracy > 0.98


def test_a_joint_takes_a_condition_and_missing_values():
    vae = _joint(
        missing_values=np.nan, condition=keras.layers.CategoryEncoding(2, output_mode="one_hot")
    )
    x, y = np.where(BINARY > 0, BINARY, np.nan), np.arange(23) % 2
    x[0] = 1.0
    start = callbacks.MixtureInitialization(x, epochs=1, condition=y)
    vae.fit(x, y, epochs=2, batch_size=8, verbose=0, callbacks=[start])
    np.testing.assert_allclose(vae.cluster(x, y, verbose=0).sum(axis=1), 1.0, rtol=1e-5)


def test_too_few_epochs_are_said():
    start = callbacks.MixtureInitialization(BINARY, epochs=5)
    with pytest.warns(UserWarning, match="before the 5 epochs of MixtureInitialization"):
        _vae().fit(BINARY, epochs=1, verbose=0, callbacks=[start])
    joint = _joint()
    own = joint.objective
    with pytest.warns(UserWarning, match="before the 5 epochs of MixtureInitialization"):
        joint.fit(BINARY, epochs=1, verbose=0, callbacks=[start])
    assert joint.objective is own


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
        (
            lambda: _joint(priors.StandardNormal()),
            BINARY,
            "of one categorical variable and a ConditionalNormal.* got 1 and a StandardNormal",
        ),
        (
            lambda: _joint(classification_weight=1.0),
            BINARY,
            "`classification_weight` must be None for MixtureInitialization.* got 1",
        ),
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
