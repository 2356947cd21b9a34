"""What the bound is in the mean over many draws, and what it must not exceed."""

import math

import numpy as np

from tfp_vae import objectives, seeds
from tfp_vae.testing.assertions import LIMIT, assert_mean, assert_mean_at_most
from tfp_vae.testing.properties.subject import (
    DRAWS,
    ROWS_WITH_STATISTICS,
    Subject,
    expect,
    needs_no_noise_of_data,
)


def elbo_is_the_mean_over_draws_of_the_posterior(subject: Subject) -> None:
    """The log-likelihood of the bound is E[log p(x|z)], and its KL that of q from p."""
    needs_no_noise_of_data(subject)
    for place in subject.everywhere[:ROWS_WITH_STATISTICS]:
        places = np.full(DRAWS, place)
        terms = subject.elbo(subject.x[places], places, seed=3)
        batch = subject.distributions(places[:1])
        z = batch.posterior.sample(DRAWS, seed=seeds.as_seed(4))
        log_likelihood = batch.likelihood_fn(z).log_prob(batch.x)[:, 0]
        rounding = subject.rounding
        assert_mean(terms.log_likelihood - log_likelihood, 0.0, rounding=rounding)
        assert_mean(terms.elbo - batch.log_weights(z)[:, 0], 0.0, rounding=rounding)


def elbo_is_at_most_log_marginal_likelihood(subject: Subject) -> None:
    """The mean of the bound does not exceed the importance-sampling estimate of log p(x)."""
    needs_no_noise_of_data(subject)
    places = subject.everywhere[:ROWS_WITH_STATISTICS]
    terms = subject.elbo(subject.x[places], places, sample_size=DRAWS, seed=5)
    _is_at_most_log_marginal_likelihood(terms.elbo.numpy(), subject, places)


def importance_weighted_bounds_are_ordered(subject: Subject) -> None:
    """The IWAE bound rises with the sample size from the sampled ELBO to at most log p(x)."""
    needs_no_noise_of_data(subject)
    for place in subject.everywhere[:ROWS_WITH_STATISTICS]:
        places = np.full(DRAWS, place)
        batch = subject.distributions(places)
        z = batch.posterior.sample(1, seed=seeds.as_seed(14))
        single = subject.objective_on(objectives.IWAE(1), places, seed=14).objective
        subject.expect_close(single, batch.log_weights(z)[0], "the bound of one draw")
        several = subject.objective_on(objectives.IWAE(4), places, seed=15).objective
        assert_mean_at_most(single - several, 0.0, rounding=subject.rounding)
        mean = np.mean(several, keepdims=True)
        _is_at_most_log_marginal_likelihood(mean, subject, places[:1])


def _is_at_most_log_marginal_likelihood(
    bounds: np.ndarray, subject: Subject, places: np.ndarray
) -> None:
    """Compares the means of bounds of `DRAWS` draws with the estimate from as many others.

    The errors of both are added: a bound varies as the log-likelihood does where its KL is exact,
    and as the log-weights do where it is sampled.
    """
    batch = subject.distributions(places)
    z = batch.posterior.sample(DRAWS, seed=[5, 6])
    log_weights = np.float64(batch.log_weights(z))
    log_likelihood = np.float64(batch.likelihood_fn(z).log_prob(batch.x))
    weights = np.exp(log_weights - log_weights.max(axis=0))
    estimate = log_weights.max(axis=0) + np.log(weights.mean(axis=0))
    error = weights.std(axis=0) / weights.mean(axis=0)
    error += np.maximum(log_weights.std(axis=0), log_likelihood.std(axis=0))
    excess = bounds - estimate - LIMIT * error / math.sqrt(DRAWS)
    expect(np.all(excess < 1e-3), f"it does by {excess.max():g} nats")
