"""The probability of every cluster given a row."""

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions, seeds
from tfp_vae.model import coding

if TYPE_CHECKING:
    from tfp_vae.model.vae import VAE

_DRAWS = 100


def clustered(
    vae: "VAE", x: Any, condition: Any, seed: seeds.Seed, options: dict[str, Any]
) -> np.ndarray:
    """Computes the probabilities of the clusters for any data that Keras takes.

    Args:
      vae: The model.
      x: An array `[N, *event]`, or a source of batches.
      condition: y, `[N, ...]`, or None.
      seed: The seed of the draws from q(z|x), where it takes any.
      options: `batch_size`, `verbose` and `steps`.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If the data does not fit the model, or the model has no clusters.
    """
    posterior, prior = vae.encoder.posterior, vae.prior_layer
    functions = (_categorical, _mixture)
    if posterior.summed:
        return np.asarray(coding.mapped(vae, functions, x, condition, None, options))
    if prior.conditional or not isinstance(vae.prior(), tfd.MixtureSameFamily):
        raise ValueError(
            "`vae` must have clusters: a prior that is a mixture, such as "
            "priors.MixtureOfGaussians(10), or posteriors.CategoricalJoint; got a "
            f"{type(prior).__name__} and a {type(posterior).__name__}."
        )
    key = seeds.EVALUATION if seed is None else seed
    return np.asarray(coding.mapped(vae, functions, x, condition, key, options))


def _categorical(vae: "VAE", batch: Any) -> tf.Tensor:
    """Returns q(c|x) of every combination of categories, `[B, K]`; labels are not looked at."""
    x, y = coding.rows_of(vae, batch)
    known = vae.posterior(x, condition=vae.pipeline.parts.unlabelled(y))
    categorical = known if isinstance(known, distributions.OneHotCategorical) else known.categorical
    c = distributions.support_beside_rows(categorical)
    return tf.transpose(tf.exp(categorical.log_prob(c)))


def _mixture(vae: "VAE", batch: Any, seed: tf.Tensor) -> tf.Tensor:
    """Returns the mean of p(c|z) over draws from q(z|x), `[B, K]`."""
    draws = coding.posterior_of(vae, batch).sample(_DRAWS, seed=seed)
    prior = vae.prior_of(None)
    of_each = tf.map_fn(lambda z: prior.posterior_marginal(z).probs_parameter(), draws)
    return tf.reduce_mean(of_each, axis=0)
