"""Which public building blocks the strategies of `tfp_vae.testing` do not draw yet."""

import inspect
from typing import Any

from tfp_vae import likelihoods, networks, objectives, posteriors, priors
from tfp_vae.testing.strategies.likelihood import LIKELIHOODS
from tfp_vae.testing.strategies.network import NETWORKS
from tfp_vae.testing.strategies.objective import OBJECTIVES, SCHEDULES
from tfp_vae.testing.strategies.posterior import POSTERIORS
from tfp_vae.testing.strategies.prior import PRIORS

BESIDE_NETWORKS = {
    "AffineMap",
    "LinearPath",
    "NextCode",
    "compressed_tails",
    "moments",
    "step_mask",
}
"""Names of `tfp_vae.networks` that are no networks: what is added to one, and functions."""


def public_classes(module: Any, base: type) -> set[type]:
    """Returns the concrete subclasses of `base` among the public names of `module`."""
    members = (getattr(module, name) for name in module.__all__)
    return {
        member
        for member in members
        if inspect.isclass(member) and issubclass(member, base) and not inspect.isabstract(member)
    }


def missing() -> set[str]:
    """Returns the public building blocks for which there is no strategy."""
    kinds = [
        (posteriors, posteriors.Posterior, POSTERIORS),
        (priors, priors.Prior, PRIORS),
        (likelihoods, likelihoods.Likelihood, LIKELIHOODS),
        (objectives, objectives.Objective, OBJECTIVES),
        (objectives, objectives.Schedule, SCHEDULES),
    ]
    classes = {
        f"{module.__name__}.{kind.__name__}"
        for module, base, registry in kinds
        for kind in public_classes(module, base) - set(registry)
    }
    public = set(networks.__all__) - BESIDE_NETWORKS
    names = {f"{networks.__name__}.{name}" for name in public - set(NETWORKS)}
    return classes | names
