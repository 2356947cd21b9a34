"""Models with categorical latents: trained, saved, asked, and what they refuse."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

import tfp_vae
from tests.support.small_models import BINARY, vae_with
from tfp_vae import callbacks, evaluation, likelihoods, networks, objectives, posteriors, priors


def _joint(trunk=None, categories=3, latent_variables=1):
    return posteriors.CategoricalJoint(
        posteriors.Categorical(categories, latent_variables),
        posteriors.MultivariateNormalDiag(2),
        trunk,
    )


def _prior(continuous=None, **options):
    return priors.CategoricalJoint(priors.Categorical(3, **options), continuous)


MODELS = {
    "categories": lambda **options: vae_with(
        posteriors.Categorical(3), priors.Categorical(3), **options
    ),
    "two variables": lambda **options: vae_with(
        posteriors.Categorical(3, latent_variables=2),
        priors.Categorical(3, latent_variables=2, learned=True),
        **options,
    ),
    "joint": lambda **options: vae_with(_joint(), _prior(), **options),
    "joint of networks": lambda **options: vae_with(
        _joint(networks.mlp([4])),
        _prior(priors.ConditionalNormal(networks.mlp([4])), learned=True),
        **options,
    ),
    "clusters alone": lambda **options: vae_with(
        _joint(), _prior(priors.StandardNormal()), **options
    ),
    "a mixture for each": lambda **options: vae_with(
        _joint(), _prior(priors.MixtureOfGaussians(2)), **options
    ),
}


@pytest.mark.parametrize(
    "name",
    [
        "two variables",
        "joint of networks",
        *(
            pytest.param(name, marks=pytest.mark.nightly)
            for name in ("categories", "joint", "clusters alone", "a mixture for each")
        ),
    ],
)
def test_a_model_is_trained_saved_and_asked(name, tmp_path):
    vae = MODELS[name]()
    vae.compile("adam", jit_compile=False)
    before = vae.get_weights()
    history = vae.fit(BINARY, epochs=2, batch_size=8, verbose=0).history
    assert np.isfinite(history["elbo"]).all()
    assert set(vae.evaluate(BINARY, verbose=0, return_dict=True)) == set(history)
    frozen = {id(each) for each in vae.non_trainable_variables}
    for variable, value in zip(vae.weights, before, strict=True):
        if id(variable) not in frozen and variable.name != "bias":
            assert not np.array_equal(variable, value), variable.path
    vae.save(tmp_path / "vae.keras")
    loaded = tfp_vae.load(tmp_path / "vae.keras")
    terms, again = vae.elbo(BINARY, seed=0), loaded.elbo(BINARY, seed=0)
    np.testing.assert_array_equal(terms.elbo, again.elbo)
    size = vae.latent_size
    assert vae.encode(BINARY).shape == vae.encode(BINARY, seed=1).shape == (23, size)
    assert vae.predict(BINARY, verbose=0).shape == (23, 4)
    assert vae.sample(5, seed=0).shape == (5, 4)
    probs = vae.cluster(BINARY)
    np.testing.assert_allclose(probs.sum(axis=1), 1.0, rtol=1e-5)
    categories = vae.encode(BINARY)[:, : probs.shape[1]]
    if name != "two variables":
        np.testing.assert_array_equal(categories.argmax(axis=1), probs.argmax(axis=1))


def test_log_p_of_x_of_categories_alone_is_the_sum():
    vae = MODELS["two variables"]()
    c = vae.prior().support()
    joint = vae.decoder(c[:, None]).log_prob(BINARY) + vae.prior().log_prob(c)[:, None]
    exact = tf.reduce_logsumexp(joint, axis=0).numpy()
    bound = evaluation.elbo(vae, BINARY)
    assert bound.elbo < exact.mean()
    found = evaluation.log_marginal_likelihood(vae, BINARY, importance_sample_size=5000, seed=0)
    np.testing.assert_allclose(found.estimate, exact, atol=0.1)


def test_the_bound_rises_to_log_p_of_x_at_the_exact_categories():
    vae = MODELS["categories"]()
    c = vae.prior().support()
    joint = vae.decoder(c[:, None]).log_prob(BINARY) + vae.prior().log_prob(c)[:, None]
    exact = tf.reduce_logsumexp(joint, axis=0)
    q = tfp_vae.distributions.OneHotCategorical(tf.transpose(joint)[:, None])
    batch = vae.distributions(BINARY)
    terms = objectives.ELBO()(
        batch.x, posterior=q, prior=batch.prior, likelihood_fn=batch.likelihood_fn, seed=0
    )
    np.testing.assert_allclose(terms.elbo, exact, rtol=1e-5)


def test_a_condition_and_missing_values_go_with_categories():
    x = np.where(np.random.default_rng(2).random(BINARY.shape) < 0.3, np.nan, BINARY)
    vae = vae_with(
        _joint(),
        _prior(),
        likelihoods.Normal([4]),
        condition=keras.layers.CategoryEncoding(2, output_mode="one_hot"),
        missing_values=np.nan,
    )
    vae.compile("adam", jit_compile=False)
    y = np.arange(23) % 2
    vae.fit(x, y, epochs=1, verbose=0)
    assert vae.cluster(x, y).shape == (23, 3)
    draws = vae.impute(x, condition=y, sample_size=3, seed=0).draws
    seen = ~np.isnan(x)
    np.testing.assert_array_equal(draws[:, seen], np.broadcast_to(x[seen], (3, seen.sum())))


def test_xla_and_eager_give_the_same_terms():
    vae = MODELS["joint of networks"]()
    compiled = tf.function(lambda x: vae.elbo(x, seed=3).elbo, jit_compile=True)
    np.testing.assert_allclose(
        compiled(tf.constant(BINARY)), vae.elbo(BINARY, seed=3).elbo, rtol=1e-5
    )


def test_a_batch_does_not_change_a_row():
    vae = MODELS["joint"]()
    whole = vae.cluster(BINARY, batch_size=23)
    np.testing.assert_allclose(vae.cluster(BINARY, batch_size=5), whole, rtol=1e-5)


def test_summary_says_that_the_kl_is_exact():
    assert MODELS["joint"]().kl_declaration == "KL: exact"
    assert "Monte Carlo" in MODELS["a mixture for each"]().kl_declaration


def test_categories_divide_rows_that_fall_in_groups():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 3, 300)
    centres = np.array([[-4.0, 0.0], [4.0, 0.0], [0.0, 6.0]])
    x = (centres[groups] + 0.3 * rng.normal(size=[300, 2])).astype("float32")
    keras.utils.set_random_seed(2)
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([16]), posteriors.Categorical(3)),
        tfp_vae.Decoder(networks.mlp([]), likelihoods.Normal([2])),
        prior=priors.Categorical(3, learned=True),
    )
    vae.compile(keras.optimizers.Adam(0.02))
    vae.fit(x, epochs=60, batch_size=50, verbose=0)
    assert evaluation.clustering(vae.cluster(x), groups).accuracy > 0.99


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: posteriors.Categorical(1), ValueError, "`categories` must be at least 2; got 1"),
        (
            lambda: posteriors.Categorical(2.0),
            TypeError,
            "`categories` must be a positive int; got 2.0",
        ),
        (
            lambda: vae_with(
                posteriors.Categorical(10, latent_variables=6),
                priors.Categorical(10, latent_variables=6),
            ),
            ValueError,
            r"at most 10,000 .* got 10 \*\* 6\. Draw them by .*RelaxedOneHotCategorical",
        ),
        (
            lambda: posteriors.Categorical(2, latent_variables=10**9),
            ValueError,
            r"`categories \* latent_variables` must be at most 1,000,000, .* got 2 \* 1000000000",
        ),
        (lambda: priors.Categorical(1), ValueError, "`categories` must be at least 2; got 1"),
        (lambda: priors.Categorical(3, learned=1), TypeError, "`learned` must be"),
        (
            lambda: posteriors.CategoricalJoint(3, posteriors.MultivariateNormalDiag(2)),
            TypeError,
            "`categorical` must be",
        ),
        (
            lambda: posteriors.CategoricalJoint(posteriors.Categorical(3), _joint()),
            ValueError,
            "`continuous` must be a posterior of continuous latents; got a CategoricalJoint",
        ),
        (
            lambda: vae_with(_joint(keras.layers.Conv2D(3, 3)), _prior()),
            ValueError,
            r"`trunk` must take the encoder's features beside the one-hot vectors, \[batch, 8\]",
        ),
        (
            lambda: priors.CategoricalJoint(priors.Categorical(3), priors.VampPrior(2)),
            ValueError,
            "`continuous` must be a prior of continuous latents without an encoder",
        ),
        (
            lambda: vae_with(_joint(categories=4), _prior()),
            ValueError,
            "`prior` must be a distribution over the latents of CategoricalJoint",
        ),
        (
            lambda: vae_with(posteriors.Categorical(3), priors.VampPrior(2)),
            ValueError,
            "with probabilities of its own, .* got VampPrior",
        ),
        (
            lambda: vae_with(_joint(), _prior(), objective=objectives.InfoVAE(1.0)),
            ValueError,
            "`objective` must be one of single rows",
        ),
        (
            lambda: priors.CategoricalJoint(priors.Categorical(3)).build([3]),
            ValueError,
            r"`prior` must have latents beside the 3 of its one-hot vectors; got event shape \[3\]",
        ),
        (
            lambda: priors.Categorical(3).build([4]),
            ValueError,
            "1 variables of 3 categories are 3 latents",
        ),
    ],
)
def test_what_does_not_fit_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_ais_is_refused_for_categories():
    with pytest.raises(ValueError, match='`method` must be "importance_sampling"'):
        evaluation.log_marginal_likelihood(MODELS["joint"](), BINARY[:2], method="ais", seed=0)


def test_a_standard_deviation_and_the_watch_for_collapse_go_with_categories():
    vae = MODELS["joint"]()
    point, stddev = vae.encode(BINARY, return_stddev=True)
    assert point.shape == stddev.shape == (23, 5)
    np.testing.assert_allclose(stddev, vae.posterior(BINARY).stddev(), rtol=1e-4, atol=1e-6)
    vae.compile("adam", jit_compile=False)
    watch = callbacks.PosteriorCollapseWarning(BINARY, every=1)
    vae.fit(BINARY, epochs=1, verbose=0, callbacks=[watch])


@pytest.mark.nightly
def test_checkpoints_resume_a_model_of_categories(tmp_path):
    keras.utils.set_random_seed(0)

    def trained(folder, epochs):
        keras.utils.set_random_seed(0)
        vae = MODELS["joint"]()
        vae.compile("adam", jit_compile=False)
        for stop in epochs:
            vae.fit(
                BINARY, epochs=stop, batch_size=8, verbose=0,
                callbacks=[callbacks.Checkpoint(tmp_path / folder)],
            )  # fmt: skip
        return vae.get_weights()

    for whole, resumed in zip(trained("a", [4]), trained("b", [2, 4]), strict=True):
        np.testing.assert_array_equal(whole, resumed)


def test_a_regression_sets_the_head_as_scikit_learns():
    """With one class for each row it is logistic regression of the same penalty."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=[60, 4]) * [1.0, 10.0, 0.1, 0.0] + 5.0
    classes = np.digitize(features[:, 0] + rng.normal(size=60), [4.5, 5.5])
    layer = posteriors.Categorical(3)
    layer.build([None, 4])
    layer.initialize_from(features, np.eye(3)[classes])
    seen = (features - features.mean(axis=0)) / [*features.std(axis=0)[:3], 1.0]
    own = LogisticRegression(C=1.0 / (1e-3 * 60), max_iter=2000, tol=1e-8).fit(seen, classes)
    found = layer(features.astype("float32")).mean()
    np.testing.assert_allclose(found, own.predict_proba(seen), atol=1e-3)
    with pytest.raises(ValueError, match="must have one variable to follow probabilities; got 2"):
        posteriors.Categorical(3, 2).initialize_from(features, np.eye(3)[classes])
