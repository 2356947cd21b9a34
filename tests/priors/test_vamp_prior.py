"""The VampPrior: its density, and pseudo-inputs in training and saving."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special

import tfp_vae
from tests.support.mutations import assert_killed
from tests.support.small_models import BINARY, REAL, vae_with
from tfp_vae import distributions, likelihoods, posteriors, priors
from tfp_vae.testing import assert_mean

COUNT = 4000


KEY = tf.constant([3, 4])


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("kind", [posteriors.MultivariateNormalTriL, posteriors.PowerSpherical])
def test_a_vamp_prior_is_the_mixture_of_the_posteriors_at_its_rows(kind):
    vae = vae_with(kind(2), priors.VampPrior(3))
    vae.prior_layer.initialize_from(BINARY, seed=1)
    rows = vae.prior_layer.rows.numpy()
    z = np.random.default_rng(0).normal(size=[6, 2])
    z /= np.linalg.norm(z, axis=-1, keepdims=True)
    each = np.stack([vae.encoder(row[None]).log_prob(z).numpy() for row in rows])
    expected = special.logsumexp(each, axis=0) - np.log(3)
    np.testing.assert_allclose(vae.prior().log_prob(z), expected)
    draws = vae.prior().sample(COUNT, seed=KEY)
    assert_mean(draws, vae.encoder(rows).mean().numpy().mean(axis=0))


def test_a_vamp_prior_holds_its_rows_alone():
    vae, plain = (
        vae_with(posteriors.MultivariateNormalDiag(2), prior)
        for prior in (priors.VampPrior(3), priors.StandardNormal())
    )
    assert [weight.name for weight in vae.prior_layer.weights] == ["rows", "lower", "upper", "seen"]
    assert len(vae.weights) == len(plain.weights) + 4
    assert len({id(weight) for weight in vae.weights}) == len(vae.weights)


def test_pseudo_inputs_are_rows_of_data_in_their_range():
    prior = priors.VampPrior(5)
    vae_with(posteriors.MultivariateNormalDiag(2), prior, likelihoods.Normal([4]))
    assert np.isfinite(prior.rows.numpy()).all()
    prior.initialize_from(REAL, seed=3)
    rows = prior.rows.numpy()
    assert {tuple(row) for row in rows} <= {tuple(row) for row in REAL}
    assert len({tuple(row) for row in rows}) == 5
    np.testing.assert_array_equal(prior.lower, REAL.min(axis=0))
    np.testing.assert_array_equal(prior.upper, REAL.max(axis=0))
    before = rows.copy()
    prior.initialize_from(REAL, seed=3)
    np.testing.assert_array_equal(prior.rows, before)


def test_training_moves_pseudo_inputs_within_the_range_of_the_data(tmp_path):
    vae = vae_with(posteriors.MultivariateNormalDiag(2), priors.VampPrior(4))
    start = vae.prior_layer.rows.numpy()
    assert 0.0 <= start.min() < start.max() <= 1.0
    vae.prior_layer.initialize_from(BINARY)
    start = vae.prior_layer.rows.numpy()
    vae.compile(keras.optimizers.SGD(1.0), run_eagerly=True)
    vae.fit(BINARY, epochs=3, batch_size=8, verbose=0)
    rows = vae.prior_layer.rows.numpy()
    assert 0.0 <= rows.min() < rows.max() <= 1.0
    assert np.mean(rows != start) > 0.2
    assert np.mean((rows > 0.0) & (rows < 1.0)) > 0.1
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(loaded.prior_layer.rows, rows)
    logs = []
    for model in (vae, loaded):
        keras.utils.set_random_seed(5)
        logs.append(model.fit(BINARY, verbose=0).history)
    assert logs[0] == logs[1]


def _with_holes(x):
    return np.where(np.random.default_rng(2).random(x.shape) < 0.3, np.nan, x)


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (REAL, {}),
        (tf.data.Dataset.from_tensor_slices(REAL).batch(3), {}),
        (_with_holes(REAL), {"missing_values": np.nan}),
        (REAL, {"preprocess": keras.layers.Rescaling(1.0)}),
    ],
)
def test_pseudo_inputs_begin_at_the_first_data_that_fit_sees(data, options, tmp_path):
    vae = vae_with(
        posteriors.MultivariateNormalDiag(2),
        priors.VampPrior(5),
        likelihoods.Normal([4]),
        **options,
    )
    vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    vae.fit(data, verbose=0)
    rows = vae.prior_layer.rows.numpy()
    assert len({tuple(row) for row in rows}) == 5
    seen = np.nan_to_num(data) if isinstance(data, np.ndarray) else REAL
    assert {tuple(row) for row in rows} <= {tuple(row) for row in seen.astype("float32")}
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    loaded.fit(REAL[::-1] + 1.0, verbose=0)
    np.testing.assert_array_equal(loaded.prior_layer.rows, rows)


def test_pseudo_inputs_that_a_user_chose_stay():
    vae = vae_with(posteriors.MultivariateNormalDiag(2), priors.VampPrior(2))
    vae.prior_layer.initialize_from(BINARY[:2])
    rows = vae.prior_layer.rows.numpy()
    vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    vae.fit(1.0 - BINARY, verbose=0)
    np.testing.assert_array_equal(vae.prior_layer.rows, rows)


def test_data_of_fewer_rows_than_pseudo_inputs_leaves_the_others_random():
    vae = vae_with(posteriors.MultivariateNormalDiag(2), priors.VampPrior(4))
    vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    vae.fit(BINARY[:2], verbose=0)
    rows = {tuple(row) for row in vae.prior_layer.rows.numpy()}
    assert len(rows) == 4
    assert {tuple(row) for row in BINARY[:2]} < rows


@pytest.mark.usefixtures("float64")
def test_the_kl_to_a_vamp_prior_reaches_encoder_and_pseudo_inputs():
    """Central differences in float64, with the draws held where they are."""
    vae = vae_with(posteriors.MultivariateNormalTriL(2), priors.VampPrior(3))
    z = tf.constant(np.random.default_rng(0).normal(size=[7, 2]))
    weights = [vae.prior_layer.rows, *vae.encoder.trainable_variables]
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(vae.prior().log_prob(z))
    slopes = tape.gradient(value, [weight.value for weight in weights])
    for weight, slope in zip(weights, slopes, strict=True):
        start = weight.numpy()
        direction = np.random.default_rng(1).normal(size=start.shape)
        values = []
        for step in (1e-5, -1e-5):
            weight.value.assign(start + step * direction)
            values.append(float(tf.reduce_sum(vae.prior().log_prob(z))))
        weight.value.assign(start)
        difference = (values[0] - values[1]) / 2e-5
        np.testing.assert_allclose(np.sum(slope * direction), difference, rtol=1e-6, atol=1e-8)
        assert np.abs(slope).max() > 0.0


def test_in_a_model_with_a_condition_it_learns_features_beside_the_pseudo_inputs():
    one_hot = keras.layers.CategoryEncoding(3, output_mode="one_hot")
    vae = vae_with(posteriors.MultivariateNormalDiag(2), priors.VampPrior(3), condition=one_hot)
    prior = vae.prior_layer
    assert tuple(prior.features.shape) == (3, int(one_hot.num_tokens))
    z = vae.prior().sample(5, seed=0)
    inputs = np.concatenate([prior.rows.numpy(), prior.features.numpy()], axis=1)
    each = vae.encoder(inputs).log_prob(z[:, None])
    expected = tf.reduce_logsumexp(each, axis=1) - np.log(3.0)
    np.testing.assert_allclose(vae.prior().log_prob(z), expected, rtol=1e-5)
    vae.compile("adam", run_eagerly=True)
    before = prior.features.numpy().copy()
    # Three steps: the heads of decoder and encoder begin at zero.
    vae.fit(BINARY, np.arange(len(BINARY)) % 3, epochs=3, verbose=0)
    assert (prior.features.numpy() != before).any()


def test_a_vamp_prior_where_it_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match=r"for several layers of latents.*got a VampPrior"):
        tfp_vae.HierarchicalVAE.from_mlps(
            likelihoods.Bernoulli([4]), [3, 2], [[4], [4]], prior=priors.VampPrior(3)
        )


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (BINARY[:2], "`x` must hold at least as many rows as there are pseudo-inputs, 3; got 2"),
        (BINARY[:, :3], r"`x` must have shape \[batch, 4\]"),
        (BINARY + 0.5, "`x` must hold only values that are 0 or 1"),
    ],
)
def test_wrong_rows_for_pseudo_inputs_are_named(x, message):
    prior = priors.VampPrior(3)
    vae_with(posteriors.MultivariateNormalDiag(2), prior)
    with pytest.raises(ValueError, match=message):
        prior.initialize_from(x)


def test_a_vamp_prior_without_a_model_says_what_it_lacks():
    for use in (
        lambda prior: prior.build([2]),
        lambda prior: prior.distribution(),
        lambda prior: prior.initialize_from(BINARY),
    ):
        with pytest.raises(ValueError, match="must belong to a model"):
            use(priors.VampPrior(3))


CHECKS = {
    "vamp": lambda: test_a_vamp_prior_is_the_mixture_of_the_posteriors_at_its_rows(
        posteriors.MultivariateNormalTriL
    ),
}


MUTATIONS = {
    "pseudo-inputs not encoded": (
        "vamp",
        priors.VampPrior,
        "distribution",
        lambda self: distributions.MultivariateNormalDiag(
            tf.zeros(self.event_shape, self.variable_dtype),
            tf.ones(self.event_shape, self.variable_dtype),
        ),
    ),
}


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_its_check(name):
    check, *change = MUTATIONS[name]
    assert_killed([change], {check: CHECKS[check]})
