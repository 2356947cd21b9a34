"""Adaptation to data: where a model begins, and how its encoder sees the data."""

import inspect
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import networks, shapes
from tfp_vae.distribution_layer import DistributionLayer
from tfp_vae.model import factor_analysis

if TYPE_CHECKING:
    from tfp_vae.model.vae import VAE

_ROWS_AT_ONCE = 1000


def attach(vae: "VAE", condition_width: int) -> None:
    """Gives encoder and decoder the layers that `adapt` sets, before they are built.

    Args:
      vae: The model.
      condition_width: The number of features of a condition.
    """
    decoder, encoder = vae.decoder, vae.encoder
    likelihood, posterior = decoder.likelihood, encoder.posterior
    if not decoder.built and not likelihood.built and _takes_additions(likelihood):
        likelihood.take_units()
        decoder.take_linear_path(
            networks.LinearPath(
                likelihood.parameter_shapes(),
                list(likelihood.locations()),
                dtype=decoder.dtype_policy,
            )
        )
    encoding = likelihood.input_encoding()
    if encoding is None and vae.missing is not None:
        encoding = networks.Standardization(
            vae.event_shape, pooled=True, dtype=encoder.dtype_policy
        )
    if encoder.built or encoding is None:
        return
    encoder.take_input_encoding(encoding, condition_width, sees_mask=vae.missing is not None)
    constants = posterior.constants_at(np.ones(posterior.event_shape))
    if constants is not None and likelihood.locations() and _takes_additions(posterior):
        parameter_shapes = posterior.parameter_shapes()
        encoder.take_linear_path(
            networks.LinearPath(
                {name: parameter_shapes[name] for name in constants},
                ["loc"],
                dtype=encoder.dtype_policy,
            )
        )


def adapt(
    vae: "VAE",
    x: np.ndarray,
    observed: np.ndarray | None,
    exposure: np.ndarray | None = None,
) -> None:
    """Sets the scale of the encoder's inputs, and lets p(x|z) begin at the data.

    Where a linear function of z is added to the location of the likelihood, the model begins as
    factor analysis: with a Normal likelihood and a diagonal or triangular normal posterior, the
    ELBO of every row then is log p(x) of factor analysis. Any other likelihood begins at the
    marginals of the data. Layers that are not trainable stay as they are.

    Args:
      vae: The model.
      x: Prepared rows, `[N, *event]`.
      observed: A boolean array of the same shape, false where a value is missing, or None.
      exposure: The exposures of the rows, `[N]`, of a likelihood that takes them, or None.
    """
    decoder, encoder = vae.decoder, vae.encoder
    if encoder.input_encoding is not None and encoder.trainable:
        encoder.input_encoding.adapt(x, observed)
    if decoder.linear_path is None or not decoder.trainable:
        return
    given = {} if exposure is None else {"exposure": exposure}
    constants = decoder.likelihood.adapt(x, observed, **given)
    _begin_decoder(vae, decoder.linear_path, constants)
    decoder.linear_path.marginal.assign(_mean_log_prob(vae, x, observed, exposure))
    if encoder.linear_path is None or not encoder.trainable:
        return
    analysis, places = _factor_analysis(vae, x, observed)
    stddev = np.ones(shapes.size_of(vae.event_shape))
    stddev[places] = np.sqrt(analysis.noise)
    constants = decoder.likelihood.adapt(x, observed, stddev.reshape(vae.event_shape))
    _begin_decoder(vae, decoder.linear_path, constants)
    # The scale has a floor, for which the loadings are rotated again.
    analysis = analysis.with_noise(_noise_variance(vae, places))
    _add_loadings(vae, decoder.linear_path, analysis, places)
    _begin_encoder(vae, encoder.linear_path, analysis, places)


def marginal_elbo(vae: "VAE") -> float | None:
    """Returns the mean log-probability, in nats, of the adapted-to rows under their marginals.

    None if the model was not adapted.
    """
    path = vae.decoder.linear_path
    if path is None or not path.is_adapted:
        return None
    return float(keras.ops.convert_to_numpy(path.marginal))


def state(vae: "VAE") -> str:
    """Returns a line for `summary`: what was set from data."""
    path = vae.decoder.linear_path
    if path is None:
        return "Data: taken as it comes"
    encoding = "" if vae.encoder.input_encoding is None else "standardised for the encoder; "
    begin = "factor analysis" if vae.encoder.linear_path is not None else "its marginals"
    if not path.is_adapted:
        return f"Data: {encoding}not seen yet, the first fit begins at {begin}"
    return f"Data: {encoding}training begins at {begin}"


def _takes_additions(layer: DistributionLayer) -> bool:
    """Returns whether a layer takes what a linear path adds; one of a user's own may not."""
    return "added" in inspect.signature(layer.call).parameters


