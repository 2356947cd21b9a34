"""Default likelihood and networks for a data set."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, likelihoods, networks, posteriors, shapes
from tfp_vae.error_text import described
from tfp_vae.likelihoods import Likelihood, Suggestion
from tfp_vae.model.coders import Decoder, Encoder
from tfp_vae.model.frames import TableSchema, is_frame, schema_class
from tfp_vae.model.inputs.preprocess import check_gives_tensors, transformed
from tfp_vae.training import StoredRows, initial_rows, stored_rows

_NARROWEST, _WIDEST = 32, 512
_FEW_ROWS = 1000
_PRIOR_PRECISION = 10.0
"""The inverse variance of a normal prior on the weights of dense layers; those of 32 units begin at
16. A model that begins as factor analysis, trained on 105 rows (iris) without it, has 0.6 to 1.6
nats less than factor analysis on rows held out, and with it as many. One that begins at marginals
has none: 154 rows (grunfeld) under a gamma likelihood have 1.2 nats less with it."""
_SMALLEST_IMAGE = 16
_MOST_VALUES = 50_000_000
_FILTERS = (32, 64)


class Parts(NamedTuple):
    """What a model of data is made of.

    Attributes:
      encoder: The encoder.
      decoder: The decoder.
      suggestion: The likelihood with its reason.
      rows: The data as an array; of a data frame, as its schema encodes it.
      missing_values: The code of a missing value in the rows, or None.
      schema: The schema of a data frame, with the names of the likelihoods; or None.
    """

    encoder: Encoder
    decoder: Decoder
    suggestion: Suggestion
    rows: Any
    missing_values: float | None
    schema: TableSchema | None


def parts_for(
    x: Any,
    latent_size: int,
    likelihood: Likelihood | str | Mapping[Any, str] | None,
    preprocess: keras.layers.Layer | None,
    missing_values: float | None = None,
    hidden_layer_sizes: Sequence[int] | None = None,
    conv: bool | None = None,
    schema: TableSchema | None = None,
) -> Parts:
    """Chooses an encoder, a decoder and a likelihood.

    Images of at least 16 by 16 pixels with channels get convolutions; anything else gets two
    dense layers whose width is the number of values in a row, rounded up to a power of two between
    32 and 512, or 32 where there are fewer than a thousand rows. Where the model begins as factor
    analysis, they have a penalty on their weights, which matters for few rows.

    Args:
      x: Data, `[N, *event]`, stored rows of them, or a data frame. Of stored rows with more than 50
        million values in all, some are drawn at random.
      latent_size: The number of latent variables.
      likelihood: A likelihood or its name, or None for the suggested one; for a data frame also a
        dict from names of columns to names of likelihoods.
      preprocess: A Keras layer applied to the data first, or None.
      missing_values: The code of a missing value, or None. The choice is made with a value of
        another row in its place.
      hidden_layer_sizes: The widths of the encoder's dense layers, or None.
      conv: Whether the networks are convolutions, or None to choose by the shape.
      schema: Of a data frame, its schema, instead of the one inferred.

    Raises:
      ImportError: If `x` is a data frame and pandas is not installed.
      TypeError: If an argument is of the wrong kind.
      ValueError: If `likelihood` is an unknown name, or does not fit the rows.
    """
    posterior = posteriors.MultivariateNormalDiag(latent_size)
    stored = stored_rows(x)
    row_count = None
    if stored is not None:
        x, row_count = _in_memory(stored), len(stored)
    if is_frame(x):
        if preprocess is not None:
            raise ValueError(
                "`preprocess` must be None for a data frame, whose schema prepares it; got a "
                f"{type(preprocess).__name__}."
            )
        known = schema_class().infer(x, name="x") if schema is None else schema
        rows = known.encode(x, "x")
        suggestion = _of_table(known, rows, likelihood)
        missing_values, schema = math.nan, known.with_likelihoods(suggestion)
    elif schema is not None:
        raise TypeError(f"`x` must be a data frame where `schema` is given; got {described(x)}.")
    elif isinstance(likelihood, Mapping):
        raise TypeError(
            "`likelihood` must be a likelihood or its name where `x` is no data frame; got a "
            f"{type(likelihood).__name__}."
        )
    else:
        rows = x
        suggestion = _chosen(_as_modelled(x, preprocess, missing_values), likelihood)
    encoder_trunk, decoder_trunk = _trunks(
        row_count or len(checks.array(rows)), suggestion.likelihood, hidden_layer_sizes, conv
    )
    return Parts(
        Encoder(encoder_trunk, posterior),
        Decoder(decoder_trunk, suggestion.likelihood),
        suggestion,
        rows,
        missing_values,
        schema,
    )


def _in_memory(stored: StoredRows) -> np.ndarray:
    """Returns all rows of at most 50 million values, or else some drawn at random."""
    if shapes.size_of(stored.shape) <= _MOST_VALUES:
        return stored.gathered(np.arange(len(stored)))
    rows = initial_rows(stored, shapes.size_of(stored.shape[1:]))
    assert rows is not None
    return rows


def _as_modelled(
    x: Any, preprocess: keras.layers.Layer | None, missing_values: float | None
) -> Any:
    """Returns the rows that the likelihood is of: preprocessed, without missing values."""
    if preprocess is not None:
        check_gives_tensors(preprocess, "preprocess", "networks.StochasticBinarization()")
        rows = tf.convert_to_tensor(checks.array(x).astype(keras.config.floatx()))
        x = transformed(preprocess, "preprocess", rows)
    if missing_values is not None:
        x = _without_missing(x, missing_values)
    return x


def _trunks(
    rows: int,
    likelihood: Likelihood,
    hidden_layer_sizes: Sequence[int] | None,
    conv: bool | None,
) -> tuple[keras.layers.Layer, keras.layers.Layer]:
    """Returns the trunks of encoder and decoder for so many rows."""
    event_shape = likelihood.event_shape
    if conv is not None:
        checks.instance_of(conv, bool, "conv", "True")
    if conv and len(event_shape) != 3:
        raise ValueError(
            "`conv` must be None or False unless the rows are images [height, width, channels]; "
            f"got rows of shape {list(event_shape)}."
        )
    is_image = len(event_shape) == 3 and min(event_shape[:2]) >= _SMALLEST_IMAGE
    if hidden_layer_sizes is not None:
        widths = checks.positive_ints(hidden_layer_sizes, "hidden_layer_sizes")
        try:
            return networks.mlp(widths), networks.mlp(widths[::-1])
        except ValueError as error:
            named = str(error).replace("`units`", "`hidden_layer_sizes`")
            raise ValueError(named) from error
    if is_image if conv is None else conv:
        return networks.conv(_FILTERS), networks.conv_transpose(_FILTERS[::-1], event_shape)
    return _dense(rows, likelihood), _dense(rows, likelihood)


def _of_table(
    schema: TableSchema, x: np.ndarray, likelihood: Likelihood | str | Mapping[Any, str] | None
) -> Suggestion:
    """Chooses the likelihood of a table `[N, D]`: that of each column, or the one that is given."""
    if likelihood is None or isinstance(likelihood, Mapping):
        return schema.suggest(x, likelihood)
    return _chosen(_without_missing(x, math.nan), likelihood)


def _without_missing(x: Any, code: float) -> np.ndarray:
    """Returns rows `[N, *event]` with a random observed value of its column for a missing one."""
    values = checks.array(x)
    code = (
        code
        if isinstance(code, float) and math.isnan(code)
        else checks.finite_number(code, "missing_values")
    )
    missing = np.isnan(values) if math.isnan(code) else values == code
    if not missing.any():
        return values
    filled, generator = values.copy().reshape(len(values), -1), np.random.default_rng(0)
    for column, wrong in zip(filled.T, missing.reshape(len(values), -1).T, strict=True):
        seen = column[~wrong]
        column[wrong] = generator.choice(seen, int(wrong.sum())) if len(seen) else 0
    return filled.reshape(values.shape)


def _dense(rows: int, likelihood: Likelihood) -> keras.Sequential:
    """Returns dense layers; if all values have a location, with a normal prior on their weights.

    The loss is of one row, so that the log-density of the prior is divided by their number: MacKay
    (1992), "A practical Bayesian framework for backpropagation networks".
    """
    values = shapes.size_of(likelihood.event_shape)
    width = _width(rows, values)
    linear = sum(len(places) for places in likelihood.locations().values())
    prior = keras.regularizers.L2(_PRIOR_PRECISION / (2.0 * rows)) if linear == values else None
    return networks.mlp([width, width], kernel_regularizer=prior)


def _width(rows: int, values: int) -> int:
    """Returns the width of dense layers for so many rows of so many values."""
    if rows < _FEW_ROWS:
        return _NARROWEST
    next_power: int = 1 << (values - 1).bit_length()
    return min(max(next_power, _NARROWEST), _WIDEST)


def _chosen(x: Any, likelihood: Likelihood | str | None) -> Suggestion:
    if likelihood is None:
        return likelihoods.suggest(x)
    if isinstance(likelihood, str):
        checks.one_of(likelihood, likelihoods.registry.NAMES, "likelihood")
        likelihood = likelihoods.for_values(likelihood, x)
    checks.instance_of(likelihood, Likelihood, "likelihood", "likelihoods.Bernoulli([784])")
    shape = checks.array(x).shape
    if likelihood.event_shape != tuple(shape[1:]):
        raise ValueError(
            f"`likelihood` must have the event shape of the rows, {list(shape[1:])}; got "
            f"{type(likelihood).__name__} with {list(likelihood.event_shape)}."
        )
    return Suggestion(likelihood, "The likelihood was given.")
