"""What NumPy makes of the draws of an objective: its terms and their gradient, by formula."""

import numpy as np
import tensorflow as tf
from scipy import stats

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
