"""The weight of the KL, and the free bits of every latent."""

import numpy as np

from tfp_vae import objectives
from tfp_vae.testing.properties.subject import Subject, expect


def objective_is_affine_in_the_kl_weight(subject: Subject) -> None:
    """Weight 1 is the bound, weight 0 the log-likelihood, and others lie on that line."""
    for weight in (0.0, 1.0, 3.5):
        terms = subject.objective_on(objectives.ELBO(kl_weight=weight), subject.everywhere, seed=8)
        expected = terms.log_likelihood - weight * terms.kl_divergence
        name = f"the objective with the KL weight {weight:g}"
        subject.expect_close(terms.objective, expected, name)
        subject.expect_close(terms.elbo, terms.log_likelihood - terms.kl_divergence, "elbo")


def free_bits_lower_the_objective_alone(subject: Subject) -> None:
    """`free_bits=0` changes nothing; any other leaves the ELBO and does not raise the objective."""
    plain, none, some = (
        subject.objective_on(objective, subject.everywhere, seed=17)
        for objective in (
            objectives.ELBO(),
            objectives.ELBO(free_bits=0.0),
            objectives.ELBO(free_bits=0.5),
        )
    )
    for name, one, another in zip(plain._fields, plain, none, strict=True):
        subject.expect_close(another, one, f"{name} with no free bits")
    subject.expect_close(some.elbo, plain.elbo, "elbo with free bits")
    excess = np.max(some.objective - some.elbo)
    expect(excess <= subject.tolerance, f"the objective exceeds the bound by {excess:g} nats")
