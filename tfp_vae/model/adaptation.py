"""Adaptation to data: where a model begins, and how its encoder sees the data."""

import functools
import inspect
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import factor_analysis, likelihoods, networks, shapes
from tfp_vae.distribution_layer import DistributionLayer
from tfp_vae.model import parameter_scores, score_factors

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
    linear = _linear_parameters(vae)
    if not decoder.built and not likelihood.built and _takes_additions(likelihood):
        likelihood.take_units()
        decoder.take_linear_path(
            networks.LinearPath(
                likelihood.parameter_shapes(),
                linear,
                dtype=decoder.dtype_policy,
            )
        )
    encoding = likelihood.input_encoding()
    if encoding is None and vae.missing is not None:
        encoding = networks.Standardization(
            vae.event_shape, pooled=True, dtype=encoder.dtype_policy
        )
    if encoder.built:
        return
    if encoding is not None:
        encoder.take_input_encoding(encoding, condition_width, sees_mask=vae.missing is not None)
    constants = posterior.constants_at(np.ones(posterior.event_shape))
    if constants is not None and linear and _takes_additions(posterior):
        encoder.condition_width = condition_width
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
    ELBO of every row then is log p(x) of factor analysis. Where parameters are logits or logarithms
    of means, alone or beside locations, it begins near exponential-family factor analysis if that
    has a larger ELBO. Parameters of other kinds begin at the marginals of the data. Layers that are
    not trainable stay as they are.

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
    constants = decoder.likelihood.adapt(x, observed, **_given(exposure))
    _begin_decoder(vae, decoder.linear_path, constants)
    decoder.linear_path.marginal.assign(_mean_log_prob(vae, x, observed, exposure))
    if encoder.linear_path is None or not encoder.trainable:
        return
    linear = None
    if decoder.likelihood.locations():
        latents = encoder.posterior.latent_size
        linear = factor_analysis.fit_locations(decoder.likelihood, x, latents, observed)
        constants, linear = _begin_scales(vae, x, observed, exposure, linear)
        _begin_at_factors(vae, linear)
    if set(decoder.linear_path.linear) > set(decoder.likelihood.locations()):
        _begin_at_scores(vae, x, observed, exposure, constants, linear)


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
    begin = "factor analysis"
    if not set(path.linear) <= set(vae.decoder.likelihood.locations()):
        begin = "exponential-family factor analysis"
    if vae.encoder.linear_path is None or (path.is_adapted and not path.is_linear):
        begin = "its marginals"
    if not path.is_adapted:
        return f"Data: {encoding}not seen yet, the first fit begins at {begin}"
    return f"Data: {encoding}training begins at {begin}"


def _takes_additions(layer: DistributionLayer) -> bool:
    """Returns whether a layer takes what a linear path adds; one of a user's own may not."""
    return "added" in inspect.signature(layer.call).parameters


def _begin_decoder(vae: "VAE", path: networks.LinearPath, constants: dict[str, np.ndarray]) -> None:
    """Sets p(x|z) to constant outputs of the network, the same for every z."""
    vae.decoder.likelihood.zero_heads(constants)
    path.assign(constants)


def _begin_scales(
    vae: "VAE",
    x: np.ndarray,
    observed: np.ndarray | None,
    exposure: np.ndarray | None,
    linear: factor_analysis.LinearModel,
) -> tuple[dict[str, np.ndarray], factor_analysis.LinearModel]:
    """Sets p(x|z) to constants, with the scales of a linear model about the locations.

    Returns:
      The constants, and the linear model with the scales that p(x|z) has: these have a floor, for
      which the loadings are rotated again.
    """
    path = vae.decoder.linear_path
    assert path is not None
    constants = vae.decoder.likelihood.adapt(x, observed, linear.stddev(), **_given(exposure))
    _begin_decoder(vae, path, constants)
    return constants, linear.with_stddev(_noise_stddev(vae))


def _begin_at_factors(vae: "VAE", linear: factor_analysis.LinearModel) -> None:
    """Sets the decoder to a linear model, and the encoder to its exact posterior."""
    encoder, decoder = vae.encoder, vae.decoder
    assert encoder.input_encoding is not None
    assert decoder.linear_path is not None
    decoder.linear_path.assign(
        {}, linear.kernels(decoder.likelihood, int(decoder.latent_size or 0))
    )
    affine = encoder.input_encoding.affine_map()
    weights, offset = linear.encoder(affine)
    stddev = 1.0 / np.sqrt(linear.analysis.precision)
    _set_encoder(vae, affine.places, weights, offset, stddev)


