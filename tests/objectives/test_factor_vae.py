"""The ELBO less the total correlation that a discriminator estimates."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.small_models import vae_with
from tfp_vae import objectives, posteriors, priors
from tfp_vae.testing import LinearGaussian, assert_close

pytestmark = pytest.mark.usefixtures("float64")

SEED = tf.constant([1, 2])


def _vae(model, **options):
    keras.utils.set_random_seed(0)
    objective = objectives.FactorVAE(3.0, **{"units": [8], "learning_rate": 0.01, **options})
    return model.vae(0.3, 1.4, objective=objective)


def _with_a_random_discriminator(vae):
    rng = np.random.default_rng(0)
    for weight in vae.objective.state.network.weights:
        weight.assign(rng.normal(size=weight.shape))
    return vae


def test_objective_is_the_bound_less_the_weighted_log_ratio_of_its_draws():
    model = LinearGaussian.drawn(2)
    x = tf.constant(model.draws(5))
    vae = _with_a_random_discriminator(_vae(model, sample_size=2))
    with_ratio = vae.objective_terms(x, SEED, 3, training=True)
    plain = vae.terms_of(objectives.ELBO(sample_size=2), x, SEED, 3, True, None)
    assert_close(with_ratio.elbo, plain.elbo)
    drawn = []

    def likelihood_fn(z):
        drawn.append(z)
        return vae.decoder(z)

    terms = vae.objective(
        x, posterior=vae.encoder(x), prior=vae.prior(), likelihood_fn=likelihood_fn, seed=7
    )
    ratio = tf.reduce_mean(vae.objective.state(drawn[0]), axis=0)
    assert np.abs(ratio).min() > 1e-3
    assert_close(terms.objective, terms.elbo - 3.0 * ratio)


def test_the_encoder_is_led_away_from_what_the_discriminator_sees():
    model = LinearGaussian.drawn(2)
    x = tf.constant(model.draws(5))
    vae = _with_a_random_discriminator(_vae(model))

    def value_and_gradient(objective):
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(vae.terms_of(objective, x, SEED, 3, True, None).objective)
        return value, tape.gradient(value, vae.encoder.trainable_variables)

    _, with_ratio = value_and_gradient(vae.objective)
    _, plain = value_and_gradient(objectives.ELBO())
    assert max(np.abs(a - b).max() for a, b in zip(with_ratio, plain, strict=True)) > 1e-3


def test_before_any_training_it_is_the_bound():
    model = LinearGaussian.drawn(2)
    x = tf.constant(model.draws(5))
    vae = _vae(model)
    terms = vae.objective_terms(x, SEED, 3, training=True)
    assert_close(terms.objective, terms.elbo)
    terms = objectives.FactorVAE(3.0)(
        x, posterior=vae.encoder(x), prior=vae.prior(), likelihood_fn=vae.decoder, seed=7
    )
    assert_close(terms.objective, terms.elbo)


def test_training_changes_the_discriminator_by_its_own_optimizer():
    model = LinearGaussian.drawn(2)
    vae = _vae(model)
    trainable = len(vae.trainable_variables)
    assert trainable == len(model.vae(0.3, 1.4).trainable_variables)
    before = [weight.numpy() for weight in vae.objective.state.network.weights]
    # With no step of the model's own optimizer.
    vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    vae.fit(model.draws(20), epochs=2, batch_size=5, verbose=0)
    after = vae.objective.state.network.weights
    assert all(np.abs(a - b).max() > 1e-4 for a, b in zip(after, before, strict=True))
    evaluated = [weight.numpy() for weight in after]
    vae.evaluate(model.draws(20), verbose=0)
    for one, another in zip(after, evaluated, strict=True):
        np.testing.assert_array_equal(one, another)


def test_a_skipped_step_leaves_the_discriminator():
    model = LinearGaussian.drawn(2)
    vae = _vae(model)
    vae.compile("sgd", run_eagerly=True, on_nonfinite="skip")
    x = model.draws(4)
    vae.train_on_batch(x)
    before = [variable.numpy() for variable in vae.objective.state.variables]
    x[0] = 1e149  # whose gradient is finite, but not its square
    vae.trainer.train_step(tf.constant(x))
    assert int(vae.skipped_steps.result()) == 1
    for variable, value in zip(vae.objective.state.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_a_saved_model_goes_on_with_its_discriminator(tmp_path):
    model = LinearGaussian.drawn(2)
    vae = _vae(model)
    vae.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
    x = model.draws(20)
    vae.fit(x, epochs=2, batch_size=10, verbose=0)
    vae.save(tmp_path / "vae.keras")
    loaded = tfp_vae.load(tmp_path / "vae.keras")
    for each in (vae, loaded):
        keras.utils.set_random_seed(1)
        each.fit(x, epochs=1, batch_size=10, verbose=0)
    for one, another in zip(vae.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, another)


@pytest.mark.nightly
def test_training_lowers_the_correlation_of_the_latents():
    """Correlated columns, each decoded from one latent: the bound leaves the latents correlated."""
    model = LinearGaussian(2.0 * np.eye(2), np.zeros(2), 0.5)
    x = np.random.default_rng(0).multivariate_normal(np.zeros(2), [[4.0, 3.2], [3.2, 4.0]], 400)
    found = {}
    for weight in (0.0, 30.0):
        keras.utils.set_random_seed(0)
        objective = objectives.FactorVAE(weight, units=[32, 32], learning_rate=0.01)
        vae = model.vae(0.3, 1.4, objective=objective)
        vae.decoder.trainable = False
        vae.compile(keras.optimizers.Adam(0.01), jit_compile=False)
        vae.fit(x, epochs=20, batch_size=100, verbose=0)
        found[weight] = abs(np.corrcoef(vae.encode(x), rowvar=False)[0, 1])
    assert found[30.0] < 0.5 * found[0.0]


def test_categories_are_refused():
    vae = vae_with(posteriors.Categorical(3), priors.Categorical(3))
    with pytest.raises(ValueError, match="`posterior` must be reparameterized"):
        vae.objective = objectives.FactorVAE()
    assert isinstance(vae.objective, objectives.ELBO)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"total_correlation_weight": -1.0}, ValueError),
        ({"total_correlation_weight": "10"}, TypeError),
        ({"units": [0]}, ValueError),
        ({"learning_rate": 0.0}, ValueError),
        ({"sample_size": 0}, ValueError),
    ],
)
def test_wrong_arguments_are_named(arguments, error):
    with pytest.raises(error, match=f"`{next(iter(arguments))}`"):
        objectives.FactorVAE(**arguments)
