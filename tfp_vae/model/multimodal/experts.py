"""Joins experts, one for each view of a row, to one posterior."""

import itertools
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions
from tfp_vae.posteriors import Posterior

KINDS = ("product", "mixture", "mixture_of_products")
"""The ways to join experts."""

_MOST_VIEWS = 10
"""So many views have 1023 subsets, each with a product of its own."""

_ROOM = 1e6


class JoinedExperts(Posterior):
    """The posterior of several views: experts q(z|xᵥ), joined.

    - "product": p₀(z) ∏ q(z|xᵥ) over the observed views, normalised, with p₀ the standard normal
      (Wu & Goodman 2018, "Multimodal generative models for scalable weakly-supervised learning",
      equation 5).
    - "mixture": the experts of the observed views, with equal weights (Shi et al. 2019,
      "Variational mixture-of-experts autoencoders for multi-modal deep generative models").
    - "mixture_of_products": the products, each with p₀, of all subsets of the observed views, but
      the empty one, with equal weights (Sutter et al. 2021, "Generalized multimodal ELBO").

    A row without any view has the posterior p₀.

    Args:
      experts: How the experts are joined.
      views: The number V of views.
      latent_size: The number L of latents.
      **kwargs: The usual arguments of a Keras layer.
    """

    def __init__(self, experts: str, views: int, latent_size: int, **kwargs: Any) -> None:
        super().__init__(latent_size, **kwargs)
        self.experts = checks.one_of(experts, list(KINDS), "experts")
        if self.experts == "mixture_of_products" and views > _MOST_VIEWS:
            raise ValueError(
                f"`encoders` must be at most {_MOST_VIEWS} for a mixture of products, which has "
                f'one for each subset of views; got {views}: use experts="mixture" or "product".'
            )
        # What `VAE.refine` improves: a mixture has weights, too.
        self.parameter_names = ("loc", "raw_scale") if self.experts == "product" else ()
        self.subsets = subsets_of(views)
        self.built = True

    def joined(self, loc: tf.Tensor, scale: tf.Tensor, seen: tf.Tensor) -> tfd.Distribution:
        """Joins the experts of every row.

        Args:
          loc: The means of the experts, `[B, V, L]`.
          scale: Their standard deviations, `[B, V, L]`.
          seen: A boolean tensor `[B, V]`, false where a row does not have a view.

        Returns:
          A normal distribution for a product, else a mixture of them, batch `[B]`, event `[L]`.
        """
        if self.experts == "product":
            return distributions.MultivariateNormalDiag(*product_of_experts(loc, scale, seen))
        if self.experts == "mixture":
            wanted = tf.cast(seen, loc.dtype)
            loc = tf.where(seen[..., None], loc, 0.0)
            scale = tf.where(seen[..., None], scale, 1.0)
        else:
            subsets = tf.constant(self.subsets)
            whole = tf.reduce_all(seen[:, None] | ~subsets, axis=-1)
            wanted = tf.cast(whole, loc.dtype)
            loc, scale = product_of_experts(loc[:, None], scale[:, None], seen[:, None] & subsets)
        return distributions.StratifiedNormalMixture(_equal_weights(wanted), loc, scale)

    def parameters_of(self, product: tfd.Distribution) -> dict[str, tf.Tensor]:
        """Returns the parameters of products of experts, those that `distribution` takes."""
        return {"loc": product.loc, "raw_scale": tf.math.log(product.scale.diag_part())}

    def distribution(self, loc: tf.Tensor, raw_scale: tf.Tensor) -> tfd.Distribution:
        """Makes a normal distribution of the mean and the logarithm of the scale, `[B, L]` each."""
        return distributions.MultivariateNormalDiag(loc, tf.exp(raw_scale))


def product_of_experts(
    loc: tf.Tensor, scale: tf.Tensor, seen: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns mean and scale of the product of normals and the standard normal, `[..., L]` each.

    Precisions add up, and the mean is that of the experts' means, weighted by them: Cao & Fleet
    (2014), "Generalized product of experts for automatic and principled fusion of Gaussian process
    predictions", without their exponents. The standard normal has a mean of 0. The sums are of
    logarithms, so that no precision overflows.

    Args:
      loc: The means, `[..., V, L]`.
      scale: The standard deviations, `[..., V, L]`.
      seen: A boolean tensor `[..., V]`, false where an expert has no say: its precision is 0.
    """
    # That of several experts with the smallest scale must still be a normal number.
    smallest = tf.constant(_ROOM * np.finfo(loc.dtype.as_numpy_dtype).tiny, loc.dtype)
    log_precision = tf.where(
        seen[..., None], -2.0 * tf.math.log(tf.maximum(scale, smallest)), -np.inf
    )
    of_prior = tf.zeros_like(log_precision[..., :1, :])
    total = tf.reduce_logsumexp(tf.concat([of_prior, log_precision], axis=-2), axis=-2)
    weights = tf.exp(log_precision - total[..., None, :])
    return tf.reduce_sum(weights * loc, axis=-2), tf.exp(-0.5 * total)


def subsets_of(views: int) -> np.ndarray:
    """Returns all subsets of the views but the empty one, `[2 ** views - 1, views]`, booleans."""
    if views > _MOST_VIEWS:
        return np.zeros([0, views], bool)
    return np.array([row for row in itertools.product([False, True], repeat=views) if any(row)])


def _equal_weights(wanted: tf.Tensor) -> tf.Tensor:
    """Returns equal weights of the components `[B, K]` that are 1; of all, if a row has none."""
    count = tf.reduce_sum(wanted, axis=-1, keepdims=True)
    return tf.where(count > 0.0, wanted / tf.maximum(count, 1.0), 1.0 / wanted.shape[-1])
