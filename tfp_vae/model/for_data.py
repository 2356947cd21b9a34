"""Chooses the networks of a model from the shape of its data."""

from typing import Any

from tfp_vae import checks, likelihoods, networks, posteriors
from tfp_vae.likelihoods import Likelihood, Suggestion
from tfp_vae.model.coders import Decoder, Encoder

_NARROWEST, _WIDEST = 32, 512
_SMALLEST_IMAGE = 16
_FILTERS = (32, 64)


def parts_for(
    x: Any, latent_size: int, likelihood: Likelihood | str | None
) -> tuple[Encoder, Decoder, Suggestion]:
    """Chooses an encoder, a decoder and a likelihood, and says why.

    Images of at least 16 by 16 pixels with channels get convolutions; anything else gets two
    dense layers whose width is the power of two next above the number of values in a row, from 32
    to 512.

    Args:
      x: Data, `[N, *event]`.
      latent_size: The number of latent variables.
      likelihood: A likelihood or its name, or None for the suggested one.

    Returns:
      The encoder, the decoder, and the suggestion with its reason.
    """
    posterior = posteriors.MultivariateNormalDiag(latent_size)
    suggestion = _chosen(x, likelihood)
    event_shape = suggestion.likelihood.event_shape
    if len(event_shape) == 3 and min(event_shape[:2]) >= _SMALLEST_IMAGE:
        encoder_trunk = networks.conv(_FILTERS)
        decoder_trunk = networks.conv_transpose(_FILTERS[::-1], event_shape)
    else:
        size = 1
        for length in event_shape:
            size *= length
        width = min(max(1 << (size - 1).bit_length(), _NARROWEST), _WIDEST)
        encoder_trunk, decoder_trunk = networks.mlp([width, width]), networks.mlp([width, width])
    return (
        Encoder(encoder_trunk, posterior),
        Decoder(decoder_trunk, suggestion.likelihood),
        suggestion,
    )


def _chosen(x: Any, likelihood: Likelihood | str | None) -> Suggestion:
    if likelihood is None:
        return likelihoods.suggest(x)
    event_shape = checks.array(x).shape[1:]
    if isinstance(likelihood, str):
        likelihood = likelihoods.get(likelihood, event_shape)
    checks.instance_of(likelihood, Likelihood, "likelihood", "likelihoods.Bernoulli([784])")
    return Suggestion(likelihood, "The likelihood was given.")
