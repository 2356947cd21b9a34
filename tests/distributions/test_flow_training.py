"""Flows learn what a diagonal normal cannot: long runs, against exact densities and posteriors."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

import tfp_vae
from tfp_vae import likelihoods, networks, objectives, posteriors, priors

pytestmark = pytest.mark.nightly

STEPS = 1500


def _maximize(objective, variables):
    """Raises a function of the number of the step by Adam."""
    optimizer = keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(0.01, STEPS, alpha=0.01)
    )
    optimizer.build(variables)

    @tf.function(jit_compile=True, autograph=False)
    def step(number):
        with tf.GradientTape() as tape:
            loss = -objective(number)
        optimizer.apply(tape.gradient(loss, variables))

    for number in range(STEPS):
        step(tf.constant(number))


@pytest.mark.parametrize(
    "kind", [priors.MaskedAutoregressiveFlow, priors.NeuralSplineFlow, priors.RealNVP]
)
def test_a_prior_learns_a_bent_density(kind):
    """x ~ N(0, 1) and y|x ~ N(x² / 2, 0.3²): a normal with its moments is off by 0.9 nats."""
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=[2, 20_000]).astype("float32")
    data = tf.constant(np.stack([x, x**2 / 2 + np.float32(0.3) * noise], axis=-1))
    prior = kind(steps=4, units=[32, 32])
    prior.build([2])
    train, test = data[:16_000], data[16_000:]

    def objective(number):
        rows = tf.gather(train, tf.range(500) + 500 * (number % 32))
        return tf.reduce_mean(prior.distribution().log_prob(rows))

    _maximize(objective, prior.trainable_variables)
    x, y = test.numpy().T
    exact = stats.norm.logpdf(x) + stats.norm(x**2 / 2, 0.3).logpdf(y)
    gap = (exact - prior.distribution().log_prob(test).numpy()).mean()
    assert gap < 0.05
    moments = np.cov(data.numpy().T)
    normal = stats.multivariate_normal(data.numpy().mean(axis=0), moments).logpdf(test)
    assert (exact - normal).mean() > 0.8


@pytest.mark.parametrize(
    ("posterior", "share"),
    [
        (lambda: posteriors.InverseAutoregressiveFlow(2, steps=2, units=[16]), 0.1),
        (lambda: posteriors.PlanarFlow(2, steps=8), 0.5),
        (lambda: posteriors.RadialFlow(2, steps=8), 0.9),
    ],
    ids=["inverse autoregressive", "planar", "radial"],
)
def test_a_posterior_learns_correlated_latents(posterior, share):
    """A linear-Gaussian model whose best diagonal posterior is off by a known number of nats."""
    weights = np.array([[1.0, 0.9], [0.8, 1.0], [1.0, 1.0]])
    scale = 0.5
    precision = np.eye(2) + weights.T @ weights / scale**2
    # KL of the best factorised normal from the exact posterior.
    gap = 0.5 * (np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1])
    assert gap > 0.8
    marginal = stats.multivariate_normal(np.zeros(3), weights @ weights.T + scale**2 * np.eye(3))
    x = marginal.rvs(2000, random_state=0).astype("float32")
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(
            networks.mlp([]),
            posterior(),
        ),
        tfp_vae.Decoder(networks.mlp([]), likelihoods.Normal([3], scale=scale)),
        objective=objectives.ELBO(gradient_estimator="sticking_the_landing"),
    )
    vae.decoder.likelihood.heads["loc"].set_weights([weights.T, np.zeros(3)])
    rows = tf.constant(x)

    def objective(number):
        batch = tf.gather(rows, tf.range(100) + 100 * (number % 20))
        seed = tf.stack([7, number])
        return tf.reduce_mean(vae.objective_terms(batch, seed, 0, training=True).objective)

    _maximize(objective, vae.encoder.trainable_variables)
    elbo = vae.elbo(x, sample_size=20, seed=0).elbo.numpy()
    assert 0.0 < (marginal.logpdf(x) - elbo).mean() < share * gap


def test_a_compiled_fit_is_that_of_the_eager_one():
    x = np.random.default_rng(0).integers(0, 2, size=[40, 4]).astype("float32")
    logs = []
    for run_eagerly in (False, True):
        keras.utils.set_random_seed(1)
        vae = tfp_vae.VAE(
            tfp_vae.Encoder(
                networks.mlp([5], "tanh"),
                posteriors.InverseAutoregressiveFlow(3, steps=2, units=[6]),
            ),
            tfp_vae.Decoder(networks.mlp([5], "tanh"), likelihoods.Bernoulli([4])),
            prior=priors.MaskedAutoregressiveFlow(steps=2, units=[6]),
            objective=objectives.IWAE(3, gradient_estimator="doubly_reparameterized"),
        )
        vae.compile(keras.optimizers.SGD(0.1), run_eagerly=run_eagerly)
        logs.append(vae.fit(x, batch_size=10, epochs=3, verbose=0).history)
    for name, values in logs[0].items():
        np.testing.assert_allclose(values, logs[1][name], rtol=1e-3, atol=1e-3)
