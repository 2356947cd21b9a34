"""Labels of some rows: exact densities, the objective, data of every kind, and what is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.linear_gaussian_mixture import LinearGaussianMixture
from tests.support.small_models import BINARY, vae_with
from tfp_vae import likelihoods, networks, objectives, posteriors, priors
from tfp_vae.model.inputs import Labels

Y = np.array([0, -1, 2, 1, -1] * 4 + [2, 0, -1])
KNOWN = Y >= 0


def labelled_vae(weight=3.0, **options):
    return vae_with(
        posteriors.CategoricalJoint(
            posteriors.Categorical(3), posteriors.MultivariateNormalDiag(2), networks.mlp([4])
        ),
        priors.CategoricalJoint(priors.Categorical(3)),
        classification_weight=weight,
        **options,
    )


def compiled(**options):
    vae = labelled_vae(**options)
    vae.compile("adam", jit_compile=False)
    return vae


def test_a_labelled_row_has_the_density_of_x_and_its_class():
    model = LinearGaussianMixture()
    x, y = model.draws(6), np.array([0, -1, 2, 1, -1, 0])
    terms = objectives.IWAE(3)(
        x,
        posterior=Labels(3).observed(model.posterior(x), y),
        prior=model.prior(),
        likelihood_fn=model.likelihood_fn,
        seed=0,
    )
    joint = model.log_prob_of_each(x) + np.log(model.probs)
    exact = np.where(y >= 0, joint[np.arange(6), y], model.log_prob(x))
    np.testing.assert_allclose(terms.objective, exact, rtol=1e-9)


def test_a_row_without_a_label_is_summed_over():
    vae = labelled_vae()
    plain = vae.elbo(BINARY, seed=0).elbo
    for y in (Y, np.where(KNOWN, Y, np.nan), Y.astype("int8")):
        found = vae.elbo(BINARY, seed=0, condition=y).elbo
        np.testing.assert_allclose(found[~KNOWN], plain[~KNOWN], rtol=1e-5)
        assert (found.numpy()[KNOWN] != plain.numpy()[KNOWN]).all()
    of_each = [vae.elbo(BINARY, seed=0, condition=np.full(23, c)).elbo for c in range(3)]
    chosen = np.stack(of_each, axis=1)[np.arange(23), Y]
    found = vae.elbo(BINARY, seed=0, condition=Y).elbo
    np.testing.assert_allclose(found[KNOWN], chosen[KNOWN], rtol=1e-5)


def test_the_classification_counts_with_its_weight_in_the_objective_alone():
    vae = labelled_vae(weight=5.0)
    found = vae.objective_terms(
        tf.constant(BINARY), tf.constant([0, 1]), None, False, tf.constant(Y)
    )
    probs = vae.predict_labels(BINARY)
    log_prob = np.where(KNOWN, np.log(probs[np.arange(23), Y]), 0.0)
    np.testing.assert_allclose(found.objective - found.elbo, 5.0 * log_prob, rtol=1e-4, atol=1e-5)
    elbo = vae.elbo(BINARY, seed=0, condition=Y)
    np.testing.assert_array_equal(elbo.elbo, elbo.log_likelihood - elbo.kl_divergence)


@pytest.mark.nightly
def test_labels_come_with_every_kind_of_data(tmp_path):
    def weights_after(*data, **options):
        keras.utils.set_random_seed(0)
        vae = compiled()
        vae.adapt(BINARY)
        vae.fit(*data, epochs=2, verbose=0, shuffle=False, **options)
        return vae.get_weights()

    batches = [(BINARY[:8], Y[:8]), (BINARY[8:16], Y[8:16]), (BINARY[16:], Y[16:])]
    pairs = tf.data.Dataset.from_tensor_slices((BINARY, Y)).batch(8)
    expected = weights_after(BINARY, Y, batch_size=8)
    found = weights_after(pairs)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)
    found = weights_after(iter(batches * 2), steps_per_epoch=3)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


@pytest.mark.nightly
def test_without_labels_it_is_a_model_of_clusters():
    vae = compiled()
    history = vae.fit(BINARY, validation_data=(BINARY, Y), epochs=1, verbose=0).history
    assert np.isfinite(history["val_elbo"]).all()
    with pytest.warns(UserWarning, match="In `y` no row has a label: .* a model of clusters"):
        vae.fit(BINARY, np.full(23, -1), epochs=1, verbose=0)
    with pytest.warns(UserWarning, match="In `y` all labels are 2:"):
        vae.fit(BINARY, np.where(Y == 2, 2, -1), epochs=1, verbose=0)


@pytest.mark.nightly
def test_what_reads_rows_needs_no_labels():
    vae = compiled()
    without = vae.evaluate(BINARY, verbose=0, return_dict=True)
    unlabelled = vae.evaluate(BINARY, np.full(23, np.nan), verbose=0, return_dict=True)
    assert without == unlabelled
    assert vae.evaluate(BINARY, Y, verbose=0, return_dict=True) != without
    np.testing.assert_array_equal(vae.predict_labels(BINARY), vae.cluster(BINARY))
    assert vae.predict(BINARY, verbose=0).shape == (23, 4)
    codes = vae.encode(BINARY, Y)[:, :3].argmax(axis=1)
    np.testing.assert_array_equal(codes[KNOWN], Y[KNOWN])
    assert vae.decode(vae.encode(BINARY)).shape == (23, 4)


def test_draws_are_of_the_class_asked_for():
    vae = labelled_vae()
    y = np.array([2, 0, 1, -1])
    drawn = vae.prior(y).sample(50, seed=0).numpy()
    assert drawn.shape == (50, 4, 5)
    np.testing.assert_array_equal(drawn[:, :3, :3].argmax(axis=-1), np.tile(y[:3], [50, 1]))
    assert len(np.unique(drawn[:, 3, :3].argmax(axis=-1))) == 3
    assert vae.sample(4, seed=0, condition=y).shape == (4, 4)


@pytest.mark.nightly
def test_it_is_saved_and_loaded(tmp_path):
    vae = compiled(weight=2.5)
    vae.fit(BINARY, Y, epochs=1, verbose=0)
    vae.save(tmp_path / "vae.keras")
    loaded = tfp_vae.load(tmp_path / "vae.keras")
    assert loaded.classification_weight == 2.5
    np.testing.assert_array_equal(loaded.predict_labels(BINARY), vae.predict_labels(BINARY))
    assert loaded.evaluate(BINARY, Y, verbose=0) == vae.evaluate(BINARY, Y, verbose=0)
    assert (
        "classification_weight"
        not in vae_with(posteriors.Categorical(3), priors.Categorical(3)).get_config()
    )


def test_a_label_for_each_group_names_the_groups():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 3, 300)
    centres = np.array([[-4.0, 0.0], [4.0, 0.0], [0.0, 6.0]])
    x = (centres[groups] + 0.3 * rng.normal(size=[300, 2])).astype("float32")
    y = np.full(300, -1)
    for group in range(3):
        y[np.flatnonzero(groups == group)[:2]] = group
    keras.utils.set_random_seed(0)
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([16]), posteriors.Categorical(3)),
        tfp_vae.Decoder(networks.mlp([16]), likelihoods.Normal([2])),
        prior=priors.Categorical(3),
        classification_weight=10.0,
    )
    vae.compile(keras.optimizers.Adam(0.02))
    vae.fit(x, y, epochs=40, batch_size=50, verbose=0)
    assert (vae.predict_labels(x).argmax(axis=1) == groups).mean() > 0.95


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (np.full(23, 3), ValueError, "class numbers from 0 to 2, or -1 or NaN .* got 3"),
        (np.full(23, -2), ValueError, "class numbers from 0 to 2, .* got -2"),
        (np.full(23, 0.5), ValueError, r"class numbers from 0 to 2, .* got 0\.5"),
        (np.full(23, np.inf), ValueError, "class numbers from 0 to 2, .* got inf"),
        (Y[:5], ValueError, "`y` must have one label for each of 23 rows of x; got 5"),
        (np.eye(3)[Y], ValueError, r"`y` must have shape \[N\].* got shape \[23, 3\]"),
        (np.full(23, "a"), TypeError, "`y` must"),
    ],
)
def test_wrong_labels_are_named_and_weights_stay(y, error, message):
    vae = compiled()
    before = vae.get_weights()
    with pytest.raises(error, match=message):
        vae.fit(BINARY, y, epochs=1, verbose=0)
    for one, other in zip(before, vae.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_batches_need_no_labels():
    vae = compiled()
    batches = tf.data.Dataset.from_tensor_slices(BINARY).batch(8)
    vae.fit(batches, epochs=1, verbose=0)
    np.testing.assert_allclose(
        vae.predict_labels(batches), vae.predict_labels(BINARY, batch_size=8), rtol=1e-6
    )
    pairs = tf.data.Dataset.from_tensor_slices((BINARY, Y)).batch(8)
    codes = vae.encode(pairs)[:, :3].argmax(axis=1)
    np.testing.assert_array_equal(codes[KNOWN], Y[KNOWN])
    for found in (vae.predict_labels(pairs), vae.cluster(pairs), vae.cluster(BINARY, Y)):
        np.testing.assert_allclose(found, vae.predict_labels(BINARY), rtol=1e-5)
    generator = (BINARY[start : start + 8] for start in (0, 8, 16))
    assert vae.predict_labels(generator).shape == (23, 3)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: labelled_vae(weight=-1.0), ValueError, "`classification_weight` must be"),
        (
            lambda: labelled_vae(weight="much"),
            TypeError,
            "`classification_weight` must be a number",
        ),
        (
            lambda: labelled_vae(
                condition=keras.Sequential([keras.Input([2, 3]), keras.layers.Flatten()])
            ),
            ValueError,
            r"`condition` must take a number or a vector .* got one for \[batch, 2, 3\]",
        ),
        (
            lambda: vae_with(
                posteriors.MultivariateNormalDiag(2),
                priors.StandardNormal(),
                classification_weight=1.0,
            ),
            ValueError,
            "unless the posterior has one categorical variable.* got a MultivariateNormalDiag",
        ),
        (
            lambda: vae_with(
                posteriors.Categorical(3, 2), priors.Categorical(3, 2), classification_weight=1.0
            ),
            ValueError,
            "unless the posterior has one categorical variable",
        ),
        (
            lambda: vae_with(posteriors.Categorical(3), priors.Categorical(3)).predict_labels(
                BINARY
            ),
            ValueError,
            "`vae` must be a model with labels",
        ),
    ],
)
def test_what_does_not_fit_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


GROUP = np.arange(23) % 2
BOTH = np.stack([np.where(KNOWN, Y, np.nan), GROUP], axis=1)


def conditional(weight=3.0):
    keras.utils.set_random_seed(0)
    vae = labelled_vae(weight, condition=keras.layers.CategoryEncoding(2, output_mode="one_hot"))
    vae.compile("adam", jit_compile=False)
    return vae


def test_labels_beside_a_condition_are_those_of_p_of_x_and_c_given_y():
    vae, plain = conditional(), conditional(None)
    unlabelled = np.stack([np.full(23, -1), GROUP], axis=1)
    expected = plain.elbo(BINARY, seed=0, condition=GROUP).elbo
    np.testing.assert_allclose(vae.elbo(BINARY, seed=0, condition=unlabelled).elbo, expected)
    found = vae.elbo(BINARY, seed=0, condition=BOTH).elbo.numpy()
    np.testing.assert_allclose(found[~KNOWN], expected.numpy()[~KNOWN], rtol=1e-5)
    assert (found[KNOWN] != expected.numpy()[KNOWN]).all()
    known = Labels(3).observed(plain.posterior(BINARY, condition=GROUP), np.where(KNOWN, Y, -1))
    batch = plain.distributions(BINARY, condition=GROUP)
    terms = objectives.ELBO()(
        batch.x, posterior=known, prior=batch.prior, likelihood_fn=batch.likelihood_fn, seed=3
    )
    own = vae.distributions(BINARY, condition=BOTH)
    again = objectives.ELBO()(
        own.x, posterior=own.posterior, prior=own.prior, likelihood_fn=own.likelihood_fn, seed=3
    )
    np.testing.assert_allclose(again.elbo, terms.elbo, rtol=1e-6)


@pytest.mark.nightly
def test_labels_beside_a_condition_are_trained_predicted_drawn_and_saved(tmp_path):
    vae = conditional()
    vae.fit(BINARY, BOTH, validation_data=(BINARY, BOTH), epochs=1, verbose=0)
    probs = vae.predict_labels(BINARY, BOTH)
    unlabelled = np.stack([np.full(23, -1), GROUP], axis=1)
    np.testing.assert_allclose(probs, vae.predict_labels(BINARY, unlabelled))
    np.testing.assert_allclose(probs.sum(axis=1), 1.0, rtol=1e-5)
    other = np.stack([np.full(23, -1), 1 - GROUP], axis=1)
    assert np.abs(probs - vae.predict_labels(BINARY, other)).max() > 1e-4
    pairs = tf.data.Dataset.from_tensor_slices((BINARY, BOTH)).batch(8)
    np.testing.assert_allclose(vae.predict_labels(pairs), probs, rtol=1e-5)
    codes = vae.encode(BINARY, BOTH)
    np.testing.assert_array_equal(codes[KNOWN, :3].argmax(axis=1), Y[KNOWN])
    assert vae.decode(codes, BOTH).shape == (23, 4)
    drawn = vae.prior(BOTH).sample(seed=0).numpy()
    np.testing.assert_array_equal(drawn[KNOWN, :3].argmax(axis=1), Y[KNOWN])
    assert vae.sample(2, seed=0, condition=[[2, 0], [-1, 1]]).shape == (2, 4)
    vae.save(tmp_path / "vae.keras")
    loaded = tfp_vae.load(tmp_path / "vae.keras")
    np.testing.assert_array_equal(loaded.predict_labels(BINARY, BOTH), probs)
    with pytest.warns(UserWarning, match="In `y` no row has a label"):
        vae.fit(BINARY, unlabelled, epochs=1, verbose=0)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "`y` must be given"),
        (Y, r"`y` must have shape \[batch, 2\], a label and then the condition; got shape \[23\]"),
        (np.stack([Y, GROUP + 1], axis=1), "`y` must hold whole numbers from 0 to 1, .* got 2"),
        (np.stack([Y + 2, GROUP], axis=1), "`y` must hold class numbers from 0 to 2, .* got 4"),
        (np.stack([Y, GROUP + np.nan], axis=1), "`y` must hold finite numbers"),
    ],
)
def test_wrong_labels_beside_a_condition_are_named(y, message):
    with pytest.raises(ValueError, match=message):
        conditional().fit(BINARY, y, epochs=1, verbose=0)
