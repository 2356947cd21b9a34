"""The KL of the posterior from the prior, where its exact form is known."""

import numpy as np

from tfp_vae import divergences, seeds
from tfp_vae.testing.assertions import assert_mean
from tfp_vae.testing.properties.subject import (
    DRAWS,
    ROWS_WITH_STATISTICS,
    NotApplicable,
    Subject,
    expect,
)


def kl_divergence_is_not_negative(subject: Subject) -> None:
    """An exact KL is at least 0."""
    kl = _exact(subject)
    expect(np.all(kl >= -1e-4 * (1.0 + np.abs(kl))), f"the smallest is {kl.min():g} nats")


def kl_divergence_of_equal_distributions_is_zero(subject: Subject) -> None:
    """The KL of the posterior from itself is 0."""
    posterior = subject.distributions(subject.everywhere).posterior
    kl = divergences.exact_kl_divergence(posterior, posterior)
    if kl is None:
        raise NotApplicable("no exact KL of this posterior from another of its kind is known")
    subject.expect_close(kl, np.zeros(len(subject.x)), "the KL")


def kl_divergence_is_the_sum_over_independent_latents(subject: Subject) -> None:
    """The KLs of the single latents add up to that of all, and none is negative."""
    batch = subject.distributions(subject.everywhere)
    parts = divergences.kl_divergence_per_dimension(batch.posterior, batch.prior)
    if parts is None:
        raise NotApplicable("the latents of posterior and prior are not all independent")
    expect(np.all(parts >= -1e-4), f"the smallest of a latent is {np.min(parts):g} nats")
    subject.expect_close(np.sum(parts, axis=-1), _exact(subject), "their sum")


def exact_and_sampled_kl_divergence_agree(subject: Subject) -> None:
    """The mean of log q(z) - log p(z) over draws of q is the exact KL."""
    exact = _exact(subject)[:ROWS_WITH_STATISTICS]
    batch = subject.distributions(subject.everywhere[:ROWS_WITH_STATISTICS])
    z = batch.posterior.sample(DRAWS, seed=seeds.as_seed(2))
    sampled = batch.posterior.log_prob(z) - batch.prior.log_prob(z)
    assert_mean(sampled, exact, rounding=subject.rounding)


def _exact(subject: Subject) -> np.ndarray:
    batch = subject.distributions(subject.everywhere)
    exact = divergences.exact_kl_divergence(batch.posterior, batch.prior)
    if exact is None:
        raise NotApplicable("no exact KL of this posterior from this prior is known")
    return np.asarray(exact)