def _set_encoder(
    vae: "VAE",
    places: np.ndarray,
    weights: np.ndarray,
    offset: np.ndarray,
    stddev: np.ndarray,
) -> None:
    """Sets the encoder to a linear function of encoded values at some places, `[K, L]`."""
    encoder, posterior = vae.encoder, vae.encoder.posterior
    assert encoder.sizes_in is not None
    assert encoder.linear_path is not None
    sizes = encoder.encoded_sizes(encoder.sizes_in)
    data = np.arange(shapes.size_of(sizes)).reshape(sizes)
    data = data[..., : encoder.encoded_data_width].ravel()
    kernel = np.zeros([shapes.size_of(sizes), posterior.latent_size])
    kernel[data[places]] = weights
    constants = posterior.constants_at(stddev) or {}
    posterior.zero_heads(constants)
    encoder.linear_path.assign({**constants, "loc": offset}, {"loc": kernel})


def _begin_at_scores(
    vae: "VAE",
    x: np.ndarray,
    observed: np.ndarray | None,
    exposure: np.ndarray | None,
    constants: dict[str, np.ndarray],
    linear: factor_analysis.LinearModel | None,
) -> None:
    """Sets both linear paths to factor analysis of the scores, where that has a larger ELBO.

    Else the model is at the linear model of its locations; or, without any, the encoder is set to
    the prior.
    """
    path = vae.decoder.linear_path
    assert path is not None
    encoding = vae.encoder.input_encoding
    encoded = x if encoding is None else encoding(x, observed).numpy()
    encoded = encoded.reshape(len(x), -1).astype(np.float64)
    rows = parameter_scores.Rows(x, observed, exposure, encoded)
    begin = functools.partial(_begin_scales, vae, x, observed, exposure)
    beginning = score_factors.fit(vae, rows, constants, linear, begin)
    latents = vae.encoder.posterior.latent_size
    places = np.arange(rows.encoded.shape[1])
    if beginning is not None:
        others = int(vae.decoder.latent_size or 0) - latents
        kernels = {
            name: np.pad(each, [(0, others), (0, 0)]) for name, each in beginning.loadings.items()
        }
        path.assign(beginning.constants, kernels)
        of_encoder = beginning.weights, beginning.offset, beginning.stddev
        _set_encoder(vae, places, *of_encoder)
    elif linear is not None:
        _begin_at_factors(vae, begin(linear)[1])
    else:
        weights = np.zeros([len(places), latents])
        _set_encoder(vae, places, weights, np.zeros(latents), np.ones(latents))


def _given(exposure: np.ndarray | None) -> dict[str, np.ndarray]:
    """Returns what a likelihood that takes exposures is given of them."""
    return {} if exposure is None else {"exposure": exposure}


def _linear_parameters(vae: "VAE") -> list[str]:
    """Returns the parameters that begin as a linear function of the latents."""
    likelihood, posterior = vae.decoder.likelihood, vae.encoder.posterior
    names = parameter_scores.linear_parameters(likelihood)
    if (
        posterior.constants_at(np.ones(posterior.event_shape)) is not None
        and not likelihood.conditional
        and len(vae.latent_pairs) == 1
        and _one_score_of_each_value(likelihood, names)
    ):
        return names
    return list(likelihood.locations())


def _one_score_of_each_value(likelihood: likelihoods.Likelihood, names: list[str]) -> bool:
    """Returns whether the parameters are as many as the values that an encoder sees."""
    encoding = likelihood.input_encoding()
    event = likelihood.event_shape
    if encoding is not None:
        event = tuple(encoding.compute_output_shape((None, *event))[1:])
    of_parameter = likelihood.parameter_shapes()
    return sum(shapes.size_of(of_parameter[name]) for name in names) == shapes.size_of(event)


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


def _noise_stddev(vae: "VAE") -> np.ndarray:
    """Returns the scale of p(x|z) of an untrained decoder, the same for every z, `[*event]`."""
    z = tf.zeros([1, vae.decoder.latent_size], vae.decoder.variable_dtype)
    stddev: np.ndarray = vae.decoder.likelihood.stddev_of(vae.decoder.of_tensors(z)).numpy()[0]
    return stddev
