"""What this library's bound, model and log must be on models where all is known exactly.

Each is an ordinary function that raises an AssertionError: the property tests call them on what
Hypothesis draws, and the mutation tests call them on broken code, where one of them must fail. They
ask nothing of the code but its public API; what can be asked of any model is in `tfp_vae.testing`.
"""

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import distributions, networks, objectives
from tfp_vae.testing import (
    Enumerable,
    LinearGaussian,
    assert_close,
    assert_mean,
    diagonal_normal,
    normal_kl_divergence,
    repeated,
    same_noise_normal,
    without_exact_kl,
)
from tfp_vae.testing.assertions import LIMIT

DRAWS = 4000


def check_linear_gaussian_elbo(model, loc_shift=0.3, scale_factor=1.4, sample_size=1):
    """The mean of the ELBO is the exact one, and log p(x) less the exact gap."""
    row = model.draws(1)[0]
    vae = model.vae(loc_shift, scale_factor)
    terms = vae.elbo(repeated(row), sample_size=sample_size, seed=7)
    mean, stddev = model.posterior_moments(row[None], loc_shift, scale_factor)
    log_likelihood = model.log_likelihood(row[None], mean, stddev)[0]
    kl_divergence = normal_kl_divergence(mean, stddev).sum()
    assert_close(terms.kl_divergence, kl_divergence)
    assert_mean(terms.log_likelihood, log_likelihood)
    exact_mean, exact_stddev = model.posterior_moments(row[None])
    gap = normal_kl_divergence(mean, stddev, exact_mean, exact_stddev).sum()
    assert gap >= 0.0
    assert_mean(terms.elbo, model.log_marginal_likelihood(row)[0] - gap)


def check_analytic_and_sampled_elbo_agree(model, loc_shift=0.3, scale_factor=1.4):
    """The difference of the two is KL by formula less KL by sampling, of mean zero."""
    x = repeated(model.draws(1)[0])
    vae = model.vae(loc_shift, scale_factor)
    options = {"posterior": vae.encoder(x), "likelihood_fn": vae.decoder, "seed": 5}
    analytic = objectives.ELBO()(x, prior=vae.prior(), **options)
    sampled = objectives.ELBO()(x, prior=without_exact_kl(vae.prior()), **options)
    assert np.std(sampled.kl_divergence) > 1e-3
    assert_close(analytic.log_likelihood, sampled.log_likelihood)
    assert_mean(sampled.elbo - analytic.elbo, 0.0)


def check_sampled_elbo_at_the_exact_posterior_is_log_marginal_likelihood(model, sample_size=1):
    """Without any statistics: every single draw gives log p(x)."""
    x = model.draws(6)
    vae = model.vae()
    terms = objectives.ELBO(sample_size=sample_size)(
        x,
        posterior=vae.encoder(x),
        prior=without_exact_kl(vae.prior()),
        likelihood_fn=vae.decoder,
        seed=3,
    )
    assert_close(terms.elbo, model.log_marginal_likelihood(x))


def check_more_samples_mean_less_variance(model, sample_size=8):
    """The variance of the mean of S independent draws is an S-th of that of one."""
    x = repeated(model.draws(1)[0])
    vae = model.vae(0.3, 1.4)
    variances, errors = [], []
    for size in (1, sample_size):
        values = vae.elbo(x, sample_size=size, seed=11).elbo.numpy()
        centred = values - values.mean()
        variance = np.mean(centred**2)
        variances.append(variance * size)
        errors.append(size * np.sqrt((np.mean(centred**4) - variance**2) / len(values)))
    z = abs(variances[0] - variances[1]) / np.hypot(*errors)
    assert z < LIMIT, f"|z| is {z:.1f}: the draws of one example are not independent"


def check_enumerable_elbo(model, posterior_probs=None):
    """Discrete latents, where E[ELBO], log p(x) and the gap are finite sums."""
    x = model.all_observations()
    if posterior_probs is None:
        posterior_probs = np.full([len(x), len(model.prior_probs)], 0.35)
    log_likelihood, kl_divergence, gap = model.exact_terms(x, posterior_probs)
    log_marginal = model.log_marginal_likelihood(x)
    assert_close(np.exp(log_marginal).sum(), 1.0)
    assert_close(log_likelihood - kl_divergence, log_marginal - gap)
    terms = objectives.ELBO(sample_size=1)(
        np.repeat(x, 1000, axis=0),
        posterior=model.posterior(np.repeat(posterior_probs, 1000, axis=0)),
        prior=model.prior(),
        likelihood_fn=model.likelihood_fn,
        seed=2,
    )
    assert_close(terms.kl_divergence, np.repeat(kl_divergence, 1000))
    assert_mean(np.reshape(terms.log_likelihood, [-1, 1000]).T, log_likelihood)
    assert_mean(np.reshape(terms.elbo, [-1, 1000]).T, log_marginal - gap)


def check_gradient_is_unbiased(model, loc_shift=0.3, scale_factor=1.4):
    """The mean gradient is that of the exact ELBO, for loc, scale and the decoder's weights."""
    row = model.draws(1)[0]
    mean, stddev = (
        moment[0] for moment in model.posterior_moments(row[None], loc_shift, scale_factor)
    )
    parameters = [tf.constant(repeated(value, 2000)) for value in (mean, stddev, model.weights)]
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        loc, scale, weights = parameters

        def likelihood_fn(z):
            loc = tf.linalg.matvec(weights, z) + model.offset
            return diagonal_normal(loc, np.full(model.event_size, model.scale))

        terms = objectives.ELBO()(
            repeated(row, 2000),
            posterior=distributions.MultivariateNormalDiag(loc, scale),
            prior=model.prior(),
            likelihood_fn=likelihood_fn,
            seed=13,
        )
        total = tf.reduce_sum(terms.objective)
    drawn = tape.gradient(total, parameters)
    error = row - model.offset - model.weights @ mean
    precision = 1.0 / model.scale**2
    square = (model.weights**2).sum(axis=0)
    assert_mean(drawn[0], precision * model.weights.T @ error - mean)
    assert_mean(drawn[1], -precision * square * stddev - stddev + 1.0 / stddev)
    expected = precision * (np.outer(error, mean) - model.weights * stddev**2)
    assert_mean(drawn[2], expected)


