"""The planar and the radial flow posterior: densities, draws, moments, gradients, extremes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

import tfp_vae
from tests.support import flow_properties
from tests.support.flow_properties import FEATURES, KEY, STEPS, built_steps
from tests.support.small_models import BINARY, vae_with
from tfp_vae import distributions, divergences, objectives, priors
from tfp_vae.testing import (
    assert_mean,
    finite_differences,
    plane_grid,
    with_random_weights,
)

kinds = pytest.mark.parametrize("kind", STEPS)


@pytest.mark.usefixtures("float64")
@kinds
@pytest.mark.parametrize(("latent_size", "steps"), [(1, 1), (2, 3), (4, 2)])
def test_draws_and_densities_are_those_of_the_paper(kind, latent_size, steps):
    flow_properties.check_steps_are_those_of_the_paper(kind, latent_size, steps)


@pytest.mark.usefixtures("float64")
@kinds
def test_the_density_adds_up_to_1_and_has_the_moments_of_the_draws(kind):
    """Seven means of draws: fails by chance once in 3 million runs, were the seed not fixed."""
    q = built_steps(kind, scale=1.5, seed=5, scale_floor=0.5)(FEATURES[:1])
    points, area = plane_grid(-12.0, 12.0, 601)
    mass = area * np.exp(q.log_prob(points[:, None]).numpy()[:, 0])
    np.testing.assert_allclose(mass.sum(), 1.0, rtol=1e-3)
    draws = q.sample(20_000, seed=KEY).numpy()[:, 0]
    mean = mass @ points
    assert_mean(draws, mean, rounding=1e-3)
    centred = draws - mean
    second = np.einsum("n,ni,nj->ij", mass, points - mean, points - mean)
    found = centred[:, [0, 0, 1]] * centred[:, [0, 1, 1]]
    assert_mean(found, second[[0, 0, 1], [0, 1, 1]], rounding=1e-3)
    # The moments of the distribution are those of draws of its own.
    stddev = np.sqrt(np.diag(second))
    assert (np.abs(q.mean()[0] - mean) < 5.5 * stddev / np.sqrt(q.moment_draws)).all()
    kurtosis = mass @ (points - mean) ** 4 / stddev**4
    error = np.sqrt((kurtosis - 1.0) / (q.moment_draws / 2))
    assert (np.abs(q.variance()[0] / stddev**2 - 1.0) < 5.5 * error).all()


@pytest.mark.usefixtures("float64")
@kinds
def test_parameters_of_zero_are_the_normal_itself(kind):
    posterior = built_steps(kind, 3, scale_floor=0.0)
    posterior.zero_heads(posterior.parameter_names)
    q = posterior(FEATURES)
    z = np.random.default_rng(2).normal(size=[5, 3, 3])
    np.testing.assert_allclose(
        q.log_prob(z), stats.norm(0.0, np.log(2.0)).logpdf(z).sum(axis=-1), rtol=1e-12
    )
    np.testing.assert_allclose(q.mean(), 0.0, atol=1e-12)
    with tf.GradientTape() as tape:
        elbo = tf.reduce_sum(posterior(FEATURES).log_prob(z))
    for gradient in tape.gradient(elbo, posterior.trainable_variables):
        assert np.isfinite(gradient).all()


@pytest.mark.usefixtures("float64")
@kinds
def test_the_batch_of_draws_components_and_slices(kind):
    posterior = built_steps(kind)
    q = posterior(FEATURES)
    assert isinstance(q, getattr(distributions, kind.__name__))
    assert (q.batch_shape, q.event_shape) == ([3], [2])
    z = np.random.default_rng(3).normal(size=[5, 1, 2])
    of_all = q.log_prob(z)
    assert of_all.shape == [5, 3]
    unknown = [tf.TensorSpec([None, 4], tf.float64), tf.TensorSpec([None, 1, 2], tf.float64)]
    graph = tf.function(
        lambda features, z: posterior(features).log_prob(z),
        input_signature=unknown,
        autograph=False,
    )
    np.testing.assert_allclose(graph(FEATURES, z), of_all, rtol=1e-9)
    for row in range(3):
        part = q[row : row + 1]
        assert part.batch_shape == [1]
        np.testing.assert_allclose(part.log_prob(z)[:, 0], of_all[:, row], rtol=1e-9)


@pytest.mark.usefixtures("float64")
@kinds
def test_gradients_are_those_of_finite_differences(kind):
    """Of draws, of their density, of that of other values, and of the gradient of that."""
    posterior = built_steps(kind, steps=2)
    features = tf.Variable(FEATURES[:2])
    weights = tf.constant(np.random.default_rng(4).normal(size=[2, 2]))
    value = tf.Variable(np.random.default_rng(5).normal(size=[2, 2]))

    def of_draws():
        return tf.reduce_sum(weights * tf.sin(posterior(features).sample(seed=KEY)))

    def of_their_density():
        q = posterior(features)
        return tf.reduce_sum(weights[0] * q.log_prob(q.sample(seed=KEY)))

    def of_values():
        return tf.reduce_sum(weights[0] * posterior(features).log_prob(value))

    def of_their_gradient():
        with tf.GradientTape() as inner:
            inner.watch(value)
            log_prob = posterior(features).log_prob(value)
        return tf.reduce_sum(weights * inner.gradient(log_prob, value))

    for function in (of_draws, of_their_density, of_values, of_their_gradient):
        compiled = tf.function(function, autograph=False)
        variables = [features, *posterior.trainable_variables]
        variables += [value] if function in (of_values, of_their_gradient) else []
        with tf.GradientTape() as tape:
            total = compiled()
        for variable, gradient in zip(variables, tape.gradient(total, variables), strict=True):
            expected = finite_differences(compiled, variable)
            np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-7)


@kinds
@pytest.mark.parametrize("scale", [1.0, 30.0, 1e3])
def test_values_and_gradients_are_finite_at_extreme_weights(kind, scale):
    posterior = built_steps(kind, 20, scale, steps=4, scale_floor=1e-6)
    features = tf.constant(FEATURES, tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        q = posterior(features)
        z = q.sample(5, seed=KEY)
        # As it is remembered, as it is computed anew, and elsewhere, where there may be no mass.
        values = [z, q.log_prob(z), q.log_prob(tf.stop_gradient(z))]
        values += [q.log_prob(tf.ones([3, 20]))] if scale < 1e3 else []
    for value in values:
        assert np.isfinite(value).all()
        for gradient in tape.gradient(value, posterior.trainable_variables):
            assert np.isfinite(gradient).all()


@kinds
def test_eager_equals_graph_equals_xla_whatever_is_known_of_the_batch(kind):
    posterior = built_steps(kind, 3, 0.4, steps=2)
    features = tf.constant(FEATURES, tf.float32)

    def draw(features, seed):
        q = posterior(features)
        z = q.sample([2], seed=seed)
        return z, q.log_prob(z), q.log_prob(tf.identity(z)), q.mean()

    eager = draw(features, KEY)
    unknown = [tf.TensorSpec([None, 4]), tf.TensorSpec([2], tf.int32)]
    for options in ({"jit_compile": True}, {"input_signature": unknown}):
        found = tf.function(draw, autograph=False, **options)(features, KEY)
        for one, another in zip(eager, found, strict=True):
            # Under XLA the inverse error function is another polynomial.
            np.testing.assert_allclose(one, another, rtol=1e-3, atol=1e-3)


def _hierarchy(kind):
    return tfp_vae.HierarchicalVAE(
        [
            tfp_vae.Encoder(tfp_vae.networks.mlp([5], "tanh"), kind(3, steps=2)),
            tfp_vae.Transition(tfp_vae.networks.mlp([5], "tanh"), kind(2, steps=2)),
        ],
        [
            tfp_vae.Decoder(tfp_vae.networks.mlp([5], "tanh"), tfp_vae.likelihoods.Bernoulli([4])),
            tfp_vae.Transition(tfp_vae.networks.mlp([5], "tanh"), kind(3, steps=2)),
        ],
    )


@pytest.mark.nightly
@kinds
@pytest.mark.parametrize(
    "make", [lambda kind: vae_with(kind(3, steps=2), priors.StandardNormal()), _hierarchy]
)
def test_a_model_trains_predicts_and_is_saved_with_its_flow(kind, make, tmp_path):
    vae = make(kind)
    vae.compile(keras.optimizers.SGD(0.3), run_eagerly=True)
    before = vae.get_weights()
    vae.fit(BINARY, batch_size=12, verbose=0)
    moved = [(b != a).any() for b, a in zip(before, vae.get_weights(), strict=True)]
    assert np.mean(moved) > 0.9
    predicted = vae.predict(BINARY, verbose=0)
    assert predicted.shape == (23, 4)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(vae.elbo(BINARY, seed=1).elbo, loaded.elbo(BINARY, seed=1).elbo)
    np.testing.assert_array_equal(predicted, loaded.predict(BINARY, verbose=0))


@kinds
def test_the_mean_and_stddev_of_a_row_are_those_of_many_draws(kind):
    """12 means of 4,000 draws and 12 of 256: fails by chance once in a million runs."""
    vae = vae_with(kind(3), priors.StandardNormal())
    with_random_weights(vae.encoder, 0.7)
    draws = vae.posterior(BINARY[:4]).sample(4_000, seed=KEY).numpy()
    spread = draws.std(axis=0)
    error = np.sqrt(1.0 / 4_000 + 1.0 / 256)
    assert (np.abs(vae.encode(BINARY[:4]) - draws.mean(axis=0)) < 5.5 * error * spread).all()
    q = vae.posterior(BINARY[:4])
    np.testing.assert_allclose(q.stddev(), spread, rtol=0.5)


@kinds
@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "objective",
    [
        objectives.ELBO(gradient_estimator="sticking_the_landing"),
        objectives.IWAE(3, gradient_estimator="doubly_reparameterized"),
        objectives.IWAE(3, gradient_estimator="resampled"),
    ],
    ids=repr,
)
def test_estimators_have_the_same_value(kind, objective):
    vae = with_random_weights(vae_with(kind(3), priors.StandardNormal()))
    standard = type(objective).from_config(
        {**objective.get_config(), "gradient_estimator": "standard"}
    )
    parts = {
        "posterior": vae.posterior(BINARY),
        "prior": vae.prior(),
        "likelihood_fn": vae.decoder,
        "seed": 4,
    }
    np.testing.assert_allclose(
        objective(BINARY, **parts).objective, standard(BINARY, **parts).objective, rtol=1e-9
    )


@kinds
def test_a_vamp_prior_is_the_mixture_of_the_flows_at_its_rows(kind):
    vae = vae_with(kind(3), priors.VampPrior(3))
    with_random_weights(vae.encoder, 0.4)
    rows, z = vae.prior_layer.rows.numpy(), np.random.default_rng(0).normal(size=[5, 3])
    each = np.stack([vae.encoder(row[None]).log_prob(z).numpy() for row in rows])
    expected = special.logsumexp(each, axis=0) - np.log(3)
    np.testing.assert_allclose(vae.prior().log_prob(z), expected, rtol=1e-4)
    assert vae.prior().sample(7, seed=KEY).shape == [7, 3]


@kinds
def test_the_kl_is_an_estimate_and_is_declared(kind, capsys):
    vae = vae_with(kind(3), priors.StandardNormal())
    assert "KL: Monte Carlo estimate" in vae.kl_declaration
    assert divergences.exact_kl_divergence(vae.posterior(BINARY), vae.prior()) is None
    vae.summary()
    assert "Monte Carlo" in capsys.readouterr().out


@kinds
@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (objectives.ELBO(free_bits=0.1), "`free_bits` must be 0 unless"),
        (objectives.BetaTCVAE(data_size=10), "`posterior` must have independent latents"),
        (objectives.DIPVAE(1.0, 1.0), "`posterior` must have a mean and a covariance"),
    ],
)
def test_objectives_that_need_closed_forms_are_refused(kind, objective, message):
    with pytest.raises(ValueError, match=message):
        vae_with(kind(3), priors.StandardNormal(), objective=objective)


@kinds
def test_a_prior_on_the_sphere_is_refused(kind):
    with pytest.raises(ValueError, match="compares two densities on the same set; got"):
        vae_with(kind(3), priors.SphericalUniform())


@kinds
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_under_a_mixed_policy_the_flow_is_of_float32(kind, policy):
    keras.config.set_dtype_policy(policy)
    q = kind(3)(FEATURES.astype("float32"))
    z = q.sample(2, seed=KEY)
    assert q.dtype == z.dtype == q.log_prob(z).dtype == q.log_prob(z + 1.0).dtype == "float32"


@kinds
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"steps": 0}, ValueError, "`steps` must be a positive int"),
        ({"steps": 1.5}, TypeError, "`steps` must be a positive int"),
        ({"scale_floor": -1.0}, ValueError, "`scale_floor` must be"),
    ],
)
def test_wrong_arguments_are_named(kind, options, error, message):
    with pytest.raises(error, match=message):
        kind(2, **options)
