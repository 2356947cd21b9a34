"""Ancestral sampling from p(x): latents from the prior, then data from the likelihood."""

from typing import TYPE_CHECKING

import tensorflow as tf

from tfp_vae import seeds

if TYPE_CHECKING:
    from tfp_vae.model.vae import VAE


def ancestral_sample(
    vae: "VAE",
    sample_size: int | tf.Tensor,
    seed: tf.Tensor,
    mean: bool,
    condition: tf.Tensor | None = None,
) -> tf.Tensor:
    """Draws `[sample_size, *event]` from p(x), or from p(x|y).

    Args:
      vae: The model.
      sample_size: The number of draws, an int or an integer scalar.
      seed: A stateless seed, `[2]` of 32-bit integers.
      mean: Whether to return the mean of p(x|z) for every draw of z instead of a draw of x; for
        class codes, which have no mean, the most probable one.
      condition: y, `[sample_size, ...]`, or None.
    """
    latent_seed, data_seed = seeds.split(seed, 2)
    features = vae.pipeline.features(condition, None)
    prior = vae.prior_of(features)
    if vae.pipeline.labels is not None and condition is not None:
        prior = vae.pipeline.labels.observed(prior, vae.pipeline.parts.labels_in(condition))
    # A prior p(z|y) has a distribution for each row, of which one draw is wanted.
    rows = [] if prior.batch_shape.rank else sample_size
    known = vae.decoder.likelihood.known_of_new_rows(
        sample_size, seeds.independent_seed(data_seed), vae.pipeline.exposures_in(condition)
    )
    likelihood = vae.decoded(prior.sample(rows, seed=latent_seed), features, known=known)
    if mean:
        return vae.decoder.likelihood.prediction(likelihood)
    return likelihood.sample(seed=data_seed)