def _factor_analysis(
    vae: "VAE", x: np.ndarray, observed: np.ndarray | None
) -> tuple[factor_analysis.FactorAnalysis, np.ndarray]:
    """Returns factor analysis of the values that have a location, and their flat indices."""
    likelihood = vae.decoder.likelihood
    places = np.concatenate(list(likelihood.locations().values()))
    rows = x.reshape(len(x), -1)[:, places]
    seen = None if observed is None else observed.reshape(len(x), -1)[:, places]
    analysis = factor_analysis.fit(
        rows,
        vae.encoder.posterior.latent_size,
        seen,
        likelihood.noise_groups().ravel()[places],
        likelihood.noise_scale().ravel()[places],
    )
    return analysis, places


def _begin_decoder(vae: "VAE", path: networks.LinearPath, constants: dict[str, np.ndarray]) -> None:
    """Sets p(x|z) to constant outputs of the network, the same for every z."""
    vae.decoder.likelihood.zero_heads(constants)
    path.assign(constants)


def _add_loadings(
    vae: "VAE",
    path: networks.LinearPath,
    analysis: factor_analysis.FactorAnalysis,
    places: np.ndarray,
) -> None:
    """Sets the linear path of the decoder to the loadings, in units of the likelihood."""
    likelihood = vae.decoder.likelihood
    rows = np.zeros([shapes.size_of(vae.event_shape), analysis.loadings.shape[1]])
    rows[places] = analysis.loadings
    rows /= likelihood.location_unit().reshape(-1, 1)
    features = int(vae.decoder.latent_size or 0) - rows.shape[1]
    path.assign(
        {},
        {
            name: np.pad(rows[own].T, [(0, features), (0, 0)])
            for name, own in likelihood.locations().items()
        },
    )


def _begin_encoder(
    vae: "VAE",
    path: networks.LinearPath,
    analysis: factor_analysis.FactorAnalysis,
    places: np.ndarray,
) -> None:
    """Sets the encoder to the exact posterior of the linear model at which the decoder begins."""
    encoder, posterior = vae.encoder, vae.encoder.posterior
    assert encoder.input_encoding is not None
    assert encoder.sizes_in is not None
    affine = encoder.input_encoding.affine_map()
    size = shapes.size_of(vae.event_shape)
    weights, mean = np.zeros([size, posterior.latent_size]), np.zeros(size)
    weights[places], mean[places] = analysis.posterior_weights, analysis.mean
    sizes = encoder.encoded_sizes(encoder.sizes_in)
    data = np.arange(shapes.size_of(sizes)).reshape(sizes)
    data = data[..., : encoder.encoded_data_width].ravel()
    kernel = np.zeros([shapes.size_of(sizes), posterior.latent_size])
    kernel[data[affine.places]] = weights[affine.values] * affine.scale[:, None]
    offset = (affine.shift - mean[affine.values]) @ weights[affine.values]
    constants = posterior.constants_at(1.0 / np.sqrt(analysis.precision)) or {}
    posterior.zero_heads(constants)
    path.assign({**constants, "loc": offset}, {"loc": kernel})


def _mean_log_prob(
    vae: "VAE", x: np.ndarray, observed: np.ndarray | None, exposure: np.ndarray | None
) -> float:
    """Returns the mean log-probability of rows under a decoder that is the same for every z."""
    likelihood = vae.decoder.likelihood
    total = 0.0
    for start in range(0, len(x), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        block = tf.convert_to_tensor(x[rows])
        z = tf.zeros([len(x[rows]), vae.decoder.latent_size], vae.decoder.variable_dtype)
        seen = None if observed is None else tf.convert_to_tensor(observed[rows])
        of_rows = None if exposure is None else tf.convert_to_tensor(exposure[rows])
        known = likelihood.known_of(block, seen, of_rows)
        given = {} if known is None else {"known": known}
        distribution = vae.decoder.of_tensors(z, **given)
        if seen is not None:
            distribution = likelihood.of_observed(distribution, seen)
        total += float(tf.reduce_sum(distribution.log_prob(block)))
    return total / len(x)


def _noise_variance(vae: "VAE", places: np.ndarray) -> np.ndarray:
    """Returns the variance of p(x|z) of an untrained decoder, the same for every z, `[D]`.

    Args:
      vae: The model.
      places: The flat indices of the values wanted.
    """
    z = tf.zeros([1, vae.decoder.latent_size], vae.decoder.variable_dtype)
    variance = vae.decoder.likelihood.stddev_of(vae.decoder.of_tensors(z)).numpy() ** 2
    return np.asarray(variance.ravel()[places], np.float64)
