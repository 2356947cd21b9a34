"""Whether a KL divergence is exact or estimated, in words."""

from tensorflow_probability import distributions as tfd

from tfp_vae.distributions import RecurrentNormal
from tfp_vae.divergences.kl import exact_kl_divergence
from tfp_vae.divergences.kl_per_layer import layers_are_exact


def declaration(posterior: tfd.Distribution, prior: tfd.Distribution) -> str:
    """Returns in words whether KL(q‖p) is exact or estimated.

    Args:
      posterior: q, batch `[B]`, event `[L]`.
      prior: p, batch `[]` or `[B]`, event `[L]`.

    Returns:
      A sentence, as in the example; for an estimate it names the estimator.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> divergences.declaration(q, q)
      'KL: exact'
    """
    if exact_kl_divergence(posterior, prior) is not None:
        return "KL: exact"
    if layers_are_exact(posterior, prior):
        if isinstance(posterior, RecurrentNormal):
            return (
                "KL: exact for each step given those before, Monte Carlo estimate over their draws"
            )
        return "KL: exact for each layer given those above, Monte Carlo estimate over their draws"
    return "KL: Monte Carlo estimate, log q(z) - log p(z) at the draws"
