"""Which posteriors and priors make sense together."""

from tfp_vae.posteriors import Posterior
from tfp_vae.priors import Prior


def check_same_latent_space(posterior: Posterior, prior: Prior) -> None:
    """Checks that a posterior and a prior are distributions over the same set.

    Raises:
      ValueError: If they are not, with the reason.
    """
    ours, theirs = posterior.latent_space, prior.latent_space
    if theirs is None or theirs == ours:
        return
    raise ValueError(
        f"`prior` must be a distribution over the latents of {type(posterior).__name__}, "
        f"{ours.description}, as a KL divergence compares two densities on the same set; got "
        f"{type(prior).__name__}, a distribution over {theirs.description}."
    )
