"""The importance-weighted bound and its gradient, estimator by estimator."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_probability import bijectors as tfb
from tensorflow_probability import distributions as tfd

from tests.support import exact_checks, importance_formulas
from tfp_vae import objectives
from tfp_vae.objectives.gradient_estimators import path_log_prob, value_with_gradient_of
from tfp_vae.testing import (
    assert_close,
    assert_mean,
    diagonal_normal,
    objective_properties,
    strategies,
    without_exact_kl,
)

pytestmark = pytest.mark.usefixtures("float64")

OTHER_ESTIMATORS = ["doubly_reparameterized", "resampled"]
ESTIMATORS = ["standard", *OTHER_ESTIMATORS]
linear_gaussians = strategies.linear_gaussians()
sizes = st.integers(1, 6)


@settings(max_examples=10)
@given(
    linear_gaussians,
    sizes,
    st.sampled_from(["standard", "doubly_reparameterized"]),
    st.integers(1, 3),
)
def test_value_and_gradient_are_those_of_the_formula(model, size, estimator, bounds):
    importance_formulas.check_importance_weighted_bound_and_gradient(
        objectives.IWAE(size, estimator, bounds), model
    )


@settings(max_examples=10)
@given(linear_gaussians, sizes)
def test_resampled_gradient_is_that_of_one_of_the_draws(model, size):
    importance_formulas.check_resampled_gradient(objectives.IWAE(size, "resampled"), model)


def test_a_value_whose_gradient_goes_elsewhere_is_given_none():
    """Zeros would cost as much as a gradient, and be NaN where the derivative is infinite."""
    source, estimate = tf.constant(0.0), tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch([source, estimate])
        value = value_with_gradient_of(tf.sqrt(source), 2.0 * estimate)
    assert value == 0.0
    by_source, by_estimate = tape.gradient(value, [source, estimate])
    assert by_source is None
    assert by_estimate == 2.0


@settings(max_examples=10)
@given(st.data(), sizes)
def test_other_estimators_are_unbiased_for_every_group(data, size):
    estimator = data.draw(st.sampled_from(OTHER_ESTIMATORS))
    bounds = data.draw(st.integers(1, 3))
    objective_properties.estimator_is_unbiased(
        objectives.IWAE(size, estimator, bounds),
        objectives.IWAE(size, sample_size=bounds),
        data.draw(linear_gaussians),
    )


@settings(max_examples=10)
@given(linear_gaussians, sizes, sizes)
def test_the_mean_of_several_bounds_is_below_one_of_all_their_draws(model, size, bounds):
    x, vae = model.draws(4), model.vae(0.3, 1.4)
    options = {"posterior": vae.encoder(x), "likelihood_fn": vae.decoder, "seed": 5}
    several = objectives.IWAE(size, sample_size=bounds)(x, prior=vae.prior(), **options)
    one = objectives.IWAE(size * bounds)(x, prior=vae.prior(), **options)
    assert np.all(several.objective <= one.objective + 1e-9)
    assert_close(several.elbo, one.elbo)


@settings(max_examples=10)
@given(linear_gaussians, sizes)
def test_exact_posterior_gives_log_marginal_likelihood_and_no_gradient(model, size):
    objective = objectives.IWAE(size, "doubly_reparameterized")
    objective_properties.exact_posterior_gives_log_marginal_likelihood(objective, model)
    objective_properties.exact_posterior_has_no_gradient(objective, model)


@settings(max_examples=5)
@given(linear_gaussians, st.sampled_from(ESTIMATORS))
def test_bound_rises_with_the_sample_size_up_to_log_marginal_likelihood(model, estimator):
    objective_properties.bounds_are_ordered(lambda size: objectives.IWAE(size, estimator), model)


@settings(max_examples=10)
@given(linear_gaussians, st.sampled_from(ESTIMATORS))
def test_one_draw_gives_the_sampled_elbo(model, estimator):
    x, vae = model.draws(4), model.vae(0.3, 1.4)
    options = {"posterior": vae.encoder(x), "likelihood_fn": vae.decoder, "seed": 5}
    bound = objectives.IWAE(1, estimator)(x, prior=vae.prior(), **options)
    sampled = objectives.ELBO()(x, prior=without_exact_kl(vae.prior()), **options)
    assert_close(bound.objective, sampled.elbo)


@settings(max_examples=10)
@given(linear_gaussians, sizes, st.sampled_from(ESTIMATORS))
def test_other_terms_are_those_of_the_elbo_from_the_same_draws(model, size, estimator):
    x, vae = model.draws(4), model.vae(0.3, 1.4)
    options = {"posterior": vae.encoder(x), "likelihood_fn": vae.decoder, "seed": 5}
    for prior in (vae.prior(), without_exact_kl(vae.prior())):
        bound = objectives.IWAE(size, estimator)(x, prior=prior, **options)
        elbo = objectives.ELBO(sample_size=size)(x, prior=prior, **options)
        assert_close(np.stack(bound)[:3], np.stack(elbo)[:3])


@settings(max_examples=8)
@given(st.data())
def test_every_posterior_has_an_unbiased_gradient(data):
    """By the features that the posterior is made of, of which every row has its own copy."""
    count = 2000
    layer = data.draw(strategies.posteriors(2).filter(lambda layer: not layer.summed))
    features = tf.constant(np.tile([0.4, -0.3, 0.8], [count, 1]))
    layer(features[:1])
    x = np.tile([0.5, -1.0], [count, 1])

    def gradient(estimator, seed):
        with tf.GradientTape() as tape:
            tape.watch(features)
            terms = objectives.IWAE(4, estimator)(
                x,
                posterior=layer(features),
                prior=diagonal_normal(np.zeros(2), np.ones(2)),
                likelihood_fn=lambda z: diagonal_normal(z, np.full(2, 0.5)),
                seed=seed,
            )
            total = tf.reduce_sum(terms.objective)
        return tape.gradient(total, features).numpy()

    standard = gradient("standard", 2)
    for estimator in OTHER_ESTIMATORS:
        assert_mean(gradient(estimator, 1) - standard, 0.0)


def test_path_derivative_of_a_flow_is_that_of_a_copy_with_constant_weights():
    """The weights of a flow are captured in its functions, where no copy could reach them."""
    rng = np.random.default_rng(0)
    kernel = tf.Variable(rng.normal(size=[1, 2]))
    loc = tf.Variable(rng.normal(size=[3, 2]))

    def flow(kernel, loc):
        def shift_and_log_scale(fixed, units):
            shift, log_scale = tf.split(tf.tanh(fixed @ kernel), 2, axis=-1)
            return shift, log_scale

        return tfd.TransformedDistribution(
            diagonal_normal(loc, np.full([3, 2], 0.7)),
            tfb.RealNVP(num_masked=1, shift_and_log_scale_fn=shift_and_log_scale),
        )

    def gradients(log_prob_of):
        with tf.GradientTape() as tape:
            z = flow(kernel, loc).sample(4, seed=[1, 2])
            log_prob = log_prob_of(z)
        return log_prob, *tape.gradient(log_prob, [kernel, loc])

    actual = gradients(lambda z: path_log_prob(flow(kernel, loc), z))
    expected = gradients(lambda z: flow(kernel.numpy(), loc.numpy()).log_prob(z))
    for one, another in zip(actual, expected, strict=True):
        assert_close(one, another)
    assert np.abs(actual[1]).max() > 0.1


def test_discrete_draws_have_a_value_and_no_doubly_reparameterized_gradient():
    """The mean weight is an unbiased estimate of p(x)."""
    model = exact_checks.ENUMERABLE
    x = model.all_observations()[:1]
    rows = np.repeat(x, 2000, axis=0)
    parts = {
        "posterior": model.posterior(np.full([len(rows), 2], 0.4)),
        "prior": model.prior(),
        "likelihood_fn": model.likelihood_fn,
        "seed": 0,
    }
    terms = objectives.IWAE(3)(rows, **parts)
    assert_mean(np.exp(terms.objective), np.exp(model.log_marginal_likelihood(x)[0]))
    with pytest.raises(ValueError, match="`posterior` must be reparameterized"):
        objectives.IWAE(2, "doubly_reparameterized")(rows, **parts)


@pytest.mark.parametrize("objective", [objectives.ELBO(), objectives.IWAE(2)])
def test_a_model_is_not_trained_with_draws_that_pass_no_gradient(objective):
    model = exact_checks.ENUMERABLE
    with pytest.raises(ValueError, match="`posterior` must be reparameterized"):
        objective.check_pair(model.posterior(np.full([1, 2], 0.4)), model.prior())


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"importance_sample_size": 0}, ValueError),
        ({"importance_sample_size": 2.0}, TypeError),
        ({"gradient_estimator": "dreg"}, ValueError),
        ({"gradient_estimator": None}, TypeError),
        ({"sample_size": 0}, ValueError),
    ],
)
def test_wrong_arguments_of_iwae_are_named(arguments, error):
    with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
        objectives.IWAE(**arguments)
