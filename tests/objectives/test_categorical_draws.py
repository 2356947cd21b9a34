"""Gradients of categorical draws: exact expectations over every possible set of draws."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tests.support.categorical_sums import (
    CENTRES,
    LOGITS,
    PRIOR,
    X,
    expected_value_and_gradient,
    likelihood_fn,
    value_and_gradient,
)
from tests.support.small_models import BINARY, eager_vae, vae_with
from tfp_vae import distributions, evaluation, objectives, posteriors, priors
from tfp_vae.objectives import categorical_draws
from tfp_vae.testing import assert_close

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_score_function_has_the_gradient_of_the_sum(size, joint):
    options = {"kl_weight": 0.7, "sample_size": size}
    value, gradients = expected_value_and_gradient(
        objectives.ELBO(gradient_estimator="score_function", **options), size, joint
    )
    exact_value, exact = value_and_gradient(objectives.ELBO(kl_weight=0.7), joint)
    assert_close(value, exact_value, 1e-6, 1e-6)
    for one, another in zip(gradients, exact, strict=True):
        assert_close(one, another, 1e-5, 1e-5)


def test_free_bits_are_those_of_the_sum():
    options = {"free_bits": 0.3, "sample_size": 2}
    _, gradients = expected_value_and_gradient(
        objectives.ELBO(gradient_estimator="score_function", **options), 2
    )
    _, exact = value_and_gradient(objectives.ELBO(**options))
    assert_close(gradients[0], exact[0])


@pytest.mark.parametrize("size", [2, 3])
def test_vimco_has_the_gradient_of_the_importance_weighted_bound(size):
    objective = objectives.IWAE(size, "vimco")
    value, gradients = expected_value_and_gradient(objective, size)

    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        q = distributions.OneHotCategorical(logits)
        p = distributions.OneHotCategorical(tf.constant(PRIOR))
        exact = tf.zeros([2], tf.float64)
        for chosen in itertools.product(range(3), repeat=size):
            c = tf.constant(np.repeat(np.eye(3)[list(chosen)][:, None], 2, axis=1))
            log_q = q.log_prob(c)
            log_weights = likelihood_fn(c).log_prob(X) + p.log_prob(c) - log_q
            bound = tf.reduce_logsumexp(log_weights, axis=0) - np.log(size)
            exact += tf.exp(tf.reduce_sum(log_q, axis=0)) * bound
        total = tf.reduce_sum(exact)
    assert_close(value, exact)
    assert_close(gradients[0], tape.gradient(total, logits))


def test_vimco_averages_several_bounds():
    draws = np.repeat(np.eye(3)[[0, 1, 1, 2]][:, None], 2, axis=1)
    value, gradients = value_and_gradient(objectives.IWAE(2, "vimco", 2), draws=draws)
    # Draws 0 and 2 are those of the first bound.
    parts = [
        value_and_gradient(objectives.IWAE(2, "vimco"), draws=draws[chosen])
        for chosen in ([0, 2], [1, 3])
    ]
    assert_close(value, np.mean([part[0] for part in parts], axis=0))
    assert_close(gradients[0], np.mean([part[1][0] for part in parts], axis=0))


def test_other_draws_are_a_baseline_that_lowers_the_variance():
    def variance(size):
        found = [
            value_and_gradient(
                objectives.ELBO(sample_size=size, gradient_estimator="score_function"),
                draws=np.repeat(np.eye(3)[list(chosen)][:, None], 2, axis=1),
            )[1][0][0, 0, 0]
            for chosen in itertools.product(range(3), repeat=size)
        ]
        probs = tf.nn.softmax(LOGITS[0, 0]).numpy()
        weights = [
            np.prod(probs[list(chosen)]) for chosen in itertools.product(range(3), repeat=size)
        ]
        mean = np.dot(weights, found)
        return np.dot(weights, (np.array(found) - mean) ** 2)

    assert variance(2) < 0.5 * variance(1) / 2.0


def test_straight_through_has_the_gradient_at_the_draws_along_the_probabilities():
    draws = np.repeat(np.eye(3)[[0, 2]][:, None], 2, axis=1)
    value, (gradient, _) = value_and_gradient(
        objectives.ELBO(sample_size=2, gradient_estimator="straight_through"), draws=draws
    )
    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        q = distributions.OneHotCategorical(logits)
        p = distributions.OneHotCategorical(tf.constant(PRIOR))
        of_c = np.array(
            [[_derivative_by_c(draw[row], X[row]) for row in range(2)] for draw in draws]
        )
        likelihood = tf.reduce_mean(tf.reduce_sum(of_c * q.mean(), axis=-1), axis=0)
        total = tf.reduce_sum(likelihood - tfd.kl_divergence(q, p))
    assert_close(gradient, tape.gradient(total, logits))
    plain, _ = value_and_gradient(
        objectives.ELBO(sample_size=2, gradient_estimator="score_function"), draws=draws
    )
    assert_close(value, plain)


def _derivative_by_c(c, x):
    """The derivative of log p(x|c) by the values of the vector c, from the normal density."""
    return CENTRES @ (x - c @ CENTRES) / 1.3**2


def _codes(**options):
    return vae_with(posteriors.Categorical(2, 20), priors.Categorical(2, 20), **options)


@pytest.mark.filterwarnings("ignore:.*still climbs")
def test_a_model_of_too_many_categories_to_sum_is_trained_by_draws():
    rng = np.random.default_rng(0)
    corners = rng.integers(0, 2, [300, 2])
    x = np.repeat(corners, 2, axis=1).astype("float32")
    objective = objectives.ELBO(sample_size=8, gradient_estimator="score_function")
    vae = _codes(objective=objective)
    vae.compile("adam", jit_compile=False)
    vae.optimizer.learning_rate = 0.02
    vae.fit(x, epochs=40, batch_size=50, verbose=0)
    terms = vae.elbo(x, sample_size=20, seed=0)
    # Two independent bits; independent columns would have -4 log 2.
    assert np.mean(terms.elbo) > -3.2 * np.log(2.0)
    assert np.mean(terms.kl_divergence) > 0.5 * np.log(2.0)
    log_p = evaluation.log_marginal_likelihood(vae, x[:20], importance_sample_size=200, seed=0)
    assert log_p.mean > np.mean(terms.elbo[:20])
    refined = vae.refine(x[:6], steps=20)
    assert refined.event_shape == (40,)


def test_one_that_cannot_sum_refuses_and_names_the_estimator():
    message = (
        r'at most 10,000 combinations .* got 2 \*\* 20\. .*gradient_estimator="score_function"'
    )
    with pytest.raises(ValueError, match=message):
        _codes()
    with pytest.raises(ValueError, match=r"`categorical` must have at most 10,000 combinations"):
        posteriors.CategoricalJoint(
            posteriors.Categorical(10, 6), posteriors.MultivariateNormalDiag(2)
        )


@pytest.mark.parametrize(
    "objective",
    [
        objectives.ELBO(gradient_estimator="score_function"),
        objectives.ELBO(gradient_estimator="straight_through"),
        objectives.IWAE(3, "vimco"),
    ],
    ids=repr,
)
def test_continuous_latents_have_no_categories_to_draw(objective):
    with pytest.raises(ValueError, match=r"`gradient_estimator` must be .* no categories"):
        eager_vae(objective=objective)
    q = tfd.MultivariateNormalDiag(np.zeros([2, 2]), np.ones([2, 2]))
    with pytest.raises(ValueError, match=r"`gradient_estimator` must be .* no categories"):
        objective(
            np.zeros([2, 2]),
            posterior=q,
            prior=q[0],
            likelihood_fn=lambda z: tfd.MultivariateNormalDiag(z, np.ones(2)),
            seed=0,
        )


def test_vimco_needs_two_draws():
    with pytest.raises(ValueError, match="`importance_sample_size` must be at least 2"):
        objectives.IWAE(1, "vimco")


@pytest.mark.parametrize("estimator", ["score_function", "straight_through"])
def test_draws_are_trained_with_like_sums(estimator):
    """Beside continuous latents, where sums are possible, both reach a like bound."""
    vae = vae_with(
        posteriors.CategoricalJoint(
            posteriors.Categorical(3), posteriors.MultivariateNormalDiag(2)
        ),
        priors.CategoricalJoint(priors.Categorical(3)),
        objective=objectives.ELBO(sample_size=3, gradient_estimator=estimator),
    )
    vae.compile("adam", run_eagerly=True)
    before = vae.get_weights()
    vae.fit(BINARY, epochs=1, verbose=0)
    moved = [np.abs(a - b).max() for a, b in zip(before, vae.get_weights(), strict=True)]
    assert np.isfinite(moved).all()
    assert all(np.abs(gradient).max() > 0.0 for gradient in _encoder_gradients(vae))


def _encoder_gradients(vae):
    with tf.GradientTape() as tape:
        terms = vae.objective_terms(tf.constant(BINARY), tf.constant([1, 2]), 0, training=True)
        loss = -tf.reduce_mean(terms.objective)
    return tape.gradient(loss, vae.encoder.trainable_variables)


def test_signals_of_a_leave_one_out_mean():
    values = tf.constant([[1.0], [4.0], [7.0]], tf.float64)
    found = categorical_draws.leave_one_out_signals(values)
    assert_close(found, np.array([[1.0 - 5.5], [4.0 - 4.0], [7.0 - 2.5]]) / 3.0)
