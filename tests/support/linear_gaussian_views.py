"""A linear-Gaussian model of two views, whose product of experts is the exact posterior."""

import numpy as np

import tfp_vae
from tfp_vae import likelihoods, networks, posteriors
from tfp_vae.testing import LinearGaussian

SIZES = {"a": 4, "b": 3}
LATENTS = 2
SCALE = 0.7


def linear_gaussian_views(seed=0):
    """Makes the model of both views.

    The columns of each view's weights are orthogonal, so that p(x_v|z), as a function of z, is a
    normal density with independent latents, up to a constant: the expert of the view.
    """
    rng = np.random.default_rng(seed)
    weights = []
    for size in SIZES.values():
        columns, _ = np.linalg.qr(rng.normal(size=[size, LATENTS]))
        weights.append(columns * rng.uniform(0.5, 2.0, size=LATENTS))
    return LinearGaussian(np.concatenate(weights), rng.normal(size=sum(SIZES.values())), SCALE)


def exact_posterior(model, row):
    """Returns mean `[L]` and covariance `[L, L]` of p(z|row), of the values that are not NaN."""
    seen = ~np.isnan(row)
    weights = model.weights[seen]
    precision = np.eye(LATENTS) + weights.T @ weights / model.scale**2
    covariance = np.linalg.inv(precision)
    return covariance @ weights.T @ (row[seen] - model.offset[seen]) / model.scale**2, covariance


def views_vae(model, experts="product", of_prior=False, **options):
    """Makes the VAE of this model, whose experts are exact.

    Args:
      model: The model.
      experts: As of `MultimodalVAE`.
      of_prior: Whether an expert is q(z|x_v), with the prior as a factor, as a mixture needs it.
      options: More arguments of `MultimodalVAE`.
    """
    encoders, decoders, start = {}, {}, 0
    for name, size in SIZES.items():
        encoders[name] = tfp_vae.Encoder(
            networks.mlp([]), posteriors.MultivariateNormalDiag(LATENTS, scale_floor=0.0)
        )
        decoders[name] = tfp_vae.Decoder(
            networks.mlp([]), likelihoods.Normal([size], scale=model.scale)
        )
    vae = tfp_vae.MultimodalVAE(encoders, decoders, experts, adaptive=False, **options)
    for name, size in SIZES.items():
        own = slice(start, start + size)
        weights, offset = model.weights[own], model.offset[own]
        precision = (weights**2).sum(axis=0) / model.scale**2 + of_prior
        gain = weights.T / model.scale**2 / precision[:, None]
        heads = encoders[name].posterior.heads
        heads["loc"].set_weights([gain.T, -gain @ offset])
        raw_scale = np.log(np.expm1(precision**-0.5))
        heads["scale"].set_weights([np.zeros_like(gain.T), raw_scale])
        decoders[name].likelihood.heads["loc"].set_weights([weights.T, offset])
        start += size
    return vae


def rows_of_every_subset(model, count=5):
    """Returns rows `[4 * count, D]`: with both views, only a, only b, and none."""
    x = model.draws(4 * count)
    x[count : 2 * count, SIZES["a"] :] = np.nan
    x[2 * count : 3 * count, : SIZES["a"]] = np.nan
    x[3 * count :] = np.nan
    return x
