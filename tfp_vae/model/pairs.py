"""Which posteriors and priors make sense together."""

from tfp_vae.posteriors import Posterior
from tfp_vae.priors import Prior


def check_same_latent_space(posterior: Posterior, prior: Prior | Posterior) -> None:
    """Checks that a posterior and what it is compared with are distributions over the same set.

    Args:
      posterior: The layer that makes q.
      prior: The layer that makes p: a prior, or below the topmost layer of latents the layer that
        makes p(z₁|z₂).

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
