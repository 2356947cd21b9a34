"""A model whose exact posterior a flow can be, and is: path gradients and importance weights."""

import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support import exact_checks
from tests.support.flow_properties import KEY
from tfp_vae import (
    evaluation,
    likelihoods,
    networks,
    objectives,
    posteriors,
)
from tfp_vae.testing import (
    assert_close,
    assert_mean,
    repeated,
    with_random_weights,
)


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
