"""The inverse autoregressive flow: densities, draws, moments, gradients, extremes."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tests.support import flow_properties
from tests.support.flow_properties import FEATURES, KEY, built_posterior, first_parameters
from tfp_vae import (
    posteriors,
)
from tfp_vae.distributions import InverseAutoregressiveFlow
from tfp_vae.objectives.gradient_estimators import path_log_prob
from tfp_vae.testing import (
    assert_mean,
    finite_differences,
    flows,
    numerical_log_density,
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
