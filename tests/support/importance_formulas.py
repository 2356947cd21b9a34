"""What NumPy makes of the draws of an importance-weighted objective, value and gradient."""

from typing import NamedTuple

import numpy as np
from scipy import special, stats

from tests.support.objective_formulas import draws_and_moments
from tfp_vae import objectives
from tfp_vae.testing import assert_close
from tfp_vae.testing.objective_gradients import PRIOR_LOC, PRIOR_SCALE, gradients


def check_importance_weighted_bound_and_gradient(objective, model, count=50):
    """Value and gradient of every row are, to all digits, what NumPy makes of the same draws."""
    found = gradients(objective, model, count=count)
    draws = _weighted_draws(found, model)
    bounds, count_of_bounds = objective.sample_size, objective.importance_sample_size
    grouped = draws.log_weights.reshape(count_of_bounds, bounds, count)
    of_each = special.logsumexp(grouped, axis=0) - np.log(count_of_bounds)
    assert_close(found.terms.objective, of_each.mean(axis=0))
    normalised = special.softmax(grouped, axis=0).reshape(-1, count)
    if objective.gradient_estimator == "standard":
        by_encoder, factor = draws.by_encoder, normalised
    else:
        by_encoder, factor = draws.by_path, normalised**2
    _check_gradients(found, draws._replace(by_encoder=by_encoder), factor / bounds)
    _check_gradients_of_the_rest(found, draws, normalised / bounds)


def check_partially_importance_weighted_gradient(objective, model, count=50):
    """The encoder has the gradient of the mean of bounds, the rest that of the bound of all."""
    found = gradients(objective, model, count=count)
    draws = _weighted_draws(found, model)
    log_size = np.log(objective.importance_sample_size)
    assert_close(found.terms.objective, special.logsumexp(draws.log_weights, axis=0) - log_size)
    size = objective.encoder_importance_sample_size
    grouped = draws.log_weights.reshape(size, -1, count)
    of_encoder = special.softmax(grouped, axis=0) / grouped.shape[1]
    _check_gradients(found, draws, of_encoder.reshape(-1, count))
    _check_gradients_of_the_rest(found, draws, special.softmax(draws.log_weights, axis=0))


def check_renyi_bound_and_gradient(objective, model, count=50):
    """The bound by SciPy's `logsumexp`, and the gradient by the normalised powers of weights."""
    found = gradients(objective, model, count=count)
    draws = _weighted_draws(found, model)
    powers = (1.0 - objective.alpha) * draws.log_weights
    log_size = np.log(objective.importance_sample_size)
    bound = (special.logsumexp(powers, axis=0) - log_size) / (1.0 - objective.alpha)
    assert_close(found.terms.objective, bound)
    normalised = special.softmax(powers, axis=0)
    _check_gradients(found, draws, normalised)
    _check_gradients_of_the_rest(found, draws, normalised)


def check_extreme_weight_and_its_gradient(objective, model, count=50):
    """The logarithm of the largest weight for alpha = -∞, of the smallest for ∞."""
    found = gradients(objective, model, count=count)
    draws = _weighted_draws(found, model)
    best = np.argmax(-np.sign(objective.alpha) * draws.log_weights, axis=0)
    chosen = (best, np.arange(count))
    assert_close(found.terms.objective, draws.log_weights[chosen])
    weights = np.zeros_like(draws.log_weights)
    weights[chosen] = 1.0
    _check_gradients(found, draws, weights)
    _check_gradients_of_the_rest(found, draws, weights)


def check_combined_bound_and_gradient(objective, model, count=50):
    """Value and gradients are the weighted means of those of both bounds, from the same draws."""
    found, elbo, tighter = (
        gradients(each, model, count=count)
        for each in (
            objective,
            objectives.ELBO(sample_size=objective.importance_sample_size),
            objectives.IWAE(objective.importance_sample_size),
        )
    )
    weight = objective.elbo_weight

    def combined(one, other):
        return weight * one + (1.0 - weight) * other

    assert_close(found.terms.objective, combined(elbo.terms.objective, tighter.terms.objective))
    for group in ("encoder", "decoder", "prior"):
        expected = combined(getattr(elbo, group), getattr(tighter, group))
        assert_close(getattr(found, group), expected)


def _check_gradients(found, draws, weights):
    """The encoder's gradient is that of the log-weights of the draws, `[S, N]`, weighted."""
    assert_close(found.encoder, (weights[..., None, None] * draws.by_encoder).sum(axis=0))


def _check_gradients_of_the_rest(found, draws, weights):
    assert_close(found.decoder, (weights[..., None, None] * draws.by_decoder).sum(axis=0))
    assert_close(found.prior, (weights[..., None] * draws.by_prior).sum(axis=0))


def check_resampled_gradient(objective, model, count=50):
    """The value is the bound, and the gradient of every row that of the log-weight of one draw."""
    found = gradients(objective, model, count=count)
    draws = _weighted_draws(found, model)
    log_size = np.log(objective.importance_sample_size)
    assert_close(found.terms.objective, special.logsumexp(draws.log_weights, axis=0) - log_size)
    off = np.abs(draws.by_decoder - found.decoder).max(axis=(-2, -1))
    chosen = (np.argmin(off, axis=0), np.arange(count))
    assert_close(found.decoder, draws.by_decoder[chosen])
    assert_close(found.encoder, draws.by_encoder[chosen])
    assert_close(found.prior, draws.by_prior[chosen])


class _WeightedDraws(NamedTuple):
    """The log-weights of draws, `[K, N]`, and their gradients by what `gradients` differentiates.

    `by_encoder` is the total derivative, `by_path` that without the score.
    """

    log_weights: np.ndarray
    by_encoder: np.ndarray
    by_path: np.ndarray
    by_decoder: np.ndarray
    by_prior: np.ndarray


def _weighted_draws(found, model):
    mean, stddev, noise, error = draws_and_moments(found, model)
    log_weights = (
        stats.norm.logpdf(error, 0.0, model.scale).sum(axis=-1)
        + stats.norm.logpdf(found.z, PRIOR_LOC, PRIOR_SCALE).sum(axis=-1)
        - stats.norm.logpdf(found.z, mean, stddev).sum(axis=-1)
    )
    by_likelihood = error / model.scale**2
    by_prior = (found.z - PRIOR_LOC) / PRIOR_SCALE**2
    path = by_likelihood @ model.weights - by_prior + noise / stddev
    by_path = np.stack([path, path * noise], axis=-2)
    score = np.stack([noise / stddev, (noise**2 - 1.0) / stddev], axis=-2)
    by_decoder = np.einsum("knd,knl->kndl", by_likelihood, found.z)
    return _WeightedDraws(log_weights, by_path - score, by_path, by_decoder, by_prior)
