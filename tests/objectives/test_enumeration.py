"""Sums over categorical latents: against exact densities, against draws, and their gradients."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from scipy import special
from tensorflow_probability import distributions as tfd

from tests.support.linear_gaussian_mixture import LinearGaussianMixture
from tfp_vae import distributions, divergences, objectives
from tfp_vae.objectives import enumeration
from tfp_vae.testing import assert_mean

MODEL = LinearGaussianMixture()
X = MODEL.draws(7)
LOGITS = np.random.default_rng(3).normal(size=[7, 3])
IWAE = {
    "standard": objectives.IWAE(4),
    "doubly_reparameterized": objectives.IWAE(4, "doubly_reparameterized"),
    "resampled": objectives.IWAE(4, "resampled"),
}


MANY = np.repeat(X, 400, axis=0)


def _terms(objective, posterior, seed=0, step=None, prior=None, x=X):
    return objective(
        x,
        posterior=posterior,
        prior=prior or MODEL.prior(),
        likelihood_fn=MODEL.likelihood_fn,
        seed=seed,
        step=step,
    )


@pytest.mark.parametrize("name", IWAE)
def test_at_the_exact_posterior_iwae_is_log_p_of_x(name):
    """Every weight is p(x|c), so that no draw matters."""
    terms = _terms(IWAE[name], MODEL.posterior(X))
    np.testing.assert_allclose(terms.objective, MODEL.log_prob(X), rtol=1e-9)


def test_at_the_exact_posterior_the_elbo_is_log_p_of_x():
    """Seven means: fails by chance once in 5 million runs."""
    terms = _terms(objectives.ELBO(), MODEL.posterior(MANY), x=MANY)
    assert_mean(tf.reshape(terms.elbo, [7, 400]).numpy().T, MODEL.log_prob(X))


def test_the_kl_is_the_mean_of_log_ratios_of_draws():
    """Seven means: fails by chance once in 5 million runs."""
    posterior, prior = MODEL.posterior(X, LOGITS, shift=0.4), MODEL.prior()
    z = posterior.sample(20_000, seed=5)
    ratios = posterior.log_prob(z) - prior.log_prob(z)
    exact = _terms(objectives.ELBO(), posterior).kl_divergence
    assert_mean(ratios.numpy(), exact.numpy())
    np.testing.assert_allclose(exact, tfd.kl_divergence(posterior, prior), rtol=1e-12)
    assert divergences.declaration(posterior, prior) == "KL: exact"


def test_the_elbo_is_the_mean_of_log_weights_of_draws():
    """Seven differences of means: fails by chance once in 5 million runs."""
    posterior, prior = MODEL.posterior(X, LOGITS, shift=0.4), MODEL.prior()
    z = posterior.sample(400, seed=5)
    weights = MODEL.likelihood_fn(z).log_prob(X) + prior.log_prob(z) - posterior.log_prob(z)
    of_many = MODEL.posterior(MANY, np.repeat(LOGITS, 400, axis=0), shift=0.4)
    summed = tf.reshape(_terms(objectives.ELBO(), of_many, x=MANY).elbo, [7, 400])
    assert_mean(weights.numpy() - summed.numpy().T, 0.0)


def test_a_weight_and_free_bits_count_for_the_categories_too():
    posterior = MODEL.posterior(X, LOGITS)
    plain = _terms(objectives.ELBO(), posterior)
    weighted = _terms(objectives.ELBO(kl_weight=3.0), posterior)
    np.testing.assert_allclose(
        weighted.objective, plain.log_likelihood - 3.0 * plain.kl_divergence, rtol=1e-12
    )
    scheduled = objectives.ELBO(kl_weight=objectives.LinearWarmUp(10))
    np.testing.assert_allclose(
        _terms(scheduled, posterior, step=0).objective, plain.log_likelihood, rtol=1e-12
    )
    free = _terms(objectives.ELBO(free_bits=50.0), posterior)
    np.testing.assert_allclose(free.objective, plain.log_likelihood - 150.0, rtol=1e-12)


def test_sums_of_categories_alone_are_exact():
    """Two variables of three categories: nine terms, written out."""
    rng = np.random.default_rng(7)
    q_logits, p_logits = rng.normal(size=[7, 2, 3]), rng.normal(size=[2, 3])
    weights = rng.normal(size=[6, 4])

    def likelihood(c):
        return tfd.Independent(tfd.Normal(tf.einsum("...c,cd->...d", c, weights), 1.0), 1)

    terms = objectives.ELBO()(
        X,
        posterior=distributions.OneHotCategorical(q_logits),
        prior=distributions.OneHotCategorical(p_logits),
        likelihood_fn=likelihood,
        seed=0,
    )
    log_q, log_p = (special.log_softmax(each, axis=-1) for each in (q_logits, p_logits))
    expected, divergence = np.zeros(7), np.zeros(7)
    for first, second in itertools.product(range(3), repeat=2):
        c = np.concatenate([np.eye(3)[first], np.eye(3)[second]])
        log_joint = log_q[:, 0, first] + log_q[:, 1, second]
        normal = -0.5 * ((X - c @ weights) ** 2 + np.log(2.0 * np.pi)).sum(axis=1)
        expected += np.exp(log_joint) * normal
        divergence += np.exp(log_joint) * (log_joint - log_p[0, first] - log_p[1, second])
    np.testing.assert_allclose(terms.log_likelihood, expected, rtol=1e-10)
    np.testing.assert_allclose(terms.kl_divergence, divergence, rtol=1e-10)
    np.testing.assert_allclose(terms.objective, expected - divergence, rtol=1e-10)


def test_the_gradient_of_the_probabilities_is_that_of_finite_differences():
    step = 1e-6

    def objective(logits):
        terms = _terms(objectives.ELBO(), MODEL.posterior(X, logits, shift=0.4))
        return tf.reduce_sum(terms.objective)

    logits = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        total = objective(logits)
    found = tape.gradient(total, logits).numpy()
    for place in [(0, 0), (3, 1), (6, 2)]:
        moved = np.zeros_like(LOGITS)
        moved[place] = step
        slope = (objective(LOGITS + moved) - objective(LOGITS - moved)) / (2.0 * step)
        assert found[place] == pytest.approx(float(slope), rel=1e-5)


@pytest.mark.parametrize(
    ("estimator", "standard"),
    [
        (objectives.ELBO(gradient_estimator="sticking_the_landing"), objectives.ELBO()),
        (IWAE["doubly_reparameterized"], IWAE["standard"]),
        (IWAE["resampled"], IWAE["standard"]),
    ],
)
def test_gradient_estimators_agree_in_the_mean(estimator, standard):
    """Four means of one row: fails by chance once in 9 million runs."""
    x = np.repeat(X[:1], 2000, axis=0)

    def gradient(objective, seed):
        parameters = tf.constant(np.tile([0.4, -0.3, 0.2, 0.3], [2000, 1]))
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            posterior = MODEL.posterior(x, parameters[:, :3], shift=parameters[:, 3:])
            total = tf.reduce_sum(_terms(objective, posterior, seed, x=x).objective)
        return tape.gradient(total, parameters).numpy()

    assert_mean(gradient(estimator, 1) - gradient(standard, 2), 0.0)


def test_at_the_exact_posterior_the_gradient_of_the_probabilities_is_zero():
    logits = tf.constant(np.log(MODEL.cluster_probs(X)))
    with tf.GradientTape() as tape:
        tape.watch(logits)
        terms = _terms(objectives.IWAE(1), MODEL.posterior(X, logits))
    np.testing.assert_allclose(tape.gradient(terms.objective, logits), 0.0, atol=1e-9)


@pytest.mark.parametrize("mistake", ["uniform probabilities", "no KL of the categories"])
def test_a_mistake_in_the_code_fails_a_check(mistake, monkeypatch):
    if mistake == "uniform probabilities":
        monkeypatch.setattr(
            distributions.OneHotCategorical,
            "log_prob",
            lambda self, value: tf.fill(tf.shape(value)[:-1], tf.constant(-1.0986, tf.float64)),
        )
    else:
        monkeypatch.setattr(
            objectives.Objective,
            "categorical_cost",
            lambda self, q, p, step: tf.zeros([7], "float64"),
        )
    with pytest.raises(AssertionError):
        test_at_the_exact_posterior_iwae_is_log_p_of_x("standard")


def test_other_objectives_and_priors_are_refused():
    posterior = MODEL.posterior(X)
    with pytest.raises(ValueError, match="`objective` must be one of single rows"):
        objectives.BetaTCVAE(data_size=7).check_pair(posterior, MODEL.prior())
    with pytest.raises(ValueError, match="`prior` must be a CategoricalJoint"):
        _terms(objectives.ELBO(), posterior, prior=tfd.MultivariateNormalDiag(np.zeros(5)))
    assert enumeration.categorical_part(tfd.MultivariateNormalDiag(np.zeros(5))) is None
