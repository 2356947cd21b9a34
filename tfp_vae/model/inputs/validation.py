"""Checks that a model can score rows of data."""

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from tfp_vae import checks
from tfp_vae.likelihoods import Likelihood
from tfp_vae.supports import all_inside

if TYPE_CHECKING:
    from tfp_vae.model.inputs.pipeline import InputPipeline

_ROWS_AT_ONCE = 4096
_DECLARE = "If NaN means a missing value, make the model with missing_values=np.nan."


def check_rows(inputs: "InputPipeline", likelihood: Likelihood, x: Any, name: str) -> None:
    """Checks data with any number of rows.

    Args:
      inputs: The input pipeline.
      likelihood: The likelihood.
      x: Data, `[B, *event]`, or in a shape that the preprocess layer turns into that.
      name: The caller's name for `x`.

    Raises:
      TypeError: If `x` holds no real numbers.
      ValueError: If its shape or a value does not fit.
    """
    if inputs.preprocess is None:
        x = checks.array(x, name)
        checks.batch_shape(x.shape, inputs.event_shape, name)
        filled = None if inputs.missing is None else inputs.missing.filled_array
        largest = checks.largest_representable(likelihood.variable_dtype)
        observed_in = None if inputs.missing is None else inputs.missing.observed_in
        if all_inside(x, likelihood.support, largest, filled):
            likelihood.check_rows(x, observed_in, name)
            return
        given = x
        if filled is not None:
            x = filled(x)
        elif np.issubdtype(x.dtype, np.floating) and np.isnan(x).any():
            checks.finite(x, name, _DECLARE)
        values = checks.observations(
            x, inputs.event_shape, likelihood.support, likelihood.advice, name
        )
        checks.representable(values, likelihood.variable_dtype, name)
        likelihood.check_rows(given, observed_in, name)
        return
    values = checks.array(x, name)
    if values.ndim == 0 or values.shape[0] == 0:
        raise ValueError(f"`{name}` must hold at least one row; got shape {list(values.shape)}.")
    support = getattr(inputs.preprocess, "support", None)
    if support is None:
        checks.finite(values, name)
    else:
        advice = getattr(inputs.preprocess, "advice", "")
        checks.observations(values, values.shape[1:], support, advice, name)
    for start in range(0, len(values), _ROWS_AT_ONCE):
        rows = tf.convert_to_tensor(values[start : start + _ROWS_AT_ONCE])
        given = checks.observations(
            inputs.preprocessed_rows(rows).numpy(),
            inputs.event_shape,
            likelihood.support,
            likelihood.advice,
            f"preprocess({name})",
        )
        likelihood.check_rows(given, None, f"preprocess({name})")