def check_batch_order_and_size_change_nothing(model):
    x = model.draws(6)
    mean, stddev = model.posterior_moments(x, 0.3, 1.4)

    def elbo_of(rows):
        terms = objectives.ELBO(free_bits=0.2, sample_size=2)(
            x[rows],
            posterior=same_noise_normal(mean[rows], stddev[rows]),
            prior=model.prior(),
            likelihood_fn=model.likelihood_fn,
            seed=17,
        )
        return np.stack(terms)

    rows = np.arange(6)
    together = elbo_of(rows)
    order = np.array([3, 0, 5, 1, 4, 2])
    assert_close(elbo_of(order), together[:, order])
    assert_close(np.concatenate([elbo_of(rows[:2]), elbo_of(rows[2:])], axis=1), together)


def check_free_bits(vae, x, free_bits):
    """No bits change nothing; some make a latent count as at least that much, and the ELBO true."""
    options = {
        "posterior": vae.encoder(x),
        "prior": vae.prior(),
        "likelihood_fn": vae.decoder,
        "seed": 29,
    }
    plain = objectives.ELBO()(x, **options)
    free = objectives.ELBO(free_bits=0.0)(x, **options)
    for one, another in zip(plain, free, strict=True):
        np.testing.assert_array_equal(one, another)
    terms = objectives.ELBO(free_bits=free_bits)(x, **options)
    assert_close(terms.elbo, plain.elbo)
    assert_close(terms.kl_divergence, plain.kl_divergence)
    q = options["posterior"]
    per_latent = normal_kl_divergence(q.mean().numpy(), q.stddev().numpy())
    counted = np.maximum(per_latent, free_bits).sum(axis=-1)
    assert_close(terms.objective, terms.log_likelihood - counted)


def check_evaluate_is_the_mean_over_examples(model, run_eagerly=False):
    """A posterior of almost no width makes the log-likelihood a number rather than a draw."""
    x = model.draws(7)
    vae = model.vae(scale_factor=1e-7)
    vae.compile(run_eagerly=run_eagerly)
    mean, stddev = model.posterior_moments(x, scale_factor=1e-7)
    log_likelihood = model.log_likelihood(x, mean, stddev).mean()
    kl_divergence = normal_kl_divergence(mean, stddev).sum(axis=1).mean()
    for batch_size in (3, 7):
        log = vae.evaluate(x, batch_size=batch_size, verbose=0, return_dict=True)
        expected = {
            "loss": kl_divergence - log_likelihood,
            "elbo": log_likelihood - kl_divergence,
            "log_likelihood": log_likelihood,
            "kl_divergence": kl_divergence,
        }
        assert list(log) == sorted(expected)
        for name, value in expected.items():
            # The log is of float32, and so has seven digits.
            assert_close(log[name], value, 1e-5, 1e-5)


def check_training_loss_is_the_negative_mean_of_the_objective(model, run_eagerly=False):
    x = model.draws(7)
    vae = model.vae(scale_factor=1e-7, objective=objectives.ELBO(kl_weight=0.5))
    vae.compile(keras.optimizers.SGD(0.0), run_eagerly=run_eagerly)
    log = vae.fit(x, batch_size=3, verbose=0, shuffle=False).history
    mean, stddev = model.posterior_moments(x, scale_factor=1e-7)
    log_likelihood = model.log_likelihood(x, mean, stddev).mean()
    kl_divergence = normal_kl_divergence(mean, stddev).sum(axis=1).mean()
    assert_close(log["loss"], [0.5 * kl_divergence - log_likelihood], 1e-5, 1e-5)
    assert_close(log["elbo"], [log_likelihood - kl_divergence], 1e-5, 1e-5)


def check_preprocess_is_applied_once(model):
    """A model that halves its data scores x as the plain model scores x / 2."""
    x = model.draws(5)
    plain, halving = model.vae(0.1), model.vae(0.1, preprocess=keras.layers.Rescaling(0.5))
    for one, another in zip(plain.elbo(x / 2, seed=37), halving.elbo(x, seed=37), strict=True):
        assert_close(one, another)
    assert_close(plain.reconstruct(x / 2).mean(), halving.reconstruct(x).mean())


def check_binarization_has_the_mean_of_the_pixels():
    grey = np.tile([0.0, 0.1, 0.5, 0.9, 1.0], [DRAWS, 1])
    binary = networks.StochasticBinarization()(grey, seed=41).numpy()
    assert set(np.unique(binary)) == {0.0, 1.0}
    assert (binary[:, 0] == 0.0).all()
    assert (binary[:, -1] == 1.0).all()
    assert_mean(binary[:, 1:-1], grey[0, 1:-1])


def check_draws_have_the_moments_of_the_model(model):
    """x drawn from the model has the mean and the covariance of p(x), and of p(x) the means."""
    vae = model.vae()
    for mean, expected in (
        (False, model.covariance),
        (True, model.weights @ model.weights.T),
    ):
        centred = vae.sample(DRAWS, seed=43, mean=mean).numpy() - model.offset
        assert_mean(centred, 0.0)
        assert_mean(centred[:, :, None] * centred[:, None, :], expected)


LINEAR_GAUSSIAN = LinearGaussian.drawn()
ENUMERABLE = Enumerable.drawn()
