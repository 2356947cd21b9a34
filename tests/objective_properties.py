"""The properties of the objectives beside the plain bound, in the manner of `properties`."""

import itertools
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from scipy import special, stats

from oracles import diagonal_normal, normal_kl_divergence
from properties import assert_close, repeated
from tfp_vae import distributions
from zscores import assert_mean, assert_mean_at_most

DRAWS = 4000
PRIOR_SCALE = 1.3


class Gradients(NamedTuple):
    """What an objective gives for many rows of the same x, and how it depends on every group.

    Attributes:
      terms: The terms, `[N]` each.
      z: The draws, `[S, N, L]`.
      encoder: The gradient by the posterior's loc and scale, `[N, 2, L]`.
      decoder: The gradient by the decoder's weights, `[N, D, L]`.
      prior: The gradient by the prior's loc, `[N, L]`.
    """

    terms: object
    z: np.ndarray
    encoder: np.ndarray
    decoder: np.ndarray
    prior: np.ndarray


def gradients(objective, model, loc_shift=0.3, scale_factor=1.4, count=DRAWS, seed=13):
    """Differentiates by parameters of which every row has its own copy."""
    row = model.draws(1)[0]
    moments = [moment[0] for moment in model.posterior_moments(row[None], loc_shift, scale_factor)]
    prior_loc = np.full(model.latent_size, 0.2) if scale_factor != 1.0 else 0.0 * moments[0]
    prior_scale = PRIOR_SCALE if scale_factor != 1.0 else 1.0
    parameters = [
        tf.constant(repeated(value, count)) for value in (*moments, model.weights, prior_loc)
    ]
    draws = []
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        loc, scale, weights, prior_loc = parameters

        def likelihood_fn(z):
            draws.append(z.numpy())
            return diagonal_normal(
                tf.linalg.matvec(weights, z) + model.offset, np.full(model.event_size, model.scale)
            )

        terms = objective(
            repeated(row, count),
            posterior=distributions.MultivariateNormalDiag(loc, scale),
            prior=diagonal_normal(prior_loc, prior_scale * tf.ones_like(prior_loc)),
            likelihood_fn=likelihood_fn,
            seed=seed,
        )
        total = tf.reduce_sum(terms.objective)
    drawn = [value.numpy() for value in tape.gradient(total, parameters)]
    return Gradients(terms, draws[0], np.stack(drawn[:2], axis=1), drawn[2], drawn[3])


def draws_and_moments(found, model):
    """Returns the moments of the posterior, its noise, and the error of the likelihood's mean."""
    row = model.draws(1)
    mean, stddev = (moment[0] for moment in model.posterior_moments(row, 0.3, 1.4))
    error = row - found.z @ model.weights.T - model.offset
    return mean, stddev, (found.z - mean) / stddev, error


# The gradient of the evidence lower bound


def check_sticking_the_landing_gradient(objective, model, count=50):
    """The gradient of every row is, to all digits, what NumPy makes of the same draws."""
    found = gradients(objective, model, count=count)
    mean, stddev, noise, error = draws_and_moments(found, model)
    kl_divergence = normal_kl_divergence(mean, stddev, 0.2, PRIOR_SCALE)
    counted = objective.kl_weight * (kl_divergence > objective.free_bits)
    by_likelihood = error / model.scale**2
    by_prior = counted * (found.z - 0.2) / PRIOR_SCALE**2
    path = by_likelihood @ model.weights - by_prior + counted * noise / stddev
    assert_close(found.encoder[:, 0], path.mean(axis=0))
    assert_close(found.encoder[:, 1], (path * noise).mean(axis=0))
    size = objective.sample_size
    assert_close(found.decoder, np.einsum("snd,snl->ndl", by_likelihood, found.z) / size)
    assert_close(found.prior, by_prior.mean(axis=0))
    paid = np.maximum(kl_divergence, objective.free_bits).sum()
    expected = found.terms.log_likelihood - objective.kl_weight * paid
    assert_close(found.terms.objective, expected)
    assert_close(found.terms.kl_divergence, kl_divergence.sum())


