"""What NumPy makes of the draws of an objective: its terms and their gradient, by formula."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from scipy import special, stats

from tfp_vae import divergences, objectives, seeds
from tfp_vae.testing import (
    AggregatePosterior,
    assert_close,
    assert_mean,
    diagonal_normal,
    normal_kl_divergence,
    normal_squared_maximum_mean_discrepancy,
)
from tfp_vae.testing.objective_gradients import PRIOR_LOC, PRIOR_SCALE, gradients

DRAWS = 4000


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
    kl_divergence = normal_kl_divergence(mean, stddev, PRIOR_LOC, PRIOR_SCALE)
    counted = objective.kl_weight * (kl_divergence > objective.free_bits)
    by_likelihood = error / model.scale**2
    by_prior = counted * (found.z - PRIOR_LOC) / PRIOR_SCALE**2
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


# The parts of the KL


def parts_of(aggregate, estimator, batch, sample_size=3, seed=7):
    """Returns the draws of a batch of examples, and the parts of the KL that they give."""
    batch = list(batch)
    q = diagonal_normal(aggregate.mean[batch], aggregate.stddev[batch])
    z = q.sample(sample_size, seed=[seed, 0])
    size = z.shape[-1]
    prior = diagonal_normal(np.zeros(size), np.ones(size))
    return z.numpy(), divergences.decomposed_kl_divergence(
        q, prior, z, aggregate.data_size, estimator
    )


def check_decomposition_of_a_batch(aggregate, estimator, batch):
    """To all digits what NumPy makes of the same draws; together the sampled KL."""
    z, parts = parts_of(aggregate, estimator, batch)
    weights_of = aggregate.minibatch_weights(estimator, batch)
    expected = aggregate.estimates(z, batch, weights_of)
    assert_close(np.stack(parts), expected.mean(axis=1))
    log_q = stats.norm.logpdf(z, aggregate.mean[list(batch)], aggregate.stddev[list(batch)])
    together = (log_q - stats.norm.logpdf(z)).sum(axis=-1).mean(axis=0)
    assert_close(sum(parts), together)


def check_decomposition_of_the_data(aggregate):
    """Stratified, with the data set as the batch: each part has the exact mean, by quadrature.

    The weighted estimate of log q(z) is then too low by log N in one and all dimensions.
    """
    everything = range(aggregate.data_size)
    exact = aggregate.exact_decomposition()
    z, parts = parts_of(aggregate, "minibatch_stratified", everything, DRAWS)
    weights_of = aggregate.minibatch_weights("minibatch_stratified", everything)
    estimates = aggregate.estimates(z, everything, weights_of)
    assert_close(np.stack(parts), estimates.mean(axis=1))
    assert_mean(estimates.mean(axis=-1).T, exact)
    _, stratified = parts_of(aggregate, "minibatch_stratified", everything)
    _, weighted = parts_of(aggregate, "minibatch_weighted", everything)
    log_size, latent_size = np.log(aggregate.data_size), z.shape[-1]
    shifts = np.array([log_size, (latent_size - 1) * log_size, -latent_size * log_size])
    assert_close(np.mean(weighted, axis=1) - np.mean(stratified, axis=1), shifts)


def check_beta_tcvae(objective, model, batch_size=6):
    """The objective is the bound less what the weights add to each part of the KL."""
    x, vae = model.draws(batch_size), model.vae(0.3, 1.4)
    q, p = vae.encoder(x), vae.prior()
    terms = objective(x, posterior=q, prior=p, likelihood_fn=vae.decoder, seed=5)
    elbo = objectives.ELBO(sample_size=objective.sample_size)(
        x, posterior=q, prior=p, likelihood_fn=vae.decoder, seed=5
    )
    assert_close(np.stack(terms)[:3], np.stack(elbo)[:3])
    z = q.sample(objective.sample_size, seed=seeds.as_seed(5)).numpy()
    # The data outside the batch counts nothing, whatever its posteriors are.
    outside = [(0, objective.data_size - batch_size), (0, 0)]
    aggregate = AggregatePosterior(
        np.pad(q.mean().numpy(), outside), np.pad(q.stddev().numpy(), outside, constant_values=1.0)
    )
    batch = range(batch_size)
    weights_of = aggregate.minibatch_weights(objective.aggregate_estimator, batch)
    parts = aggregate.estimates(z, batch, weights_of).mean(axis=1)
    mutual_information, total_correlation, dimension_wise = parts
    assert_close(
        terms.objective,
        elbo.elbo
        - (objective.mutual_information_weight - 1.0) * mutual_information
        - (objective.total_correlation_weight - 1.0) * total_correlation
        - (objective.dimension_wise_kl_weight - 1.0) * dimension_wise,
    )
    named = objective.decomposition(q, p, seed=5)
    assert_close(named.index_code_mutual_information, mutual_information)
    assert_close(named.total_correlation, total_correlation)
    assert_close(named.dimension_wise_kl_divergence, dimension_wise)


# The discrepancy of the aggregate posterior from the prior

MEAN, STDDEV = np.array([0.8, -0.2]), np.array([0.6, 1.2])
PRIOR_MEAN, PRIOR_STDDEV = np.array([-0.1, 0.3]), np.array([1.1, 0.9])


def _normal_discrepancy(bandwidth, kernel):
    """Returns the exact discrepancy of the two normals.

    The inverse multiquadric 1 / (1 + d) is the integral of exp(-u) exp(-u d), and so its
    discrepancy a mean of those of Gaussian kernels, which Gauss-Laguerre quadrature computes.
    """
    moments = (MEAN, STDDEV, PRIOR_MEAN, PRIOR_STDDEV)
    if kernel == "gaussian":
        return normal_squared_maximum_mean_discrepancy(*moments, bandwidth)
    points, weights = np.polynomial.laguerre.laggauss(60)
    of_each = [
        normal_squared_maximum_mean_discrepancy(*moments, bandwidth / np.sqrt(point))
        for point in points
    ]
    return np.dot(weights, of_each)


def check_discrepancy(bandwidth=0.9, batch_size=4, kernel="gaussian"):
    """To all digits what NumPy makes of the same draws, whose mean is the closed form."""
    prior = diagonal_normal(PRIOR_MEAN, PRIOR_STDDEV)
    q = diagonal_normal(MEAN, STDDEV)
    z = q.sample([DRAWS, batch_size], seed=[1, 2])
    seed = tf.constant([3, 4])
    draws = prior.sample([DRAWS, batch_size], seed=seed).numpy()

    def similarity(first, second):
        apart = first[:, :, None] - second[:, None]
        distance = 0.5 * (apart**2).sum(axis=-1) / bandwidth**2
        return np.exp(-distance) if kernel == "gaussian" else 1.0 / (1.0 + distance)

    others = 1.0 - np.eye(batch_size)
    pairs = batch_size * (batch_size - 1)
    rows = (
        (similarity(z.numpy(), z.numpy()) * others).sum(axis=2) / (batch_size - 1)
        + (similarity(draws, draws) * others).sum(axis=(1, 2))[:, None] / pairs
        - 2.0 * similarity(z.numpy(), draws).mean(axis=2)
    )
    found = divergences.squared_maximum_mean_discrepancy(z, prior, seed, bandwidth, kernel)
    assert_close(found, rows.mean(axis=0))
    assert_mean(rows.mean(axis=1), _normal_discrepancy(bandwidth, kernel))


def check_gradient_of_discrepancy(prior_of, repetitions=400, batch_size=6, bandwidth=0.9):
    """The mean gradient by both means is that of the closed form, by finite differences."""

    def gradient(seed):
        parameters = [tf.constant(MEAN), tf.constant(PRIOR_MEAN)]
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            z = diagonal_normal(parameters[0], STDDEV).sample([1, batch_size], seed=seed)
            rows = divergences.squared_maximum_mean_discrepancy(
                z, prior_of(parameters[1], PRIOR_STDDEV), seed + 7, bandwidth
            )
            value = tf.reduce_mean(rows)
        return tf.stack(tape.gradient(value, parameters, unconnected_gradients="zero"))

    keys = np.random.default_rng(0).integers(2**31 - 10, size=[repetitions, 2]).astype(np.int32)
    found = tf.function(lambda keys: tf.map_fn(gradient, keys, fn_output_signature=tf.float64))(
        keys
    )
    steps = 1e-5 * np.eye(2)
    exact = [
        [
            normal_squared_maximum_mean_discrepancy(*moments(step), bandwidth)
            - normal_squared_maximum_mean_discrepancy(*moments(-step), bandwidth)
            for step in steps
        ]
        for moments in (
            lambda step: (MEAN + step, STDDEV, PRIOR_MEAN, PRIOR_STDDEV),
            lambda step: (MEAN, STDDEV, PRIOR_MEAN + step, PRIOR_STDDEV),
        )
    ]
    assert_mean(found, np.array(exact) / 2e-5)


def check_info_vae(objective, model, batch_size=6):
    """The log-likelihood less the weighted KL of a row and its share of the discrepancy."""
    x, vae = model.draws(batch_size), model.vae(0.3, 1.4)
    q, p = vae.encoder(x), vae.prior()
    parts = {"posterior": q, "prior": p, "likelihood_fn": vae.decoder, "seed": 5}
    terms = objective(x, **parts)
    elbo = objectives.ELBO(sample_size=objective.sample_size)(x, **parts)
    assert_close(np.stack(terms)[:3], np.stack(elbo)[:3])
    seed = seeds.as_seed(5)
    discrepancy = divergences.squared_maximum_mean_discrepancy(
        q.sample(objective.sample_size, seed=seed),
        p,
        seeds.independent_seed(seed),
        objective.bandwidth or np.sqrt(model.latent_size),
        objective.kernel,
    )
    assert_close(
        terms.objective,
        elbo.log_likelihood
        - objective.kl_weight * elbo.kl_divergence
        - objective.mmd_weight * discrepancy,
    )


# What is asked of the aggregate posterior's moments, and of the mean KL


def _terms_of_a_batch(objective, model, batch_size):
    """Returns the terms of an objective, those of the bound from the same draws, and q(z|x)."""
    x, vae = model.draws(batch_size), model.vae(0.3, 1.4)
    q = vae.encoder(x)
    parts = {"posterior": q, "prior": vae.prior(), "likelihood_fn": vae.decoder, "seed": 5}
    terms = objective(x, **parts, step=3)
    elbo = objectives.ELBO(sample_size=objective.sample_size)(x, **parts)
    assert_close(np.stack(terms)[:3], np.stack(elbo)[:3])
    return terms, elbo, q


def check_dip_vae(objective, model, batch_size=6):
    """The bound less the weighted squares of what the covariance is from the identity."""
    terms, elbo, q = _terms_of_a_batch(objective, model, batch_size)
    covariance = np.cov(q.mean().numpy(), rowvar=False, bias=True).reshape([model.latent_size] * 2)
    if objective.covariance == "aggregate_posterior":
        covariance = covariance + np.diag(np.mean(q.stddev().numpy() ** 2, axis=0))
    off = (covariance - np.eye(model.latent_size)) ** 2
    penalty = (
        objective.off_diagonal_weight * (off.sum() - np.trace(off))
        + objective.diagonal_weight * np.trace(off)
    )  # fmt: skip
    assert_close(terms.objective, elbo.elbo - penalty)


def check_capacity(objective, capacity, model, batch_size=6):
    """The log-likelihood less the weighted distance of the mean KL from the capacity."""
    terms, elbo, _ = _terms_of_a_batch(objective, model, batch_size)
    distance = np.abs(np.mean(elbo.kl_divergence) - capacity)
    assert distance > 1e-3
    assert_close(terms.objective, elbo.log_likelihood - objective.weight * distance)
