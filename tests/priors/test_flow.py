"""Priors that are flows: densities by the change of variables, draws, gradients, extremes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from tensorflow_probability import distributions as tfd

import tfp_vae
from tests.support import flow_properties
from tests.support.flow_properties import FORWARD, KEY, built_prior
from tfp_vae import divergences, likelihoods, networks, posteriors, priors, stateless_random
from tfp_vae.testing import assert_mean, finite_differences, plane_grid, with_random_weights

kinds = pytest.mark.parametrize("kind", FORWARD)


@pytest.mark.usefixtures("float64")
@kinds
def test_density_is_that_of_the_change_of_variables(kind):
    flow_properties.check_density_is_that_of_the_change_of_variables(kind)


@pytest.mark.usefixtures("float64")
@kinds
def test_draws_are_noise_taken_through_the_steps(kind):
    flow_properties.check_draws_are_noise_taken_through_the_steps(kind)


@pytest.mark.usefixtures("float64")
@kinds
def test_the_density_adds_up_to_1_and_has_the_moments_of_the_draws(kind):
    """Five means: fails by chance once in 5 million runs."""
    distribution = built_prior(kind, scale=0.4).distribution()
    # Splines are the identity in the tails.
    limit, count = (8.0, 401) if kind is priors.NeuralSplineFlow else (20.0, 801)
    points, area = plane_grid(-limit, limit, count)
    mass = area * np.exp(distribution.log_prob(points))
    np.testing.assert_allclose(mass.sum(), 1.0, rtol=1e-4)
    draws = distribution.sample(20_000, seed=KEY).numpy()
    mean = mass @ points
    assert np.abs(mean).max() > 0.1
    assert_mean(draws, mean)
    second = np.einsum("n,ni,nj->ij", mass, points - mean, points - mean)
    assert abs(second[0, 1]) > 0.05
    centred = draws - mean
    assert_mean(centred[:, [0, 0, 1]] * centred[:, [0, 1, 1]], second[[0, 0, 1], [0, 1, 1]])


@pytest.mark.usefixtures("float64")
@kinds
def test_the_inverse_undoes_the_steps(kind):
    distribution = built_prior(kind, 5).distribution()
    u = np.random.default_rng(2).normal(size=[2, 3, 5])
    x = tf.identity(distribution.bijector.forward(u))
    np.testing.assert_allclose(distribution.bijector.inverse(x), u, rtol=1e-8, atol=1e-8)


@pytest.mark.usefixtures("float64")
@kinds
def test_gradients_are_those_of_finite_differences(kind):
    prior = built_prior(kind, 3, steps=2, units=(4,))
    z = tf.Variable(np.random.default_rng(3).normal(size=[2, 3]))

    @tf.function(autograph=False)
    def total():
        return tf.reduce_sum(prior.distribution().log_prob(z))

    variables = [z, *prior.trainable_variables]
    with tf.GradientTape() as tape:
        value = total()
    for variable, gradient in zip(variables, tape.gradient(value, variables), strict=True):
        expected = finite_differences(total, variable)
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-6)


@kinds
def test_at_first_the_prior_is_the_standard_normal(kind):
    prior = kind()
    prior.build([4])
    z = np.random.default_rng(4).normal(size=[5, 4]).astype("float32")
    expected = stats.norm.logpdf(z).sum(axis=-1)
    assert isinstance(prior.distribution(), tfd.TransformedDistribution)
    np.testing.assert_allclose(prior.distribution().log_prob(z), expected, rtol=1e-5)
    np.testing.assert_allclose(
        prior.distribution().sample(3, seed=KEY),
        stateless_random.normal([3, 4], KEY),
        rtol=1e-6,
        atol=1e-6,
    )


@kinds
@pytest.mark.parametrize("scale", [1.0, 30.0, 1e3])
def test_values_and_gradients_are_finite_at_extreme_weights(kind, scale):
    prior = built_prior(kind, 20, scale, steps=4, units=(8,))
    distribution = prior.distribution()
    draws = distribution.sample(10, seed=KEY)
    assert np.isfinite(draws).all()
    # An equal tensor, as a flow remembers the noise of its draws.
    for z in (tf.identity(draws), tf.fill([2, 20], 1e4), tf.fill([2, 20], -1e4)):
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = tf.reduce_sum(distribution.log_prob(z))
        assert np.isfinite(value)
        for gradient in tape.gradient(value, [z, *prior.trainable_variables]):
            assert np.isfinite(gradient).all()


@kinds
def test_eager_equals_graph_equals_xla(kind):
    prior = built_prior(kind, 4, scale=0.4)

    def draw(seed):
        z = prior.distribution().sample([2], seed=seed)
        return z, prior.distribution().log_prob(z)

    eager = draw(KEY)
    for compiled in (False, True):
        found = tf.function(draw, jit_compile=compiled, autograph=False)(KEY)
        for one, another in zip(eager, found, strict=True):
            # Under XLA the inverse error function is another polynomial.
            np.testing.assert_allclose(one, another, rtol=1e-3, atol=1e-3)


@kinds
def test_the_batch_may_be_of_unknown_size(kind):
    prior = built_prior(kind, 3, scale=0.4)
    signature = [tf.TensorSpec([None, 3])]

    @tf.function(input_signature=signature, autograph=False)
    def there_and_back(z):
        distribution = prior.distribution()
        u = distribution.bijector.inverse(z)
        return distribution.log_prob(z), distribution.bijector.forward(tf.identity(u))

    z = np.random.default_rng(5).normal(size=[4, 3]).astype("float32")
    log_prob, back = there_and_back(z)
    np.testing.assert_allclose(log_prob, prior.distribution().log_prob(z), rtol=1e-4)
    np.testing.assert_allclose(back, z, rtol=1e-4, atol=1e-5)


@pytest.mark.nightly
def test_fifty_latents_compile_in_reasonable_time():
    prior = built_prior(priors.MaskedAutoregressiveFlow, 50, 0.1, steps=4, units=(64, 64))
    draw = tf.function(
        lambda seed: prior.distribution().sample(100, seed=seed), jit_compile=True, autograph=False
    )
    text = draw.experimental_get_compiler_ir(KEY)(stage="hlo")
    # One loop for each step, rather than fifty copies of its body.
    assert text.count(" while(") == 4
    np.testing.assert_allclose(draw(KEY), prior.distribution().sample(100, seed=KEY), atol=1e-3)


@kinds
def test_a_model_is_saved_with_its_flow(kind, tmp_path):
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([5], "tanh"), posteriors.MultivariateNormalDiag(3)),
        tfp_vae.Decoder(networks.mlp([5], "tanh"), likelihoods.Bernoulli([4])),
        prior=kind(steps=3, units=[6], activation="elu"),
    )
    with_random_weights(vae.prior_layer, 0.5)
    x = np.random.default_rng(0).integers(0, 2, size=[10, 4]).astype("float32")
    vae.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
    before = vae.prior_layer.get_weights()
    vae.fit(x, verbose=0)
    assert any((b != a).any() for b, a in zip(before, vae.prior_layer.get_weights(), strict=True))
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(vae.elbo(x, seed=1).elbo, loaded.elbo(x, seed=1).elbo)
    assert divergences.exact_kl_divergence(vae.encoder(x), vae.prior()) is None
    assert "KL: Monte Carlo estimate" in vae.kl_declaration
    assert vae.sample(3, seed=0).shape == [3, 4]


@kinds
def test_nothing_is_written_to_the_log(kind, caplog):
    drawn = built_prior(kind).distribution()
    drawn.log_prob(drawn.sample(2, seed=KEY))
    assert drawn.batch_shape_tensor().numpy().tolist() == []
    assert caplog.text == ""


@kinds
def test_a_posterior_on_the_sphere_is_refused(kind):
    with pytest.raises(ValueError, match="compares two densities on the same set; got"):
        tfp_vae.VAE(
            tfp_vae.Encoder(networks.mlp([5]), posteriors.PowerSpherical(3)),
            tfp_vae.Decoder(networks.mlp([5]), likelihoods.Bernoulli([4])),
            prior=kind(),
        )


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@kinds
def test_under_a_mixed_policy_a_flow_is_of_float32(kind, policy):
    keras.config.set_dtype_policy(policy)
    prior = built_prior(kind, 3)
    z = prior.distribution().sample(2, seed=KEY)
    keras.config.set_dtype_policy("float32")
    plain = built_prior(kind, 3)
    assert z.dtype == prior.distribution().log_prob(z).dtype == "float32"
    np.testing.assert_array_equal(z, plain.distribution().sample(2, seed=KEY))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: priors.RealNVP(steps=0), ValueError, "`steps` must be a positive int"),
        (lambda: priors.MaskedAutoregressiveFlow(units=8), TypeError, "`units` must be a list"),
        (lambda: priors.RealNVP(activation="tahn"), ValueError, "tahn"),
        (lambda: priors.RealNVP().build([1]), ValueError, "RealNVP for a single latent"),
    ],
)
def test_wrong_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
