"""Which posteriors and priors make sense together."""

from collections.abc import Mapping

import keras

from tfp_vae import supports
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


def check_prior_without_condition(prior: Prior) -> None:
    """Checks that a prior can stand in a model of p(x|y), whose encoder sees y beside x.

    Raises:
      ValueError: If it is made of the encoder's posteriors at rows of x alone.
    """
    if prior.latent_space is None:
        raise ValueError(
            f"`condition` must be None with a {type(prior).__name__}, whose posteriors at "
            "pseudo-inputs would need conditions of their own."
        )


def check_layers_of_real_latents(layers: Mapping[str, keras.layers.Layer]) -> None:
    """Checks that every layer of a chain of latents holds vectors of real numbers.

    Args:
      layers: The posteriors and the prior, by their names in an error.

    Raises:
      ValueError: If one holds others, with the reason.
    """
    for name, layer in layers.items():
        space = layer.latent_space
        if space is None:
            raise ValueError(
                f"`{name}` must not be a {type(layer).__name__}, which is made of posteriors at "
                "rows of data: the topmost of several layers of latents is inferred from latents."
            )
        if space != supports.REAL_VECTORS:
            raise ValueError(
                f"`{name}` must be a distribution over {supports.REAL_VECTORS.description}, as all "
                "layers of latents stand end to end in one vector; got a "
                f"{type(layer).__name__}, over {space.description}."
            )
