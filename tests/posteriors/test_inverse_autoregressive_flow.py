"""The inverse autoregressive flow posterior: densities, draws, moments, gradients, extremes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

import tfp_vae
from tests.support import exact_checks, flow_properties
from tests.support.flow_properties import FEATURES, KEY, built_posterior, first_parameters
from tfp_vae import (
    divergences,
    evaluation,
    likelihoods,
    networks,
    objectives,
    posteriors,
    priors,
)
from tfp_vae.distributions import InverseAutoregressiveFlow
from tfp_vae.objectives.gradient_estimators import path_log_prob
from tfp_vae.testing import (
    assert_close,
    assert_mean,
    finite_differences,
    flows,
    numerical_log_density,
    repeated,
    with_random_weights,
)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("latent_size", "options"),
    [(1, {}), (3, {"steps": 1, "units": []}), (4, {"units": [7, 6], "gate_bias": -0.5})],
)
def test_draws_and_densities_are_those_of_the_paper(latent_size, options):
    flow_properties.check_draws_and_densities_are_those_of_the_paper(latent_size, **options)


@pytest.mark.usefixtures("float64")
def test_density_is_that_of_the_change_of_variables():
    posterior = built_posterior(3)
    first = first_parameters(posterior, FEATURES)
    u = np.random.default_rng(1).normal(size=[3, 3])
    z, log_density = numerical_log_density(
        lambda u: flows.inverse_autoregressive_forward(posterior, *first, u)[0], u
    )
    np.testing.assert_allclose(posterior(FEATURES).log_prob(z), log_density, rtol=1e-6)


@pytest.mark.usefixtures("float64")
def test_the_density_adds_up_to_1_and_has_the_moments_of_the_draws():
    flow_properties.check_moments_are_those_of_the_density()


@pytest.mark.usefixtures("float64")
def test_at_first_the_posterior_is_a_normal_whose_mean_is_exact():
    posterior = posteriors.InverseAutoregressiveFlow(3, steps=2, gate_bias=1.5)
    q = posterior(FEATURES)
    loc, scale, _ = first_parameters(posterior, FEATURES)
    factor = (1.0 / (1.0 + np.exp(-1.5))) ** 2
    z = np.random.default_rng(2).normal(size=[5, 3, 3])
    expected = stats.norm(factor * loc, factor * scale).logpdf(z).sum(axis=-1)
    np.testing.assert_allclose(q.log_prob(z), expected)
    np.testing.assert_allclose(q.mean(), factor * loc, rtol=1e-9)


@pytest.mark.usefixtures("float64")
def test_the_batch_of_draws_components_and_slices():
    posterior = built_posterior()
    q = posterior(FEATURES)
    assert isinstance(q, InverseAutoregressiveFlow)
    assert (q.batch_shape, q.event_shape) == ([3], [2])
    z = np.random.default_rng(3).normal(size=[5, 1, 2])
    of_all = q.log_prob(z)
    assert of_all.shape == [5, 3]
    unknown = tf.TensorSpec([None, 1, 2], tf.float64)
    graph = tf.function(
        lambda z: posterior(FEATURES).log_prob(z), input_signature=[unknown], autograph=False
    )
    np.testing.assert_allclose(graph(z), of_all, rtol=1e-9)
    for row in range(3):
        part = q[row : row + 1]
        assert part.batch_shape == [1]
        np.testing.assert_allclose(part.log_prob(z)[:, 0], of_all[:, row], rtol=1e-9)


@pytest.mark.usefixtures("float64")
def test_gradients_are_those_of_finite_differences():
    """Of draws, of their density, and of that of other values."""
    posterior = built_posterior(2, steps=2, units=[3], context_size=2)
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

    for function in (of_draws, of_their_density, of_values):
        compiled = tf.function(function, autograph=False)
        variables = [features, *posterior.trainable_variables]
        variables += [value] if function is of_values else []
        with tf.GradientTape() as tape:
            total = compiled()
        for variable, gradient in zip(variables, tape.gradient(total, variables), strict=True):
            expected = finite_differences(compiled, variable)
            np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.usefixtures("float64")
def test_the_path_derivative_is_that_through_the_draws_and_the_score_has_mean_zero():
    """A score for every weight, 60 of them: fails by chance once in 400,000 runs."""
    posterior = built_posterior(2, steps=1, units=[3], context_size=2)
    weights = posterior.trainable_variables

    @tf.function(autograph=False)
    def gradients(seed):
        with tf.GradientTape(persistent=True) as tape:
            q = posterior(FEATURES[:1])
            z = q.sample(10, seed=seed)
            fixed = tf.stop_gradient(z)
            tape.watch(fixed)
            at_fixed, path = q.log_prob(fixed), path_log_prob(q, z)
        slope = tape.gradient(at_fixed, fixed)
        return (
            [at_fixed, *tape.gradient(z, weights, output_gradients=slope)],
            [path, *tape.gradient(path, weights)],
            [score / 10.0 for score in tape.gradient(at_fixed, weights)],
        )

    rounds = [gradients(tf.constant([5, number])) for number in range(300)]
    for expected, found in zip(*rounds[0][:2], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
    for scores in zip(*(scores for _, _, scores in rounds), strict=True):
        assert_mean(scores, 0.0)


def _linear_gaussian(objective=None):
    """Returns a model whose exact posterior the flow can be, and is."""
    model = exact_checks.LINEAR_GAUSSIAN
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(
            networks.mlp([]),
            posteriors.InverseAutoregressiveFlow(
                model.latent_size, steps=1, units=[4], context_size=2, scale_floor=0.0
            ),
        ),
        tfp_vae.Decoder(
            networks.mlp([]), likelihoods.Normal([model.event_size], scale=model.scale)
        ),
        objective=objective,
        adaptive=False,
    )
    exact, heads = model.vae(), vae.encoder.posterior.heads
    factor = 1.0 + np.exp(-2.0)
    kernel, bias = exact.encoder.posterior.heads["loc"].get_weights()
    heads["loc"].set_weights([factor * kernel, factor * bias])
    stddev = factor * np.sqrt(model.posterior_variance())
    heads["scale"].set_weights([np.zeros_like(kernel), np.log(np.expm1(stddev))])
    vae.decoder.set_weights(exact.decoder.get_weights())
    return vae


ESTIMATORS = [
    objectives.ELBO(sample_size=2, gradient_estimator="sticking_the_landing"),
    objectives.IWAE(3, gradient_estimator="doubly_reparameterized"),
]


def _gradients(vae, x, seed):
    variables = vae.encoder.trainable_variables
    with tf.GradientTape() as tape:
        terms = vae.objective_terms(tf.constant(x), seed, 0, training=True)
        loss = tf.reduce_sum(terms.objective)
    return terms, tape.gradient(loss, variables)


def check_path_gradients_at_the_exact_posterior(objective):
    """Every draw gives log p(x), and no weight of the encoder has a gradient."""
    x = exact_checks.LINEAR_GAUSSIAN.draws(4)
    terms, gradients = _gradients(_linear_gaussian(objective), x, KEY)
    log_marginal = exact_checks.LINEAR_GAUSSIAN.log_marginal_likelihood(x)
    assert_close(terms.objective, log_marginal)
    for gradient in gradients:
        assert_close(gradient, 0.0)
    standard = type(objective).from_config(
        {**objective.get_config(), "gradient_estimator": "standard"}
    )
    _, others = _gradients(_linear_gaussian(standard), x, KEY)
    if isinstance(objective, objectives.ELBO):
        assert max(np.abs(gradient).max() for gradient in others) > 1e-3


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("objective", ESTIMATORS, ids=repr)
def test_path_gradients_are_zero_at_the_exact_posterior(objective):
    check_path_gradients_at_the_exact_posterior(objective)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("objective", ESTIMATORS, ids=repr)
def test_path_gradients_are_unbiased_and_of_the_same_value(objective):
    """Some 80 means of differences: fails by chance once in 300,000 runs."""
    standard = type(objective).from_config(
        {**objective.get_config(), "gradient_estimator": "standard"}
    )
    x = repeated(exact_checks.LINEAR_GAUSSIAN.draws(1)[0], 20)
    models = [_linear_gaussian(made) for made in (objective, standard)]
    for vae in models:
        with_random_weights(vae.encoder, 0.4)

    @tf.function(autograph=False)
    def differences(seed):
        (terms, path), (others, plain) = (_gradients(vae, x, seed) for vae in models)
        return terms, others, [one - another for one, another in zip(path, plain, strict=True)]

    rounds = [differences(tf.constant([6, number])) for number in range(150)]
    for one, another in zip(*rounds[0][:2], strict=True):
        assert_close(one, another, 1e-8, 1e-8)
    spread = 0.0
    for gradients in zip(*(gradients for _, _, gradients in rounds), strict=True):
        assert_mean(gradients, 0.0)
        spread = max(spread, np.std(gradients, axis=0).max())
    assert spread > 1e-3


@pytest.mark.usefixtures("float64")
def test_importance_sampling_with_the_exact_posterior_gives_log_marginal_likelihood():
    x = exact_checks.LINEAR_GAUSSIAN.draws(3)
    found = evaluation.log_marginal_likelihood(_linear_gaussian(), x, 10, seed=0)
    exact = exact_checks.LINEAR_GAUSSIAN.log_marginal_likelihood(x)
    np.testing.assert_allclose(found.estimate, exact, rtol=1e-9)
    np.testing.assert_allclose(found.effective_sample_size, 10.0, rtol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e3])
def test_values_and_gradients_are_finite_at_extreme_weights(scale):
    posterior = built_posterior(20, scale, steps=4, units=[8], scale_floor=1e-6)
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


def test_eager_equals_graph_equals_xla_whatever_is_known_of_the_batch():
    posterior = built_posterior(3, 0.4, steps=2)
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


X = np.random.default_rng(0).integers(0, 2, size=[10, 4]).astype("float32")


def _posterior(latent_size):
    return posteriors.InverseAutoregressiveFlow(
        latent_size, steps=2, units=[6], context_size=3, activation="elu"
    )


def _vae(prior=None):
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([5], "tanh"), _posterior(3)),
        tfp_vae.Decoder(networks.mlp([5], "tanh"), likelihoods.Bernoulli([4])),
        prior=prior,
    )


def _hierarchy():
    return tfp_vae.HierarchicalVAE(
        [
            tfp_vae.Encoder(networks.mlp([5], "tanh"), _posterior(3)),
            tfp_vae.Transition(networks.mlp([5], "tanh"), _posterior(2)),
        ],
        [
            tfp_vae.Decoder(networks.mlp([5], "tanh"), likelihoods.Bernoulli([4])),
            tfp_vae.Transition(networks.mlp([5], "tanh"), _posterior(3)),
        ],
    )


@pytest.mark.parametrize("make", [_vae, _hierarchy])
def test_a_model_trains_predicts_and_is_saved_with_its_flow(make, tmp_path):
    vae = make()
    vae.compile(keras.optimizers.SGD(0.3), run_eagerly=True)
    before = vae.get_weights()
    # In the first step the networks' last layers leave zero, in the second the others move.
    vae.fit(X, batch_size=5, verbose=0)
    moved = [(b != a).any() for b, a in zip(before, vae.get_weights(), strict=True)]
    assert np.mean(moved) > 0.9
    predicted = vae.predict(X, verbose=0)
    assert predicted.shape == (10, 4)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(vae.elbo(X, seed=1).elbo, loaded.elbo(X, seed=1).elbo)
    np.testing.assert_array_equal(predicted, loaded.predict(X, verbose=0))


def test_the_log_weights_of_a_hierarchy_are_those_of_its_parts():
    vae = _hierarchy()
    with_random_weights(vae.encoder, 0.3)
    with_random_weights(vae.prior_layer, 0.3)
    batch = vae.distributions(X)
    z = batch.posterior.sample(2, seed=KEY)
    lower, upper = z[..., :3], z[..., 3:]
    first, above = vae.encoder.posterior, vae.encoder.upward[0]
    log_q = first(vae.encoder.trunk(X)).log_prob(lower) + above(lower).log_prob(upper)
    log_p = vae.prior_layer.downward[0](upper).log_prob(lower)
    log_p = log_p + stats.norm.logpdf(upper).sum(axis=-1)
    expected = batch.likelihood_fn(z).log_prob(X) + log_p - log_q
    np.testing.assert_allclose(batch.log_weights(z), expected, rtol=1e-4, atol=1e-4)


def test_a_vamp_prior_is_the_mixture_of_the_flows_at_its_rows():
    vae = _vae(priors.VampPrior(3))
    with_random_weights(vae.encoder, 0.4)
    rows, z = vae.prior_layer.rows.numpy(), np.random.default_rng(0).normal(size=[5, 3])
    each = np.stack([vae.encoder(row[None]).log_prob(z).numpy() for row in rows])
    expected = special.logsumexp(each, axis=0) - np.log(3)
    np.testing.assert_allclose(vae.prior().log_prob(z), expected, rtol=1e-4)
    assert vae.prior().sample(7, seed=KEY).shape == [7, 3]


def test_the_kl_is_an_estimate_and_is_declared():
    vae = _vae()
    assert "KL: Monte Carlo estimate" in vae.kl_declaration
    assert divergences.exact_kl_divergence(vae.posterior(X), vae.prior()) is None
    assert divergences.kl_divergence_per_dimension(vae.posterior(X), vae.prior()) is None


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (objectives.ELBO(free_bits=0.1), "`free_bits` must be 0 unless"),
        (objectives.BetaTCVAE(data_size=10), "`posterior` must have independent latents"),
    ],
)
def test_objectives_that_need_a_sum_over_latents_are_refused(objective, message):
    vae = _vae()
    with pytest.raises(ValueError, match=message):
        tfp_vae.VAE(vae.encoder, vae.decoder, objective=objective)


def test_a_prior_on_the_sphere_is_refused():
    with pytest.raises(ValueError, match="compares two densities on the same set; got"):
        _vae(priors.SphericalUniform())


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_under_a_mixed_policy_the_flow_is_of_float32(policy):
    keras.config.set_dtype_policy(policy)
    q = _posterior(3)(FEATURES.astype("float32"))
    z = q.sample(2, seed=KEY)
    assert q.dtype == z.dtype == q.log_prob(z).dtype == q.log_prob(z + 1.0).dtype == "float32"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"steps": 0}, ValueError, "`steps` must be a positive int"),
        ({"units": 8}, TypeError, "`units` must be a list"),
        ({"context_size": 1.5}, TypeError, "`context_size` must be a positive int"),
        ({"gate_bias": np.inf}, ValueError, "`gate_bias` must be a finite number"),
        ({"gate_bias": -21.0}, ValueError, "`gate_bias` must be .* of at least -20; got -21"),
        ({"scale_floor": -1.0}, ValueError, "`scale_floor` must be"),
        ({"activation": "tahn"}, ValueError, "tahn"),
    ],
)
def test_wrong_arguments_are_named(options, error, message):
    with pytest.raises(error, match=message):
        posteriors.InverseAutoregressiveFlow(2, **options)