# The importance-weighted bound


def check_importance_weighted_bound_and_gradient(objective, model, count=50):
    """Value and gradient of every row are, to all digits, what NumPy makes of the same draws."""
    found = gradients(objective, model, count=count)
    mean, stddev, noise, error = draws_and_moments(found, model)
    log_weights = (
        stats.norm.logpdf(error, 0.0, model.scale).sum(axis=-1)
        + stats.norm.logpdf(found.z, 0.2, PRIOR_SCALE).sum(axis=-1)
        - stats.norm.logpdf(found.z, mean, stddev).sum(axis=-1)
    )
    log_size = np.log(objective.importance_sample_size)
    assert_close(found.terms.objective, special.logsumexp(log_weights, axis=0) - log_size)
    by_likelihood = error / model.scale**2
    by_prior = (found.z - 0.2) / PRIOR_SCALE**2
    path = by_likelihood @ model.weights - by_prior + noise / stddev
    by_loc, by_scale = path, path * noise
    normalised = special.softmax(log_weights, axis=0)[..., None]
    factor = normalised
    if objective.gradient_estimator == "standard":
        by_loc, by_scale = by_loc - noise / stddev, by_scale - (noise**2 - 1.0) / stddev
    else:
        factor = normalised**2
    assert_close(found.encoder[:, 0], (factor * by_loc).sum(axis=0))
    assert_close(found.encoder[:, 1], (factor * by_scale).sum(axis=0))
    assert_close(
        found.decoder, np.einsum("kn,knd,knl->ndl", normalised[..., 0], by_likelihood, found.z)
    )
    assert_close(found.prior, (normalised * by_prior).sum(axis=0))


def check_estimator_is_unbiased(objective, reference, model):
    """Value equal; mean gradient that of the reference for encoder, decoder and prior.

    The two draw different noise, so that the rows of their difference are independent.
    """
    values = [np.stack(gradients(each, model, count=5).terms) for each in (objective, reference)]
    assert_close(*values)
    found = gradients(objective, model, seed=5)
    expected = gradients(reference, model, seed=6)
    for group in ("encoder", "decoder", "prior"):
        assert_mean(getattr(found, group) - getattr(expected, group), 0.0)


def check_exact_posterior_gives_log_marginal_likelihood(objective, model):
    """Without any statistics: every draw gives log p(x)."""
    found = gradients(objective, model, 0.0, 1.0, count=20)
    assert_close(found.terms.objective, model.log_marginal_likelihood(model.draws(1)[0])[0])


def check_exact_posterior_has_no_gradient(objective, model):
    """Nothing of the gradient of any draw reaches the encoder, and something the decoder."""
    found = gradients(objective, model, 0.0, 1.0, count=20)
    assert_close(found.encoder, 0.0)
    assert np.max(np.abs(found.decoder)) > 1e-3
    assert np.max(np.abs(found.prior)) > 1e-3


def check_bounds_are_ordered(objective_of, model, sizes=(1, 2, 4, 16)):
    """E[ELBO] ≤ E[IWAE-1] ≤ E[IWAE-2] ≤ ... ≤ log p(x), and for the same draws ELBO ≤ IWAE."""
    x = repeated(model.draws(1)[0])
    vae = model.vae(0.3, 1.4)
    parts = {"posterior": vae.encoder(x), "prior": vae.prior(), "likelihood_fn": vae.decoder}
    bounds = []
    for size in sizes:
        terms = objective_of(size)(x, **parts, seed=size)
        assert_mean_at_most(terms.elbo - terms.objective, 0.0)
        bounds.append(terms.objective.numpy())
    for lower, higher in itertools.pairwise(bounds):
        assert_mean_at_most(lower - higher, 0.0)
    assert np.mean(bounds[-1]) > np.mean(bounds[0])
    assert_mean_at_most(bounds[-1], model.log_marginal_likelihood(x[0])[0])
